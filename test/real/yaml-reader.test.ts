import { execa } from "execa";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeYaml } from "../../src/constructs/write-yaml.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { lineBreak } from "../../src/model/isolation-values.ts";
import { synth } from "../../src/operations/synth.ts";
import { everything } from "../../src/operations/select-units.ts";
import { awkwardStrings, fuzzStrings } from "../support/awkward-strings.ts";
import { samplePlatform } from "../support/builders.ts";
import { goTool } from "../support/go-tool.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import { identity, seal, textOf } from "../secrets/fixtures.ts";

/** What Kubernetes' and Helm's own reader makes of what we write. */
type Read = { readonly documents: readonly Record<string, unknown>[] } | { readonly error: string };

let reader = "";
let missing = "";

beforeAll(async () => {
  const tool = await goTool("yaml-reader");
  if ("skip" in tool) missing = tool.skip;
  else reader = tool.path;
}, 900_000);

beforeEach((context) => {
  if (missing !== "") context.skip(missing);
});

/** Reads many texts with one process. */
async function readAll(texts: readonly string[]): Promise<Read[]> {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  const { stdout } = await execa(reader, { input, maxBuffer: 1 << 30, stripFinalNewline: true });
  const lines = stdout.split("\n");
  expect(lines).toHaveLength(texts.length);
  return lines.map((line) => JSON.parse(line) as Read);
}

async function readOne(text: string): Promise<readonly Record<string, unknown>[]> {
  const [read] = await readAll([text]);
  if (read === undefined || "error" in read) throw new Error(`refused: ${read?.error ?? "nothing"}\n${text}`);
  return read.documents;
}

/** A string as every YAML reader takes it: in double quotes, whatever is not plain ASCII escaped. */
function quote(text: string): string {
  const escape = (character: string): string => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  };
  const inner = [...text].map((one) => (/[ !#-[\]-~]/.test(one) ? one : escape(one))); // oxlint-disable-line typescript/no-misused-spread
  return `"${inner.join("")}"`;
}

/** Strings that a service may hold: `{{` is refused there, because charts may run it as a template. */
const strings = [...awkwardStrings, ...fuzzStrings(9000)].filter((text) => !text.includes("{{"));
/** Only a spec with multiline may hold several lines. */
const oneLiners = strings.filter((text) => !lineBreak.test(text));

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Synthesizes a platform in memory and gives its files, or fails with its problems. */
async function synthesize(files: Record<string, string>): Promise<Map<string, string>> {
  const folder = memoryFolder();
  const deps = { tree: memoryTree(files), folder, identities: () => [identity], progress: () => undefined };
  const result = await synth(deps, { selection: everything, withSecrets: true });
  if (!result.ok) throw new Error(JSON.stringify(result.problems.slice(0, 5), undefined, 1));
  return new Map([...folder.files].map(([path, { text }]) => [path, text ?? ""]));
}

/** The values Secret's file as Helm will read it, by way of the Secret as Kubernetes reads it. */
async function readServiceValues(file: string | undefined): Promise<Record<string, unknown>> {
  const objects = await readOne(file ?? "");
  const secret = objects.find(({ kind }) => kind === "Secret") as
    { data: Record<string, string> } | undefined;
  const inner = Buffer.from(secret?.data["values.yaml"] ?? "", "base64").toString("utf8");
  const [values] = await readOne(inner);
  return values ?? {};
}

describe("Kubernetes' own YAML reader reads what was meant", () => {
  test("there are enough strings", () => {
    expect(new Set(strings).size).toBeGreaterThan(5000);
    expect(new Set(oneLiners).size).toBeGreaterThan(5000);
  });

  test("our writer: as value, list item and key", async () => {
    const values = strings.map((text) => ({
      value: text,
      list: [text, [text]],
      keys: { [text]: { [text]: text } },
    }));
    const read = await readAll(values.map(writeYaml));
    for (const [index, one] of read.entries()) {
      expect("error" in one ? one.error : one.documents, JSON.stringify(strings[index])).toEqual([
        values[index],
      ]);
    }
  });

  test("raw_values: values, list items and keys", async () => {
    const files = samplePlatform();
    const expected = new Map<string, unknown>();
    for (const [index, texts] of chunk(oneLiners, 100).entries()) {
      const lines = texts.flatMap((text, at) => [
        `  v${at}: ${quote(text)}`,
        `  l${at}: [${quote(text)}, [${quote(text)}]]`,
        ...(usableKey(text)
          ? [`  k${at}: { ? ${quote(text)} : { ? ${quote(text)} : ${quote(text)} } }`]
          : []),
      ]);
      files[`workspaces/acme/raw-${index}.yaml`] =
        `${serviceHead("web", "1.2.3")}raw_values:\n${lines.join("\n")}\n`;
      const values: [string, unknown][] = texts.flatMap((text, at): [string, unknown][] => [
        [`v${at}`, text],
        [`l${at}`, [text, [text]]],
        ...(usableKey(text) ? [[`k${at}`, { [text]: { [text]: text } }] as [string, unknown]] : []),
      ]);
      expected.set(`raw-${index}`, Object.fromEntries(values));
    }
    const written = await synthesize(files);
    for (const [service, values] of expected) {
      const { resources: _, ...read } = await readServiceValues(written.get(pathOf(service)));
      expect(read).toEqual(values);
    }
    expect(oneLiners.filter(usableKey).length).toBeGreaterThan(5000);
  });

  test("helm_values, default_value and default_values", async () => {
    const files = samplePlatform();
    // braces are placeholders in the catalog, so only strings without them mean themselves there
    const chunks = chunk(
      strings.filter((text) => !/[{}]/.test(text)),
      200,
    );
    for (const [index, texts] of chunks.entries()) {
      const specs = texts.flatMap((text, at) => [
        `  - { key: text.t${at}, label: Text, type: text, multiline: true }`,
        `  - { key: given.g${at}, label: Text, type: text, default_value: ${quote(text)} }`,
      ]);
      const defaults = texts.map((text, at) => `    d${at}: [${quote(text)}, { inner: ${quote(text)} }]`);
      files[`catalog/text-${index}.yaml`] = `kind: CloudAppTemplate
name: Text
description: Takes texts
category: web
helm_chart:
  repository: https://charts.example.com
  chart_name: text
  chart_version: "1.2.3"
  default_values:
${defaults.join("\n")}
min_resources: { vcpu: 1, ram_gb: 0.5, storage_gb: 0 }
optional_values:
${specs.join("\n")}
`;
      const lines = texts.map((text, at) => `  text.t${at}: ${quote(text)}`);
      files[`workspaces/acme/text-${index}.yaml`] =
        `${serviceHead(`text-${index}`, "1.2.3")}helm_values:\n${lines.join("\n")}\n`;
    }
    const written = await synthesize(files);
    for (const [index, texts] of chunks.entries()) {
      const file = written.get(pathOf(`text-${index}`));
      expect((await readServiceValues(file))["text"]).toEqual(number("t", texts));
      const chart = (await readOne(file ?? "")).find(({ kind }) => kind === "HelmChart");
      const { valuesContent } = (chart ?? {})["spec"] as { valuesContent: string };
      const [catalog] = await readOne(valuesContent);
      const defaults = texts.map((text, at) => [`d${at}`, [text, { inner: text }]]);
      expect(catalog).toEqual({ ...Object.fromEntries(defaults), given: number("g", texts) });
    }
  });

  test("secret_values", async () => {
    const files = samplePlatform();
    const chunks = chunk(
      strings.filter((text) => text !== ""),
      100,
    );
    const specs = Array.from(
      { length: 100 },
      (_, at) => `  - { key: hidden.s${at}, label: Secret, type: password, multiline: true }`,
    );
    files["catalog/hidden.yaml"] = `kind: CloudAppTemplate
name: Hidden
description: Takes secrets
category: web
helm_chart: { repository: "https://charts.example.com", chart_name: hidden, chart_version: "1.2.3" }
optional_values:
${specs.join("\n")}
`;
    await Promise.all(
      chunks.map(async (texts, index) => {
        const set = Object.fromEntries(texts.map((text, at) => [`hidden.s${at}`, text]));
        const bind = `acme/secret-${index}`;
        const text = textOf(await seal(serviceHead("hidden", "1.2.3"), { set, bind }));
        files[`workspaces/acme/secret-${index}.yaml`] = text;
      }),
    );
    const written = await synthesize(files);
    for (const [index, texts] of chunks.entries()) {
      const read = await readServiceValues(written.get(pathOf(`secret-${index}`)));
      expect(read["hidden"]).toEqual(number("s", texts));
    }
  });

  test("members' users and hosts, in what Kubernetes itself reads", async () => {
    const users = [
      "yes",
      "no",
      "on",
      "null",
      "true",
      "0755",
      "1e3",
      "08",
      "1.0",
      "2026-01-31",
      "0x1f",
      "12e4",
      "a@b.c",
    ];
    const hosts = ["yes", "no", "on", "y", "null", "true", "123", "0755", "1e3", "0x1f", "08"];
    const files = samplePlatform();
    const members = users.map((user) => `  - { user: "${user}", role: viewer }\n`).join("");
    files["workspaces/1e3/workspace.yaml"] = `kind: Workspace\nname: "null"\nmembers:\n${members}`;
    for (const host of hosts) {
      files[`workspaces/1e3/${host}.yaml`] = `${serviceHead("web", "1.2.3")}subdomain: "${host}"\n`;
    }
    const written = await synthesize(files);
    const objects = await readOne(written.get("default/paas-1-ws-1e3.yaml") ?? "");
    const subjects = objects
      .filter(({ kind }) => kind === "RoleBinding")
      .flatMap((binding) => (binding["subjects"] as { name: string }[]).map(({ name }) => name));
    expect(subjects.sort()).toEqual(users.map((user) => `paas:${user}`).sort());
    for (const host of hosts) {
      const service = await readOne(written.get(`default/paas-2-ws-1e3-${host}.yaml`) ?? "");
      const ingress = service.find(({ kind }) => kind === "Ingress") as {
        metadata: { labels: Record<string, string> };
        spec: { rules: { host: string }[] };
      };
      expect(ingress.spec.rules.map((rule) => rule.host)).toEqual([`${host}.apps.example.com`]);
      expect(ingress.metadata.labels["paas.woowtech.com/workspace"]).toBe("1e3");
      expect(ingress.metadata.labels["paas.woowtech.com/service"]).toBe(host);
    }
  });
});

describe("half a character", () => {
  test.each(["raw_values:\n  a: ", "raw_values:\n  ? ", "name: "])("is a problem in %j", (place) => {
    const half = place.endsWith("? ") ? '"\\ud800"\n  : 1\n' : '"\\ud800"\n';
    const files = { ...samplePlatform() };
    const head = serviceHead("web", "1.2.3").replace(/^name: .*\n/m, place.startsWith("name") ? "" : "$&");
    files["workspaces/acme/half.yaml"] = `${head}${place}${half}`;
    const { problems } = loadPlatform(memoryTree(files));
    expect(problems.map(({ code, file }) => ({ code, file }))).toEqual([
      { code: "not-text", file: "workspaces/acme/half.yaml" },
    ]);
  });
});

test("fuzz is the same on every run", () => {
  expect(fuzzStrings(50)).toEqual(fuzzStrings(50));
});

function number(prefix: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text, at) => [`${prefix}${at}`, text]));
}

function serviceHead(template: string, version: string): string {
  return `kind: CloudService\ntemplate_id: ${template}\nname: Test\nchart_version: "${version}"\n`;
}

function pathOf(service: string): string {
  return `default/paas-2-ws-acme-${service}.yaml`;
}

/** Names of what every object has are no keys for a definition. */
function usableKey(text: string): boolean {
  return !["__proto__", "constructor", "prototype"].includes(text);
}

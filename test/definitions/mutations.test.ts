import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { DefinitionTree } from "../../src/definitions/definition-tree.ts";
import type { RenderCache, RenderRecord } from "../../src/manifests/render-cache.ts";
import { unitAddress, listUnits } from "../../src/manifests/unit.ts";
import { loadPlatform } from "../../src/operations/load-platform.ts";
import { everything } from "../../src/operations/select-units.ts";
import { synth } from "../../src/operations/synth.ts";
import { createRenderer } from "../../src/operations/render-units.ts";
import { samplePlatform, sealedService } from "../support/builders.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";
import type { MemoryFolder } from "../support/memory-tree.ts";

const runs = 5_000;
const timeoutMs = 240_000;
const root = join(import.meta.dirname, "..", "..");
const chart = "charts/mine/Chart.yaml";

let corpus: Record<string, string>;
let paths: readonly string[];

beforeAll(async () => {
  const shipped = (name: string) => readFileSync(join(root, "catalog", `${name}.yaml`), "utf8");
  corpus = {
    ...samplePlatform(),
    "catalog/n8n.yaml": shipped("n8n"),
    "catalog/postgresql.yaml": shipped("postgresql"),
    "domains.yaml":
      "kind: Domains\nverified:\n  - { domain: shop.acme.example, workspace: acme, verified_at: 2026-11-23T05:00:00Z }\n",
    "workspaces/acme/db-01.yaml": await sealedService("acme/db-01"),
    "workspaces/123/workspace.yaml":
      "kind: Workspace\nid: 123\nname: N\nquota: { vcpu: 4, storage_gb: 50 }\ndrift: report\n",
    "workspaces/123/web-01.yaml": `kind: CloudService
template_id: web
name: Second
chart_version: "1.2.3"
subdomain: second
custom_domain: shop.second.example
is_private_network: true
resources: { vcpu: 2, ram_gb: 0.5, limits_vcpu: 3 }
helm_values:
  ui.message: &text hello
  ui.color: green
  replicas: 2
  debug: true
raw_values:
  a: { b: [1, 2.5, *text, null, true] }
  text: >-
    two
    lines
`,
    [chart]: "apiVersion: v2\nname: mine\nversion: 0.1.0\n",
  };
  paths = Object.keys(corpus);
});

/** What YAML, Helm, JavaScript and our own rules each read in their own way. */
const tokens = [
  ..."{}[]:,#&*!|>'\"%@`?-~\\\t\r\n\0 ".split(""),
  "\u{1f600}\ud800\u2028\u0085\ufeff",
  "---\n",
  "...\n",
  "<<: *text\n",
  "&a *a",
  "!!binary x",
  "!!python/object:x",
  "__proto__: 1\n",
  "constructor: { prototype: 1 }\n",
  "toString: 1\n",
  "{{ lookup }}",
  "{release_name}",
  "{nothing}",
  "ENC[AES256_GCM,data:,iv:x,tag:x,type:str]",
  "1e400",
  "0x1F",
  "0777",
  ".nan",
  "-.inf",
  "9007199254740993",
  "1.10",
  "no",
  "null",
  "? [a, b]\n: c\n",
  "- ".repeat(70),
  "{a: ".repeat(70),
  "[".repeat(3000),
  "x".repeat(300),
  "kind: Workspace\n",
  "namespace: kube-system\n",
  "10.0.0.0/8",
  "::/0",
  "../../etc/passwd",
  "*.example.com",
] as const;

const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const token = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...tokens) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
);

type Mutation = (text: string) => string;

const onLines =
  (change: (lines: string[], at: number, other: number) => void) =>
  ({ at, other }: { at: number; other: number }): Mutation =>
  (text) => {
    const lines = text.split("\n");
    change(lines, Math.floor(at * lines.length), Math.floor(other * lines.length));
    return lines.join("\n");
  };
const two = fc.record({ at: position, other: position });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  two.map(onLines((lines, at) => void lines.splice(at, 1))),
  two.map(onLines((lines, at, other) => void lines.splice(other, 0, lines[at] ?? ""))),
  two.map(
    onLines((lines, at, other) => {
      const line = lines[at] ?? "";
      lines[at] = lines[other] ?? "";
      lines[other] = line;
    }),
  ),
  two.map(
    onLines((lines, at, other) => {
      const indent = " ".repeat(Math.floor((other * 1e6) % 7));
      lines[at] = indent + (lines[at] ?? "").trimStart();
    }),
  ),
  fc
    .record({ at: position, length: fc.integer({ min: 1, max: 5 }) })
    .map(({ at, length }): Mutation => (text) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + text.slice(start + length);
    }),
  fc.record({ at: position, insert: token }).map(({ at, insert }): Mutation => (text) => {
    const start = Math.floor(at * (text.length + 1));
    return text.slice(0, start) + insert + text.slice(start);
  }),
  // a scalar behind its key, the place where types, options, formats and names are checked
  fc.record({ at: position, insert: token }).map(({ at, insert }): Mutation => (text) => {
    const scalars = [...text.matchAll(/(?<=[:,[] )[^\n,{}[\]#]+/g)];
    const chosen = scalars[Math.floor(at * scalars.length)];
    if (chosen === undefined) return text;
    return text.slice(0, chosen.index) + insert + text.slice(chosen.index + chosen[0].length);
  }),
  position.map(
    (at): Mutation =>
      (text) =>
        text.slice(0, Math.floor(at * text.length)),
  ),
);

/** A file of the corpus after up to four mutations; a failure prints its path and text. */
function mutatedFile(): fc.Arbitrary<{ path: string; text: string }> {
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
  return fc.record({ path: fc.constantFrom(...paths), mutations }).map(({ path, mutations: chosen }) => ({
    path,
    text: chosen.reduce((text, mutate) => mutate(text), corpus[path] ?? ""),
  }));
}

/** Bytes, because a mutation may split a surrogate pair and a disk holds bytes anyway. */
function expectProblemsOrResult(files: Record<string, string | Uint8Array>): ReturnType<typeof loadPlatform> {
  const loaded = loadPlatform(memoryTree(files));
  for (const { file, line, column, message } of loaded.problems) {
    const content = files[file];
    if (content === undefined) throw new Error(`a problem in ${file}, which does not exist: ${message}`);
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toContain("undefined");
    expect(message).not.toContain("[object");
  }
  const hasErrors = loaded.problems.some(({ severity }) => severity === "error");
  expect(loaded.platform === undefined).toBe(hasErrors);
  return loaded;
}

test(
  `${runs} mutated definitions give problems or a result, never an exception`,
  { timeout: timeoutMs },
  async () => {
    let sound = 0;
    let rendered = 0;
    expect(loadPlatform(memoryTree(corpus)).problems.filter(({ severity }) => severity === "error")).toEqual(
      [],
    );
    await fc.assert(
      fc.asyncProperty(mutatedFile(), async ({ path, text }) => {
        const { platform } = expectProblemsOrResult({ ...corpus, [path]: text });
        if (platform === undefined) return;
        sound += 1;
        if (sound % 10 > 0) return;
        const render = createRenderer({ platform, identities: undefined });
        for (const unit of listUnits(platform)) {
          const result = await render(unit);
          if (!result.ok) throw new Error(`${unitAddress(unit)}: ${result.problems[0]?.message ?? ""}`);
          rendered += 1;
        }
      }),
      { numRuns: runs },
    );
    // else the mutations would only ever show that a broken file is broken
    expect(sound).toBeGreaterThan(runs / 20);
    expect(sound).toBeLessThan((runs * 19) / 20);
    expect(rendered).toBeGreaterThan(0);
  },
);

test(
  "a run that remembers an earlier one writes what a run without memory writes",
  { timeout: timeoutMs },
  async () => {
    const records = new Map<string, RenderRecord>();
    const cache: RenderCache = {
      find: (path) => records.get(path),
      sign: (text) => createHash("sha256").update(text).digest("hex"),
      save: (all) => {
        records.clear();
        for (const [path, record] of all) records.set(path, record);
      },
    };
    const remembering = memoryFolder();
    const run = (tree: DefinitionTree, folder: MemoryFolder, memory?: RenderCache) =>
      synth(
        { tree, folder, cache: memory, identities: () => [], progress: () => undefined },
        { selection: everything, withSecrets: false },
      );
    let unchanged = 0;
    await fc.assert(
      fc.asyncProperty(mutatedFile(), async ({ path, text }) => {
        const tree = memoryTree({ ...corpus, [path]: text });
        const result = await run(tree, remembering, cache);
        if (!result.ok) return;
        unchanged += result.files.filter(({ outcome }) => outcome === "unchanged").length;
        const fresh = memoryFolder();
        await run(tree, fresh);
        const texts = ({ files }: MemoryFolder) =>
          Object.fromEntries([...files].map(([name, file]) => [name, file.text]));
        expect(texts(remembering)).toEqual(texts(fresh));
      }),
      { numRuns: 1_000 },
    );
    expect(unchanged).toBeGreaterThan(0);
    expect(records.size).toBeGreaterThan(0);
  },
);

test("any text and any bytes in any file", { timeout: timeoutMs }, () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.array(token, { maxLength: 20 }).map((parts) => parts.join("")),
      ),
      (path, content) => {
        expectProblemsOrResult({ ...corpus, [path]: content });
      },
    ),
    { numRuns: 2_000 },
  );
});

test("any path", { timeout: timeoutMs }, () => {
  const step = fc.oneof(
    fc.constantFrom(
      "workspaces",
      "catalog",
      "charts",
      "acme",
      "workspace.yaml",
      "x.yaml",
      "x.yml",
      ".x",
      "A b",
      "-",
      "__proto__",
      "toString",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 8 }).filter((part) => !part.includes("/")),
  );
  const top = fc.constantFrom("workspaces", "catalog", "charts");
  fc.assert(
    fc.property(fc.tuple(top, fc.array(step, { minLength: 1, maxLength: 4 })), ([head, parts]) => {
      const path = [head, ...parts].join("/");
      const { problems } = loadPlatform(memoryTree({ ...corpus, [path]: "x: 1\n" }));
      for (const { line } of problems) expect(line).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 1_000 },
  );
});

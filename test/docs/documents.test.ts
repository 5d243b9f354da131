import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { DefinitionKind } from "../../src/definitions/definition.ts";
import { parseDefinition } from "../../src/definitions/parse.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { isForCluster, isForKeys, listDocuments, readBlocks } from "./document.ts";
import type { Block } from "./document.ts";
import { checkConsoles, prepareWork } from "./run-consoles.ts";
import type { WorkFolder } from "./run-consoles.ts";
import { startNameServer } from "./start-name-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = listDocuments();

/** What a document's commands find: a copy of the sample, as after a clone. */
const copied = [
  ".sops.yaml",
  "PUBLIC-SAMPLE-KEY.agekey",
  "catalog",
  "cdk8s.yaml",
  "charts",
  "domains.yaml",
  "platform.yaml",
  "schemas",
  "workspaces",
];

/** Run by `.ci/run` itself, on the clone as a whole; inside a test they would run themselves. */
const provenByCi = new Set([
  "npm ci",
  "npm test",
  "npm run check",
  "npm run bench",
  "npm run docs",
  "npm run format",
  "npm run generate",
]);

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(documents)("%s", (path) => {
  const text = readFileSync(join(root, path), "utf8");
  const blocks = readBlocks(text);

  test("every link inside the repository leads somewhere", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => match[1] ?? "");
    const broken = links.filter((link) => !existsSync(join(root, dirname(path), link)));
    expect(broken).toEqual([]);
  });

  test("every block says what it is", () => {
    const known = new Set(["console", "yaml", "text", "json"]);
    const unknown = blocks
      .filter(({ language }) => !known.has(language))
      .map(({ line, language }) => `${line}: ${language}`);
    expect(unknown).toEqual([]);
  });

  const yamlBlocks = blocks.filter(({ language }) => language === "yaml");
  if (yamlBlocks.length > 0) {
    test.each(yamlBlocks.map((block) => [block.line, block] as const))("YAML at line %i", (_, block) =>
      checkYaml(block),
    );
  }

  // what needs a cluster is run by test/cluster/documents.test.ts, what needs sops by test/real/key-procedures.test.ts
  const consoles = blocks.filter(
    ({ language, info }) => language === "console" && !isForCluster(info) && !isForKeys(info),
  );
  if (consoles.length > 0) {
    test("every command does and prints what the document says", { timeout: 120_000 }, async () => {
      const work = prepareSample();
      const asksDns = consoles.some(({ lines }) => lines.some((line) => line.startsWith("$ woow domain")));
      const names = asksDns ? await startNameServer() : undefined;
      const env = { ...work.env, ...(names === undefined ? {} : { WOOW_DNS: names.address }) };
      const stale = checkConsoles(path, { blocks: consoles, work: { ...work, env }, skip: provenByCi });
      await names?.stop();
      expect(stale.join("\n\n")).toBe("");
    });
  }
});

/** A definition must fit its schema; `yaml manifest` must stand in what the sample is rendered to. */
function checkYaml(block: Block): void {
  const text = `${block.lines.join("\n")}\n`;
  if (block.info.startsWith("manifest")) {
    const shown = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    const rendered = renderSample();
    for (const object of shown) expect(rendered).toContainEqual(expect.objectContaining(asPartial(object)));
    return;
  }
  const parsed = parseDefinition(`${block.info || "block"}:${block.line}`, text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { kind } = parsed.value;
  // a fragment of a definition, or another tool's file: it must be YAML, and its keys known where they are ours
  if (typeof kind !== "string") return;
  const checked = validateDefinition(parsed.value, kind as DefinitionKind, parsed.source);
  expect(checked.ok ? [] : checked.problems).toEqual([]);
}

function asPartial(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("a manifest is a map");
  const partial = (item: unknown): unknown =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? expect.objectContaining(
          Object.fromEntries(Object.entries(item).map(([key, below]) => [key, partial(below)])),
        )
      : item;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, partial(item)]));
}

let rendered: unknown[] | undefined;
function renderSample(): unknown[] {
  if (rendered === undefined) {
    const done = spawnSync(process.execPath, [join(root, "build/woow.js"), "synth", "--stdout", "-C", root], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    rendered = parseAllDocuments(done.stdout).map((document) => document.toJS() as unknown);
  }
  return rendered;
}

/** A copy of the sample, as after a clone. */
function prepareSample(): WorkFolder {
  const work = prepareWork("woow");
  folders.push(work.base);
  const { cwd } = work;
  for (const name of copied) cpSync(join(root, name), join(cwd, name), { recursive: true });
  // `npx woow` and cdk8s.yaml find the program where a clone has it
  mkdirSync(join(cwd, "build"));
  writeFileSync(
    join(cwd, "build/woow.js"),
    `await import(${JSON.stringify(`file://${join(root, "build/woow.js")}`)});\n`,
  );
  writeFileSync(join(cwd, "package.json"), '{ "type": "module" }\n');
  return work;
}

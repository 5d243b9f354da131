import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { DefinitionKind } from "../../src/definitions/definition.ts";
import { parseDefinition } from "../../src/definitions/parse.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { matchesOutput, readBlocks, readSteps } from "./document.ts";
import type { Block } from "./document.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
].sort();

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

/** `UPDATE_DOCS=1` writes what the commands print into the documents; never in CI. */
const updating = process.env["UPDATE_DOCS"] === "1" && process.env["CI"] !== "true";

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

  const consoles = blocks.filter(({ language }) => language === "console");
  if (consoles.length > 0) {
    test("every command does and prints what the document says", { timeout: 120_000 }, () => {
      const work = prepareFolder();
      const lines = text.split("\n");
      const stale: string[] = [];
      let moved = 0;
      for (const block of consoles) {
        for (const step of readSteps(block)) {
          const done = run(step.command, work);
          if (done === undefined) continue;
          // `quiet`: only that the command works is of interest
          const fits = block.info.includes("quiet") || matchesOutput(step.output, done.lines);
          const at = step.line - 1 + step.command.split("\n").length + moved;
          if (!fits && updating) {
            lines.splice(at, step.output.length, ...done.lines);
            moved += done.lines.length - step.output.length;
          } else if (!fits)
            stale.push(`${path}:${step.line}: $ ${step.command}\nprints:\n${done.lines.join("\n")}`);
          if (done.failed !== block.info.includes("fails"))
            stale.push(`${path}:${step.line}: $ ${step.command}\nexit status ${done.status}`);
        }
      }
      if (updating) writeFileSync(join(root, path), lines.join("\n"));
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

/** A folder of its own for every document, and programs that call the built CLI. */
function prepareFolder(): { cwd: string; env: NodeJS.ProcessEnv } {
  const base = mkdtempSync(join(tmpdir(), "woow-docs-"));
  folders.push(base);
  const cwd = join(base, "woow");
  mkdirSync(cwd);
  for (const name of copied) cpSync(join(root, name), join(cwd, name), { recursive: true });
  // `npx woow` and cdk8s.yaml find the program where a clone has it
  mkdirSync(join(cwd, "build"));
  writeFileSync(
    join(cwd, "build/woow.js"),
    `await import(${JSON.stringify(`file://${join(root, "build/woow.js")}`)});\n`,
  );
  writeFileSync(join(cwd, "package.json"), '{ "type": "module" }\n');
  const bin = join(base, "bin");
  mkdirSync(bin);
  const program = (name: string, body: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program(
    "woow",
    `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(join(root, "build/woow.js"))} "$@"`,
  );
  program(
    "npx",
    `if [ "$1" = woow ]; then shift; exec woow "$@"; fi; exec ${JSON.stringify(join(root, "node_modules/.bin"))}/"$@"`,
  );
  const home = join(base, "home");
  mkdirSync(home);
  const { PATH = "" } = process.env;
  return {
    cwd,
    env: {
      PATH: [bin, dirname(process.execPath), PATH].join(delimiter),
      HOME: home,
      LANG: "C.UTF-8",
      NO_COLOR: "1",
    },
  };
}

/** What a command prints, both streams as a terminal would mix them; undefined when CI itself proves it. */
function run(
  command: string,
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): { lines: string[]; status: number | null; failed: boolean } | undefined {
  const rest = command.split(" && ").filter((part) => !provenByCi.has(part.trim()));
  if (rest.length === 0) return undefined;
  const done = spawnSync("bash", ["-c", `{ ${rest.join(" && ")}\n} 2>&1`], {
    cwd,
    env,
    encoding: "utf8",
    input: "",
  });
  if (done.error !== undefined) throw done.error;
  const lines = done.stdout === "" ? [] : done.stdout.replace(/\n$/, "").split("\n");
  return { lines, status: done.status, failed: done.status !== 0 };
}

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { matchesOutput, readSteps } from "./document.ts";
import type { Block } from "./document.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where a document's commands run, and with what. */
export interface WorkFolder {
  /** Removed by the test. */
  readonly base: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** `UPDATE_DOCS=1` writes what the commands print into the documents; never in CI. */
export const updating = process.env["UPDATE_DOCS"] === "1" && process.env["CI"] !== "true";

/**
 * Runs every command of a document's blocks in order, and gives what is not as the document says. A block's info says
 * what to expect: `fails`, or `quiet` when only that the command works is of interest.
 */
export function checkConsoles(
  path: string,
  { blocks, work, skip }: { blocks: readonly Block[]; work: WorkFolder; skip: ReadonlySet<string> },
): string[] {
  const file = join(root, path);
  const lines = readFileSync(file, "utf8").split("\n");
  const stale: string[] = [];
  let moved = 0;
  for (const block of blocks) {
    const words = block.info.split(" ");
    for (const step of readSteps(block)) {
      const done = run(step.command, work, skip);
      if (done === undefined) continue;
      const fits = words.includes("quiet") || matchesOutput(step.output, done.lines);
      const at = step.line - 1 + step.command.split("\n").length + moved;
      if (!fits && updating) {
        lines.splice(at, step.output.length, ...done.lines);
        moved += done.lines.length - step.output.length;
      } else if (!fits)
        stale.push(`${path}:${step.line}: $ ${step.command}\nprints:\n${done.lines.join("\n")}`);
      if (done.failed !== words.includes("fails"))
        stale.push(`${path}:${step.line}: $ ${step.command}\nexit status ${done.status}`);
    }
  }
  if (updating) writeFileSync(file, lines.join("\n"));
  return stale;
}

/** An empty folder with a home of its own, and programs that call the built CLI as after an installation. */
export function prepareWork(name: string): WorkFolder {
  const base = mkdtempSync(join(tmpdir(), "woow-docs-"));
  const cwd = join(base, name);
  mkdirSync(cwd);
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
    base,
    cwd,
    env: {
      PATH: [bin, dirname(process.execPath), PATH].join(delimiter),
      HOME: home,
      LANG: "C.UTF-8",
      NO_COLOR: "1",
    },
  };
}

/** What a command prints, both streams as a terminal would mix them; undefined when something else proves it. */
function run(
  command: string,
  { cwd, env }: WorkFolder,
  skip: ReadonlySet<string>,
): { lines: string[]; status: number | null; failed: boolean } | undefined {
  const rest = command.split(" && ").filter((part) => !skip.has(part.trim()));
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

import { readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** One fenced block of a Markdown file. */
export interface Block {
  /** The word after the fence, such as `console` or `yaml`. */
  readonly language: string;
  /** What stands behind it, such as a file name. */
  readonly info: string;
  readonly lines: readonly string[];
  /** Line of the fence, from 1. */
  readonly line: number;
}

/** A command of a console block and what the document says it prints. */
export interface Step {
  readonly command: string;
  readonly output: readonly string[];
  /** Line of the command in the document, from 1. */
  readonly line: number;
}

/** Every fenced block of a Markdown text. */
export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; info: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^```(\S*) ?(.*)$/.exec(line);
    if (open === undefined) {
      if (fence !== null)
        open = { language: fence[1] ?? "", info: fence[2] ?? "", lines: [], line: index + 1 };
    } else if (line === "```") {
      blocks.push(open);
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`the block that opens at line ${open.line} never closes`);
  return blocks;
}

/** The commands of a console block: `$ command`, then its output; a command goes on after a backslash. */
export function readSteps(block: Block): Step[] {
  const steps: { command: string; output: string[]; line: number }[] = [];
  let continued = false;
  for (const [index, line] of block.lines.entries()) {
    const last = steps.at(-1);
    if (continued && last !== undefined) {
      last.command += `\n${line}`;
      continued = line.endsWith("\\");
    } else if (line.startsWith("$ ")) {
      steps.push({ command: line.slice(2), output: [], line: block.line + index + 1 });
      continued = line.endsWith("\\");
    } else if (last === undefined)
      throw new Error(`line ${block.line + index + 1}: output without a command`);
    else last.output.push(line);
  }
  return steps;
}

/** True when what was printed is what the document says; `...` stands for any text, alone on a line for any lines. */
export function matchesOutput(said: readonly string[], printed: readonly string[]): boolean {
  const pattern = said
    .map((line) => (line === "..." ? "(?:.*\\n)*?" : `${line.split("...").map(escapeRegExp).join(".*")}\\n`))
    .join("");
  return new RegExp(`^${pattern}$`).test(printed.map((line) => `${line}\n`).join(""));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Every document of ours, by its path in the repository. */
export function listDocuments(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`);
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs].sort();
}

/** True for a console block whose commands need a cluster: ```` ```console cluster ````. */
export function isForCluster(info: string): boolean {
  return info.split(" ").includes("cluster");
}

/** True for a console block that test/real/key-procedures.test.ts runs with the real sops: ```` ```console keys ````. */
export function isForKeys(info: string): boolean {
  return info.split(" ").includes("keys");
}

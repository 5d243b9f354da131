import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = "docs/security.md";
const text = readFileSync(join(root, page), "utf8");

interface Row {
  readonly section: string;
  readonly threat: string;
  readonly stops: string;
  readonly shown: string;
  readonly remains: string;
}

interface Proof {
  readonly file: string;
  readonly title: string;
}

const rows = readRows(text);

describe("threat model", () => {
  test("has rows for everybody who could attack", () => {
    const sections = [...new Set(rows.map(({ section }) => section))];
    expect(sections).toEqual([
      "A tenant",
      "Somebody who commits to one workspace",
      "Somebody with a leaked key",
      "A malicious chart",
      "Somebody on the network",
      "The tool itself",
    ]);
  });

  test.each(rows)("$threat: says what stops it, what remains, and which test shows it", (row) => {
    expect(row.stops).not.toBe("");
    expect(row.remains).not.toBe("");
    expect(readProofs(row.shown)).not.toEqual([]);
  });

  test.each(rows.flatMap(({ threat, shown }) => readProofs(shown).map((proof) => ({ threat, ...proof }))))(
    "$threat: $file has “$title”",
    ({ file, title }) => {
      expect(existsSync(join(root, file)), file).toBe(true);
      const titles = readTitles(readFileSync(join(root, file), "utf8"));
      expect(titles.filter((one) => one.includes(title))).not.toEqual([]);
    },
  );
});

/** Rows of the tables whose head begins with `Threat`. */
function readRows(markdown: string): Row[] {
  const found: Row[] = [];
  let section = "";
  let isThreats = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3).trim();
    if (!line.startsWith("|")) isThreats = false;
    else if (/^\|\s*Threat\s*\|/.test(line)) isThreats = true;
    else if (isThreats && !/^\|[\s:|-]+$/.test(line)) {
      const cells = line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim());
      const [threat = "", stops = "", shown = "", remains = ""] = cells;
      expect(cells, line).toHaveLength(4);
      found.push({ section, threat, stops, shown, remains });
    }
  }
  return found;
}

/** `[word](../test/x.test.ts) “title”, “title”`: files from the repository's root, and parts of their tests' titles. */
function readProofs(cell: string): Proof[] {
  const proofs: Proof[] = [];
  let file = "";
  for (const [, path, title] of cell.matchAll(/\]\(([^)]+)\)|“([^”]+)”/g)) {
    if (path !== undefined) file = join(dirname(page), path);
    else proofs.push({ file, title: title ?? "" });
  }
  return proofs;
}

/** Titles of the tests that run; one that is skipped shows nothing. */
function readTitles(source: string): string[] {
  const call = /(?<!\.)\b(?:test|it)(?:\.each\([\s\S]*?\))?\(\s*(["'`])((?:\\.|(?!\1)[\s\S])*)\1/g;
  return [...source.matchAll(call)].map(([, , title = ""]) => title.replace(/\\(.)/g, "$1"));
}

import { escapeLines } from "./escape-controls.ts";
import { createPainter } from "./style.ts";

/** Lines of context around a change. */
const contextLines = 3;

interface DiffLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
  /** Lines of the old and the new text before this one. */
  readonly oldBefore: number;
  readonly newBefore: number;
}

/** What to call the two texts, and whether to paint. */
export interface DiffOptions {
  readonly path: string;
  readonly colors: boolean;
  /** True: for people to read, so control characters are shown instead of sent to the terminal. */
  readonly escapes?: boolean;
}

/** The change from one text to another as `diff -u` prints it; `before` is undefined for a new file. */
export function formatDiff(
  { before, after }: { readonly before: string | undefined; readonly after: string },
  { path, colors, escapes = false }: DiffOptions,
): string {
  const paint = createPainter(colors);
  const lines = diffLines(splitLines(before ?? ""), splitLines(after));
  const result = [
    paint("bold", before === undefined ? "--- /dev/null" : `--- a/${path}`),
    paint("bold", `+++ b/${path}`),
  ];
  for (const hunk of groupHunks(lines)) {
    const first = hunk[0];
    if (first === undefined) continue;
    const oldCount = hunk.filter(({ sign }) => sign !== "+").length;
    const newCount = hunk.filter(({ sign }) => sign !== "-").length;
    const range = (start: number, count: number) => `${count === 0 ? start : start + 1},${count}`;
    const header = `@@ -${range(first.oldBefore, oldCount)} +${range(first.newBefore, newCount)} @@`;
    result.push(paint("cyan", header));
    for (const { sign, text } of hunk) {
      const whole = text.endsWith("\n") ? text.slice(0, -1) : `${text}\n\\ No newline at end of file`;
      const line = escapes ? escapeLines(whole) : whole;
      result.push(sign === " " ? ` ${line}` : paint(sign === "-" ? "red" : "green", `${sign}${line}`));
    }
  }
  return `${result.join("\n")}\n`;
}

/** With their line ends, so that a missing last one is a difference. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The shortest way by longest common subsequence; what is the same at both ends is set aside first. */
function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  const rows = before.length - head - tail;
  const columns = after.length - head - tail;
  const common = countCommon(before.slice(head, head + rows), after.slice(head, head + columns));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  const push = (sign: DiffLine["sign"]) => {
    const text = (sign === "+" ? after[j] : before[i]) ?? "";
    lines.push({ sign, text, oldBefore: i, newBefore: j });
    if (sign !== "+") i += 1;
    if (sign !== "-") j += 1;
  };
  while (i < before.length || j < after.length) {
    const [row, column] = [i - head, j - head];
    if (row < 0 || row >= rows || column >= columns) {
      if (row >= 0 && row < rows) push("-");
      else if (column >= 0 && column < columns) push("+");
      else push(" ");
    } else if (before[i] === after[j]) push(" ");
    else if ((common[row + 1]?.[column] ?? 0) >= (common[row]?.[column + 1] ?? 0)) push("-");
    else push("+");
  }
  return lines;
}

/** common[i][j]: length of the longest common subsequence of what follows from i and j. */
function countCommon(before: readonly string[], after: readonly string[]): Uint32Array[] {
  // two long texts without a common line cost too much: then everything goes and everything comes
  const isTooLarge = before.length * after.length > 25_000_000;
  const table = Array.from(
    { length: isTooLarge ? 0 : before.length + 1 },
    () => new Uint32Array(after.length + 1),
  );
  if (isTooLarge) return table;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const [row, below] = [table[i], table[i + 1]];
    if (row === undefined || below === undefined) continue;
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

function groupHunks(lines: readonly DiffLine[]): DiffLine[][] {
  const near = new Set<number>();
  for (const [index, { sign }] of lines.entries()) {
    if (sign === " ") continue;
    for (let other = index - contextLines; other <= index + contextLines; other += 1) near.add(other);
  }
  const hunks: DiffLine[][] = [];
  for (const [index, line] of lines.entries()) {
    if (!near.has(index)) continue;
    if (index === 0 || !near.has(index - 1)) hunks.push([]);
    hunks.at(-1)?.push(line);
  }
  return hunks;
}

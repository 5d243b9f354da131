import { escapeControls } from "./escape-controls.ts";

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** True for numbers. */
  readonly right?: boolean;
  /** Cells wider than this end in an ellipsis. */
  readonly maxWidth?: number;
}

const gap = "  ";

/** Columns as wide as their widest cell, titles first; no trailing blanks. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text, maxWidth }) => cutText(text(row), maxWidth))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => displayWidth(line[index] ?? ""))));
  return cells
    .map((line) => {
      const padded = line.map((cell, index) => {
        const blanks = " ".repeat((widths[index] ?? 0) - displayWidth(cell));
        return columns[index]?.right === true ? blanks + cell : cell + blanks;
      });
      return `${padded.join(gap).trimEnd()}\n`;
    })
    .join("");
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns a text takes on a terminal: East Asian characters two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += narrow.test(char) ? 0 : wide.test(char) ? 2 : 1;
  return width;
}

function cutText(text: string, maxWidth: number | undefined): string {
  const line = escapeControls(text.replaceAll(/\s+/g, " "));
  if (maxWidth === undefined || displayWidth(line) <= maxWidth) return line;
  let cut = "";
  for (const char of line) {
    if (displayWidth(cut + char) > maxWidth - 1) break;
    cut += char;
  }
  return `${cut.trimEnd()}…`;
}

import { stringify } from "yaml";
import type { CliContext } from "../context.ts";
import { createPainter } from "./style.ts";

/** How a command that reads prints what it found. */
export const outputFormats = ["table", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A column of a table: its title and the text of a row. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

/** Prints rows as a table, its columns as wide as their longest text; nothing when there is no row. */
export function printTable<Row>(
  context: CliContext,
  { columns, rows }: { readonly columns: readonly Column<Row>[]; readonly rows: readonly Row[] },
): void {
  if (rows.length === 0) return;
  const paint = createPainter(context.colors.stdout);
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => value(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  for (const [index, line] of lines.entries()) {
    const text = line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    context.stdout(`${index === 0 ? paint("bold", text.trimEnd()) : text.trimEnd()}\n`);
  }
}

/** Prints one whole document for a program to read. */
export function printDocument(
  context: CliContext,
  { format, document }: { readonly format: "json" | "yaml"; readonly document: object },
): void {
  const text =
    format === "json" ? `${JSON.stringify(document, null, 2)}\n` : stringify(document, { lineWidth: 0 });
  context.stdout(text);
}

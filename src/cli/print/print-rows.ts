import { stringify } from "yaml";
import type { CliContext } from "../context.ts";

/** How a command that reads prints what it found. */
export const outputFormats = ["table", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Prints one whole document for a program to read. */
export function printDocument(
  context: CliContext,
  { format, document }: { readonly format: "json" | "yaml"; readonly document: object },
): void {
  const text =
    format === "json" ? `${JSON.stringify(document, null, 2)}\n` : stringify(document, { lineWidth: 0 });
  context.stdout(text);
}

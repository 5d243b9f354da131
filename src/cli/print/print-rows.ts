import { Document, visit } from "yaml";
import type { CliContext } from "../context.ts";
import { escapeJson, hasControls } from "./escape-controls.ts";

/** How a command that reads prints what it found. */
export const outputFormats = ["table", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Prints one whole document for a program to read. */
export function printDocument(
  context: CliContext,
  { format, document }: { readonly format: "json" | "yaml"; readonly document: object },
): void {
  const text = format === "json" ? `${JSON.stringify(document, null, 2)}\n` : formatYaml(document);
  context.stdout(escapeJson(text));
}

/** Only strings in double quotes can hold escapes. */
function formatYaml(value: object): string {
  const document = new Document(value);
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && hasControls(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

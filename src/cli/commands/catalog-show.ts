import { openDefinitionTree } from "../../edges/definition-files.ts";
import { OperationError } from "../../errors.ts";
import { loadCatalog } from "../../operations/catalog/load-catalog.ts";
import { showTemplate } from "../../operations/catalog/show-template.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printDocument } from "../print/print-rows.ts";
import { printEvent } from "../print/print-json.ts";
import { printTemplate } from "../print/print-catalog-template.ts";

export interface CatalogShowFlags extends GlobalFlags {
  readonly output: string;
}

/** woow catalog show: one app, what it asks for, and how to order it. */
export function runCatalogShow(id: string, flags: CatalogShowFlags, context: CliContext): number {
  const { output } = flags;
  if (output !== "text" && output !== "json" && output !== "yaml") {
    throw new OperationError("usage", `there is no output format ${output}`, {
      subject: output,
      hint: "known: text, json, yaml",
    });
  }
  const shown = showTemplate(loadCatalog(openDefinitionTree(findRoot(flags, context))), id);
  if (flags.json === true) printEvent(context, { type: "template", ...shown.card } as { type: string });
  else if (output === "text") printTemplate(shown, context);
  else printDocument(context, { format: output, document: shown.card });
  return exitStatus.done;
}

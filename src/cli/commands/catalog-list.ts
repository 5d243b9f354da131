import { openDefinitionTree } from "../../edges/definition-files.ts";
import { OperationError } from "../../errors.ts";
import { listCatalog } from "../../operations/catalog/list-catalog.ts";
import { isCatalogBroken, loadCatalog } from "../../operations/catalog/load-catalog.ts";
import { makeCard } from "../../operations/catalog/template-card.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printCatalog } from "../print/print-catalog.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblemsBriefly } from "../print/print-problems.ts";

export interface CatalogListFlags extends GlobalFlags {
  readonly search?: string;
  readonly tag?: readonly string[];
  readonly category?: string;
  readonly all?: boolean;
  readonly output: string;
}

const formats = ["table", "wide", "json", "yaml", "name"] as const;
/** How a list of templates is printed. */
export type ListFormat = (typeof formats)[number];

/** woow catalog list: the apps one can order. */
export function runCatalogList(flags: CatalogListFlags, context: CliContext): number {
  const format = formats.find((known) => known === flags.output);
  if (format === undefined) {
    throw new OperationError("usage", `there is no output format ${flags.output}`, {
      subject: flags.output,
      hint: `known: ${formats.join(", ")}`,
    });
  }
  const json = flags.json === true;
  const catalog = loadCatalog(openDefinitionTree(findRoot(flags, context)));
  printProblemsBriefly(catalog.problems, { context, json });
  const entries = listCatalog(catalog, {
    search: flags.search,
    tags: flags.tag ?? [],
    category: flags.category,
    all: flags.all === true,
  });
  const cards = entries.map((entry) => makeCard(entry, catalog.currency));
  if (json) for (const card of cards) printEvent(context, { type: "template", ...card } as { type: string });
  else printCatalog(cards, { context, format });
  return isCatalogBroken(catalog) ? exitStatus.failed : exitStatus.done;
}

import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { openShippedFiles } from "../../edges/shipped-files.ts";
import { planSchemaUpdate, writeChanges } from "../../operations/catalog/update-catalog.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural } from "../print/print-problems.ts";
import { version } from "../version.ts";
import { askOnTerminal, requireAnswers } from "./catalog-update.ts";
import type { UpdateFlags } from "./catalog-update.ts";
import { chooseChanges, printChoice, printUpdate } from "./shipped-update.ts";

export interface SchemasFlags extends UpdateFlags {
  /** Only say whether they are fresh. */
  readonly check?: boolean;
}

/** woow schemas: the JSON Schemas that editors read, as this woow has them. */
export async function runSchemas(flags: SchemasFlags, context: CliContext): Promise<number> {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const tree = openDefinitionTree(root);
  const update = planSchemaUpdate({ tree, shipped: openShippedFiles().list("schemas") });
  const count = update.changes.length;
  if (flags.check === true && !json)
    for (const { path } of update.changes) context.stdout(`stale ${escapeControls(path)}\n`);
  else printUpdate(update, { context, json });
  if (json)
    printEvent(context, { type: "summary", changes: count, unchanged: update.unchanged } as { type: string });
  if (count === 0) {
    if (!json) context.stdout(`schemas/ is as woow ${version} ships it\n`);
    return exitStatus.done;
  }
  if (flags.check === true) {
    if (!json)
      context.stderr(`${plural(count, "schema")} out of date: woow schemas --yes brings the new ones\n`);
    return exitStatus.failed;
  }
  if (flags.dryRun === true) {
    if (!json) context.stdout(`${plural(count, "file")} would change\n`);
    return exitStatus.done;
  }
  const yes = flags.yes === true;
  if (!yes) requireAnswers(context, json);
  // they are generated: nobody has changes of his own in them
  const choice = await chooseChanges(update.changes, { isNamed: true, yes, ask: askOnTerminal });
  writeChanges(openDefinitionWriter(root), choice.taken);
  printChoice(choice, { context, json, hint: "editors check against the old ones until then" });
  return choice.kept.length > 0 ? exitStatus.partly : exitStatus.done;
}

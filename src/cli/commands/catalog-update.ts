import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { openShippedFiles } from "../../edges/shipped-files.ts";
import { OperationError } from "../../errors.ts";
import { planCatalogUpdate, writeUpdate } from "../../operations/catalog/update-catalog.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { plural, printProblems } from "../print/print-problems.ts";
import { printEvent } from "../print/print-json.ts";
import { version } from "../version.ts";
import { chooseChanges, printChoice, printUpdate } from "./shipped-update.ts";

export interface UpdateFlags extends GlobalFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** woow catalog update: newer shipped templates and charts, as a diff and then, file by file, into the repository. */
export async function runCatalogUpdate(
  items: readonly string[],
  flags: UpdateFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const tree = openDefinitionTree(root);
  const files = openShippedFiles();
  const shipped = new Map([...files.list("catalog"), ...files.list("charts")]);
  const update = planCatalogUpdate({ tree, shipped }, { items });
  printUpdate(update, { context, json });
  const count = update.changes.length;
  if (json)
    printEvent(context, { type: "summary", changes: count, unchanged: update.unchanged } as { type: string });
  if (count === 0) {
    if (!json) context.stdout(`the catalog is as woow ${version} ships it\n`);
    return exitStatus.done;
  }
  if (flags.dryRun === true) {
    if (!json) context.stdout(`${plural(count, "file")} would change\n`);
    return exitStatus.done;
  }
  const yes = flags.yes === true;
  if (!yes) requireAnswers(context, json);
  const choice = await chooseChanges(update.changes, { isNamed: items.length > 0, yes, ask: askOnTerminal });
  const result = writeUpdate({ tree, writer: openDefinitionWriter(root) }, choice.taken);
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written: with these files the platform would not be valid\n");
    return exitStatus.failed;
  }
  const hint = "to replace a kept one, name it: woow catalog update ID --yes";
  printChoice(choice, { context, json, hint });
  if (result.stalePins > 0 && !json) {
    context.stdout(`${plural(result.stalePins, "service")} must follow its chart now: woow upgrade --all\n`);
  }
  return choice.kept.length > 0 ? exitStatus.partly : exitStatus.done;
}

/** Without a terminal nobody can be asked, so `--yes` must say it. Errors: `needs-terminal`. */
export function requireAnswers(context: CliContext, json: boolean): void {
  if (context.canAsk && !json) return;
  throw new OperationError("needs-terminal", "nothing was written: nobody can be asked here", {
    hint: "look at the diff, then run again with --yes; --dry-run only shows it",
  });
}

/** One yes or no question; no is the default. */
export async function askOnTerminal(message: string): Promise<boolean> {
  const { confirm } = await import("@inquirer/prompts");
  return confirm({ message, default: false });
}

import type { ShippedChange, ShippedUpdate } from "../../operations/catalog/update-catalog.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural } from "../print/print-problems.ts";
import { formatDiff } from "../print/unified-diff.ts";

/** Prints what an update would change: a diff per file, or an event per file. */
export function printUpdate(
  { changes, notShipped }: ShippedUpdate,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (json) {
    for (const change of changes) {
      const { path, item, outcome } = change;
      const diff = formatDiff(change, { path, colors: false });
      printEvent(context, { type: "file", path, item, outcome, diff } as { type: string });
    }
    for (const path of notShipped) {
      printEvent(context, { type: "file", path, outcome: "not-shipped" } as { type: string });
    }
    return;
  }
  for (const change of changes) {
    context.stdout(formatDiff(change, { path: change.path, colors: context.colors.stdout, escapes: true }));
  }
  if (changes.length > 0) context.stdout("\n");
  if (notShipped.length > 0)
    context.stdout(`left alone, not shipped with woow: ${escapeControls(notShipped.join(", "))}\n`);
}

/** What to take, and what stays as it is. */
export interface Choice {
  readonly taken: readonly ShippedChange[];
  readonly kept: readonly ShippedChange[];
}

/** Who decides about files that differ. */
export interface ChoiceOptions {
  /** True: the caller named what to replace, so `--yes` covers what differs as well. */
  readonly isNamed: boolean;
  readonly yes: boolean;
  /** Asks one question; only called where questions may be asked. */
  readonly ask: (question: string) => Promise<boolean>;
}

/** Goes through the changes: new files in one question, files that differ item by item. */
export async function chooseChanges(
  changes: readonly ShippedChange[],
  { isNamed, yes, ask }: ChoiceOptions,
): Promise<Choice> {
  const taken: ShippedChange[] = [];
  const kept: ShippedChange[] = [];
  const items = new Set(changes.filter(({ outcome }) => outcome === "differs").map(({ item }) => item));
  const news = changes.filter(({ item }) => !items.has(item));
  if (news.length > 0) {
    const accepted = yes || (await ask(`Add ${plural(news.length, "new file")}?`));
    (accepted ? taken : kept).push(...news);
  }
  for (const item of [...items].sort()) {
    const files = changes.filter((change) => change.item === item);
    const accepted = yes
      ? isNamed
      : await ask(`Replace ${item} with the shipped one? Your own changes in it are lost.`);
    (accepted ? taken : kept).push(...files);
  }
  return { taken, kept };
}

/** Prints what was done. */
export function printChoice(
  { taken, kept }: Choice,
  { context, json, hint }: { readonly context: CliContext; readonly json: boolean; readonly hint: string },
): void {
  if (json) {
    for (const { path } of taken) printEvent(context, { type: "written", path } as { type: string });
    for (const { path } of kept) printEvent(context, { type: "kept", path } as { type: string });
    return;
  }
  for (const { path, outcome } of taken) {
    context.stdout(`${outcome === "new" ? "created" : "replaced"} ${escapeControls(path)}\n`);
  }
  for (const { path } of kept) context.stdout(`kept ${escapeControls(path)} as it is\n`);
  context.stdout(`${plural(taken.length, "file")} written\n`);
  if (kept.length > 0) context.stdout(`${hint}\n`);
}

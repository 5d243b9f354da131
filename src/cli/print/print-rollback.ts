import type { RollbackBrief } from "../../operations/cluster/rollback/prepare-rollback.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { createPainter } from "./style.ts";
import { formatDiff } from "./unified-diff.ts";

/** What a rollback brings back and what it cannot, before anybody says yes. */
export function printRollbackBrief(
  { unit, to, path, edit, isNew, hold, notes }: RollbackBrief,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (json) {
    const summary = {
      type: "rollback",
      unit,
      to: to.number,
      helm_revision: to.end?.helmRevision,
      file: path,
      writes_file: edit !== undefined,
      holds: hold !== undefined,
      notes,
    };
    printEvent(context, summary);
    return;
  }
  const paint = createPainter(context.colors.stdout);
  const [head = "", ...rest] = notes;
  context.stdout(`${paint("bold", escapeControls(head))}\n`);
  for (const note of rest) context.stdout(`  ${escapeControls(note)}\n`);
  if (edit === undefined) context.stdout(`  ${path} says it already\n`);
  else {
    const before = isNew ? undefined : edit.before;
    context.stdout(
      `\n${formatDiff({ before, after: edit.after }, { path, colors: context.colors.stdout, escapes: true })}`,
    );
  }
  if (hold !== undefined)
    context.stdout(`  on hold until git says it: commit ${path}; woow resume ${unit} lifts the hold\n`);
  context.stdout("\n");
}

import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { createPainter } from "./style.ts";

interface PrintedFile {
  readonly path: string;
  readonly unit: string;
  readonly outcome: string;
}

/** Outcomes worth a line of their own, and what to say behind them. */
const notes: Readonly<Record<string, string>> = {
  kept: "is gone from git, but stays deployed; --remove-unit removes it with its volumes",
  tombstoned:
    "goes with its objects and volumes as soon as K3s reads the file; run again later to clear it away",
  waiting: "was removed, but K3s may not have read it yet; run again later to clear the file away",
};

/** Which files changed. Unchanged ones are only counted. */
export function printFiles(
  files: readonly PrintedFile[],
  { context, json, target }: { context: CliContext; json: boolean; target: string },
): void {
  const counts = new Map<string, number>();
  for (const { outcome } of files) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  if (json) {
    for (const file of files) printEvent(context, { type: "file", ...file });
    printEvent(context, { type: "summary", ok: true, target, ...Object.fromEntries(counts) } as {
      type: string;
    });
    return;
  }
  const paint = createPainter(context.colors.stdout);
  const color = {
    created: "green",
    configured: "yellow",
    pruned: "red",
    kept: "red",
    tombstoned: "red",
  } as const;
  for (const { path, unit, outcome } of files) {
    if (outcome === "unchanged") continue;
    const painted = outcome in color ? paint(color[outcome as keyof typeof color], outcome) : outcome;
    const note = notes[outcome];
    context.stdout(
      `${painted} ${escapeControls(path)}${note === undefined ? "" : `: ${escapeControls(unit)} ${note}`}\n`,
    );
  }
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  context.stdout(
    `${plural(files.length, "file")} in ${escapeControls(target)}: ${summary === "" ? "nothing to do" : summary}\n`,
  );
}

import type { ApplyReport } from "../../operations/cluster/apply.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { printProblems } from "./print-problems.ts";
import { holdWords } from "./plan-words.ts";
import { printRefusals } from "./print-plan.ts";
import { createPainter } from "./style.ts";

/** The exit status a run ends with; the worst of several wins. */
export function applyStatus(report: ApplyReport): number {
  switch (report.type) {
    case "problems":
      return exitStatus.failed;
    case "refused":
    case "stale":
      return exitStatus.refused;
    case "declined":
      return exitStatus.failed;
    case "done": {
      const { leftAlone, lostPolicies } = report;
      const outcomes = [...report.units].flatMap(([unit, { outcome }]) =>
        leftAlone.has(unit) ? [] : [outcome],
      );
      const bad = outcomes.filter((outcome) => ["failed", "skipped", "cancelled", "kept"].includes(outcome));
      const good = outcomes.filter((outcome) => ["applied", "removed"].includes(outcome));
      if (bad.length > 0)
        return good.length > 0 || bad.includes("kept") ? exitStatus.partly : exitStatus.failed;
      if (report.isCancelled || lostPolicies.length > 0) return exitStatus.partly;
      if (leftAlone.size > 0) return good.length > 0 ? exitStatus.partly : exitStatus.refused;
      const waiting = [...report.statuses.values()].some(({ state }) => state !== "running");
      return waiting ? exitStatus.notRunning : exitStatus.done;
    }
  }
}

/** What came of a run, in the end. */
export function printApplyReport(
  report: ApplyReport,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  switch (report.type) {
    case "problems":
      printProblems(report.problems, { context, json });
      if (!json) context.stderr("nothing was written\n");
      break;
    case "refused":
      printRefusals(report.plan.refusals, { context, json });
      if (!json) context.stderr("nothing was written\n");
      break;
    case "stale":
      printStale(report, context, json);
      break;
    case "declined":
      if (!json) context.stderr("stopped; nothing was written\n");
      break;
    case "done":
      printProblems(report.problems, { context, json });
      if (!json) printDone(report, context);
  }
  if (json) printEvent(context, { type: "summary", ...summarize(report) });
}

function printStale(
  { items }: Extract<ApplyReport, { type: "stale" }>,
  context: CliContext,
  json: boolean,
): void {
  if (json) {
    for (const item of items) printEvent(context, { ...item, type: "stale" });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  context.stderr(`${paint(["red", "bold"], "error")}: the plan is not true any more\n`);
  for (const { message } of items) context.stderr(`  ${escapeControls(message)}\n`);
  context.stderr(`  ${paint("cyan", "hint")}: make a new plan; nothing was written\n`);
}

function printDone(report: Extract<ApplyReport, { type: "done" }>, context: CliContext): void {
  const paint = createPainter(context.colors.stdout);
  const outcomes = [...report.units.values()].map(({ outcome }) => outcome);
  const count = (...names: readonly string[]) => outcomes.filter((outcome) => names.includes(outcome)).length;
  const states = [...report.statuses.values()];
  const running = states.filter(({ state }) => state === "running").length;
  const parts = [
    [count("applied"), "applied"],
    [count("removed"), "removed"],
    [count("kept"), "kept back"],
    [count("held"), "on hold"],
    [count("failed"), "failed"],
    [count("skipped", "cancelled"), "not done"],
  ] as const;
  const work = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const summary = work.length === 0 ? "nothing to change" : work.join(", ");
  const health =
    states.length === 0
      ? ""
      : `; ${running} of ${states.length} ${states.length === 1 ? "service" : "services"} running`;
  const good = applyStatus(report) === exitStatus.done;
  context.stdout(`${paint(good ? "green" : "yellow", `${summary}${health}`)}\n`);
  // what stays as it is may be wrong all the same, and nobody is shown the plan of a run that has nothing to do
  for (const { address, changes, notes } of report.plan.units) {
    if (changes.some(({ action }) => action !== "none")) continue;
    for (const note of notes)
      context.stdout(`${paint("cyan", "note")}: ${address}: ${escapeControls(note)}\n`);
  }
  for (const { address, hold } of report.plan.units) {
    if (hold === undefined) continue;
    context.stdout(`${address} is left alone: ${escapeControls(holdWords(hold))}\n`);
    context.stdout(`  ${paint("cyan", "hint")}: woow resume ${address} lifts the hold\n`);
  }
  for (const status of states) {
    if (status.reason === undefined) continue;
    context.stdout(`${status.unit}: ${status.state}: ${escapeControls(status.reason.message)}\n`);
    context.stdout(`  ${paint("cyan", "hint")}: ${escapeControls(status.reason.hint)}\n`);
  }
  printLostPolicies(report, context);
  if (report.isCancelled)
    context.stderr("stopped on request; what was done is recorded, run it again to go on\n");
}

function printLostPolicies(
  { lostPolicies }: Extract<ApplyReport, { type: "done" }>,
  context: CliContext,
): void {
  if (lostPolicies.length === 0) return;
  const paint = createPainter(context.colors.stderr);
  context.stderr(
    `${paint(["red", "bold"], "error")}: tenants are not kept apart as they should be: after the charts of this run admission policies do not stand\n`,
  );
  for (const { ref, what } of lostPolicies)
    context.stderr(`  ${ref.kind} ${escapeControls(ref.name)} ${lostWords[what]}\n`);
  context.stderr(
    `  ${paint("cyan", "hint")}: a chart of this run may have done it: look at what it made (helm get all) before anything else; ` +
      "woow apply of the whole platform puts them back\n",
  );
}

const lostWords = { gone: "is gone", changed: "is changed", unknown: "could not be read" } as const;

function summarize(report: ApplyReport): object {
  const status = applyStatus(report);
  if (report.type !== "done") return { ok: false, outcome: report.type, exit_status: status };
  return {
    ok: status === exitStatus.done,
    outcome: report.type,
    exit_status: status,
    units: [...report.units].map(([unit, { outcome, revision }]) => ({ unit, outcome, revision })),
    held: report.plan.units.filter(({ hold }) => hold !== undefined).map(({ address }) => address),
    services: [...report.statuses.values()].map(({ unit, state }) => ({ unit, state })),
    lost_policies: report.lostPolicies.map(({ ref, what }) => ({ kind: ref.kind, name: ref.name, what })),
  };
}

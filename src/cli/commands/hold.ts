import { OperationError } from "../../errors.ts";
import { holdUnit } from "../../operations/cluster/hold-unit.ts";
import type { HoldReport } from "../../operations/cluster/hold-unit.ts";
import type { Hold } from "../../plan/inventory.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { readLock } from "./apply.ts";
import type { WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import { drainEvents } from "./drain-events.ts";

export interface SuspendFlags extends WritingFlags {
  readonly reason: string;
}

/** woow suspend: apply and reconcile leave the unit alone. */
export async function runSuspend(unit: string, flags: SuspendFlags, context: CliContext): Promise<number> {
  if (flags.reason.trim() === "") {
    throw new OperationError("usage", "a suspension needs a reason", {
      hint: 'say --reason "why"; the next person reads it in woow status',
    });
  }
  const report = await runHold({ unit, reason: flags.reason }, flags, context);
  print(report, { flags, context, sentence: report.isChanged ? "suspended" : "suspended already" });
  if (flags.json !== true && report.unheld.length > 0) {
    const them = escapeControls(report.unheld.join(", "));
    context.stderr(
      `its namespace, quota, policies and roles are left alone; its services go on being applied: ${them}\n` +
        "  hint: woow suspend WORKSPACE/SERVICE holds one of them\n",
    );
  }
  return exitStatus.done;
}

/** woow resume: lifts a suspension, or the hold of a rollback. */
export async function runResume(unit: string, flags: WritingFlags, context: CliContext): Promise<number> {
  const report = await runHold({ unit, reason: undefined }, flags, context);
  const { before } = report;
  const sentence = before === undefined ? "not on hold" : `no longer on hold (${describeHold(before)})`;
  print(report, { flags, context, sentence });
  return exitStatus.done;
}

async function runHold(
  { unit, reason }: { readonly unit: string; readonly reason: string | undefined },
  flags: WritingFlags,
  context: CliContext,
): Promise<HoldReport> {
  if (flags.allClusters === true) {
    throw new OperationError("usage", "a unit is in one cluster", { hint: "leave out --all-clusters" });
  }
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const lock = readLock(flags, context);
    const run = holdUnit(deps, { unit, cluster: flags.cluster, reason, lock });
    return await drainEvents(
      run,
      createApplyPrinter(context, { json: flags.json === true, signal: deps.signal }),
    );
  } finally {
    end();
  }
}

function print(
  { unit, isChanged, unheld }: HoldReport,
  {
    flags,
    context,
    sentence,
  }: { readonly flags: WritingFlags; readonly context: CliContext; readonly sentence: string },
): void {
  if (flags.json === true)
    printEvent(context, { type: "summary", ok: true, unit, changed: isChanged, unheld } as { type: string });
  else context.stdout(`${unit} is ${sentence}\n`);
}

function describeHold(hold: Hold): string {
  const since = `by ${hold.by} since ${hold.at}`;
  return hold.type === "suspended"
    ? `suspended ${since}: ${hold.reason}`
    : `rolled back to ${hold.revision} ${since}`;
}

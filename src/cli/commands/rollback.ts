import { OperationError } from "../../errors.ts";
import { noDecisions } from "../../plan/plan-decisions.ts";
import { rollbackUnit } from "../../operations/cluster/rollback/rollback.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { applyStatus, printApplyReport } from "../print/print-apply-report.ts";
import { printRollbackBrief } from "../print/print-rollback.ts";
import { confirmPlan, readLock, readWait } from "./apply.ts";
import type { WaitingFlags, WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import { drainEvents } from "./drain-events.ts";
import { readNumber } from "./revisions.ts";

export interface RollbackFlags extends WritingFlags, WaitingFlags {
  readonly allowOverQuota?: boolean;
}

/** woow rollback: brings a unit back to one of its revisions, in the cluster and in its file. */
export async function runRollback(
  target: { readonly unit: string; readonly number: string },
  flags: RollbackFlags,
  context: CliContext,
): Promise<number> {
  if (flags.allClusters === true) {
    throw new OperationError("usage", "a unit is in one cluster", { hint: "leave out --all-clusters" });
  }
  const number = readNumber(target.number);
  const json = flags.json === true;
  const { deps, contextOf, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const run = rollbackUnit(deps, {
      unit: target.unit,
      number,
      cluster: flags.cluster,
      decisions: flags.allowOverQuota === true ? { ...noDecisions, overQuota: "allow" } : noDecisions,
      wait: readWait(flags),
      lock: readLock(flags, context),
      confirm: async (plan, brief) => {
        printRollbackBrief(brief, { context, json });
        return confirmPlan(plan, { flags, context, contextOf });
      },
    });
    const { report, brief, isWritten } = await drainEvents(
      run,
      createApplyPrinter(context, { json, signal: deps.signal }),
    );
    printApplyReport(report, { context, json });
    const status = applyStatus(report);
    if (report.type !== "done" || isWritten || brief === undefined) return status;
    if (!json) context.stderr(`${brief.path} is as it was; woow rollback ${brief.unit} ${number} goes on\n`);
    return Math.max(status, exitStatus.failed);
  } finally {
    end();
  }
}

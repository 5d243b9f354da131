import type { ApplyEvent } from "../../../apply/event.ts";
import { OperationError } from "../../../errors.ts";
import type { Plan } from "../../../plan/change.ts";
import type { PlanDecisions } from "../../../plan/plan-decisions.ts";
import { applyPlatform } from "../apply.ts";
import type { ApplyOptions, ApplyReport } from "../apply.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { prepareRollback } from "./prepare-rollback.ts";
import type { RollbackBrief, RollbackTarget } from "./prepare-rollback.ts";

export interface RollbackOptions extends RollbackTarget {
  readonly decisions: PlanDecisions;
  readonly wait: ApplyOptions["wait"];
  readonly lock: ApplyOptions["lock"];
  /** Asked once, before the first write, with what will happen to the cluster and to the file. */
  readonly confirm: (plan: Plan, brief: RollbackBrief) => ReturnType<ApplyOptions["confirm"]>;
}

export interface RollbackReport {
  readonly report: ApplyReport;
  /** Undefined when a problem came first. */
  readonly brief: RollbackBrief | undefined;
  /** True when the file says now what the cluster was told. */
  readonly isWritten: boolean;
}

/**
 * Brings a unit back to one of its revisions: the file it was made from is made anew for today's catalog and keys,
 * applied like any other, and written back.
 *
 * The order is for runs that die: first the inventory holds the unit, then the cluster changes, then the file. Dead before
 * the file, the hold keeps everybody from undoing the cluster's side, git is as it was, and the same command goes on where
 * it stopped. The other way round there would be a moment in which the cluster has been rolled back without a hold,
 * and a refusal (conflict, lock, budget) would leave a file behind that says what never happened.
 * Errors: those of prepareRollback and applyPlatform.
 */
export async function* rollbackUnit(
  deps: ClusterDeps,
  options: RollbackOptions,
): AsyncGenerator<ApplyEvent, RollbackReport> {
  const prepared = await prepareRollback(deps, options);
  if (!prepared.ok) {
    return { report: { type: "problems", problems: prepared.problems }, brief: undefined, isWritten: false };
  }
  const { brief } = prepared;
  const { unit } = brief;
  const run = applyPlatform(deps, {
    selection: unit.includes("/")
      ? { clusters: [], workspaces: [], services: [unit] }
      : { clusters: [], workspaces: [unit], services: [], withoutServices: true },
    cluster: brief.cluster,
    decisions: { ...options.decisions, endRollbackHolds: [unit] },
    command: "rollback",
    tree: brief.tree,
    removal: { mode: "keep-data" },
    wait: options.wait,
    lock: options.lock,
    confirm: async (plan) => {
      checkSuspended(plan, unit);
      return options.confirm(plan, brief);
    },
    rollbackTo: brief.to.number,
    ...(brief.hold === undefined ? {} : { holds: new Map([[unit, brief.hold]]) }),
  });
  let isWritten = brief.edit === undefined;
  for (;;) {
    const next = await run.next();
    if (next.done === true) {
      if (next.value.type === "done") checkSuspended(next.value.plan, unit);
      const isDone = next.value.type === "done" && isBroughtBack(next.value.units.get(unit)?.outcome);
      if (!isWritten && isDone) yield writeFile(deps, brief);
      return { report: next.value, brief, isWritten: isWritten || isDone };
    }
    yield next.value;
    // before waiting for the app to run, which takes minutes in which a run can die
    const { value } = next;
    if (!isWritten && value.type === "unit-finished" && value.unit === unit && isBroughtBack(value.outcome)) {
      yield writeFile(deps, brief);
      isWritten = true;
    }
  }
}

type UnitOutcome = Extract<ApplyEvent, { type: "unit-finished" }>["outcome"];

/** Nothing of it failed: what is in the cluster is what the file will say. */
function isBroughtBack(outcome: UnitOutcome | undefined): boolean {
  return outcome === undefined || outcome === "applied" || outcome === "unchanged" || outcome === "running";
}

function writeFile({ writer }: ClusterDeps, { unit, path, edit, isNew }: RollbackBrief): ApplyEvent {
  if (edit === undefined) return { type: "step", unit, message: `${path} says it already` };
  if (isNew) writer.create(new Map([[path, edit.after]]));
  else writer.replace([edit]);
  return {
    type: "step",
    unit,
    message: `wrote ${path}; commit it, the unit is on hold until git says it too`,
  };
}

/** Errors: `refused`. */
function checkSuspended(plan: Plan, unit: string): void {
  const hold = plan.units.find(({ address }) => address === unit)?.hold;
  if (hold?.type !== "suspended") return;
  throw new OperationError("refused", `${unit} is suspended by ${hold.by}: ${hold.reason}`, {
    subject: unit,
    hint: `woow resume ${unit} first`,
  });
}

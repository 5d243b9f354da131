import type { ApplyEvent } from "../../apply/event.ts";
import type { Plan, UnitPlan } from "../../plan/change.ts";
import type { Selection } from "../select-units.ts";
import type { UnitReport } from "./run-units.ts";

/**
 * Units that nothing is done to although that was asked for: on hold and named one by one, or blocked. A hold that is
 * only in the way of a larger selection is what it is for.
 */
export function findLeftAlone(units: readonly UnitPlan[], selection: Selection): ReadonlySet<string> {
  const named = new Set([...selection.services, ...selection.workspaces]);
  const found = units.filter(
    ({ address, hold, blocked }) => blocked !== undefined || (hold !== undefined && named.has(address)),
  );
  return new Set(found.map(({ address }) => address));
}

/** How the work ends for a unit that nothing can be done to now; of a workspace that is said once. */
export function blockedReport({ address, blocked }: UnitPlan): UnitReport {
  return {
    outcome: address.includes("/") && !ownFailures.has(blocked?.code ?? "") ? "skipped" : "failed",
    message: blocked?.message,
    hint: blocked?.hint,
    revision: undefined,
    droppedRelease: undefined,
  };
}

/** What stops a service alone; otherwise it is its workspace that fails. */
const ownFailures: ReadonlySet<string> = new Set(["quota", "unverified-chart"]);

/** Tells of units that were blocked before any work began, and gives their reports beside those of the work. */
export function* tellBlocked(
  { units }: Plan,
  done: ReadonlyMap<string, UnitReport>,
): Generator<ApplyEvent, ReadonlyMap<string, UnitReport>> {
  const reports = new Map(done);
  for (const unit of units) {
    if (unit.blocked === undefined || reports.has(unit.address)) continue;
    const report = blockedReport(unit);
    reports.set(unit.address, report);
    const { outcome, message, hint } = report;
    yield {
      type: "unit-finished",
      unit: unit.address,
      outcome,
      ...(message === undefined ? {} : { message }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
  return reports;
}

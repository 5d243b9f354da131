import type { Change, Plan, UnitPlan } from "../../plan/change.ts";
import type { ReconcileEvent } from "./reconcile-event.ts";

/** Drift as it is told; `policy` comes from the unit's definition. */
export type DriftEvent = Extract<ReconcileEvent, { type: "drift" }>;

/** What somebody changed, took away or added, by a plan that would put it right. */
export function findDrift(plan: Plan, policyOf: (unit: string) => DriftEvent["policy"]): DriftEvent[] {
  return plan.units
    .filter(({ hold }) => hold === undefined)
    .flatMap((unit) => unit.changes.flatMap((change) => driftOf(change, unit) ?? []))
    .map((event) => ({ ...event, policy: policyOf(event.unit) }));
}

/** Of a unit of which nothing is there nothing was taken away: it was never made, or its making was cut short. */
function isThere({ changes }: UnitPlan): boolean {
  return changes.some(({ action }) => action !== "create");
}

function driftOf(change: Change, unit: UnitPlan): Omit<DriftEvent, "policy"> | undefined {
  const { address, intent } = unit;
  if (change.action === "none" || intent === "remove") return undefined;
  const { ref, reason } = change;
  const base = { type: "drift", unit: address, ref } as const;
  if (reason === "missing" && !isThere(unit)) return undefined;
  if (reason === "missing") return { ...base, what: "missing", fields: [] };
  if (reason === "foreign") {
    const live = change.action === "prune" ? change.live : undefined;
    const [by] = [...(live?.metadata.managedFields ?? [])].reverse();
    return { ...base, what: "foreign", fields: [{ path: "", manager: by?.manager, at: by?.time }] };
  }
  // git may have moved as well; what another manager set is drift all the same
  const fields = change.fields
    .filter(({ changedBy }) => reason === "drift" || changedBy !== undefined)
    .map(({ path, changedBy }) => ({ path, manager: changedBy?.manager, at: changedBy?.at }));
  if (reason === "drift" || fields.length > 0) return { ...base, what: "changed", fields };
  return undefined;
}

/** `platform`, or the workspace of a unit. */
export function ownerOfUnit(unit: string): string {
  return unit.split("/", 1)[0] ?? unit;
}

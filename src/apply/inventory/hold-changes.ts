import type { Plan } from "../../plan/change.ts";
import type { Hold, Inventory } from "../../plan/inventory.ts";
import { findRecord } from "./inventory-changes.ts";

export interface HoldInputs {
  readonly inventory: Inventory;
  readonly plan: Plan;
  /** Holds that a command sets or lifts. */
  readonly holds: ReadonlyMap<string, Hold | undefined> | undefined;
  /** True for a unit whose file differs from the commit: what is not committed ends no hold. */
  readonly isUncommitted: (unit: string) => boolean;
}

/** Holds that a command sets or lifts and that are not stored so yet, whoever set them and when. */
export function findNewHolds({
  inventory,
  holds,
}: Omit<HoldInputs, "plan" | "isUncommitted">): ReadonlyMap<string, Hold | undefined> {
  return new Map(
    [...(holds ?? [])].filter(([unit, hold]) => !isSameHold(findRecord(inventory, unit)?.hold, hold)),
  );
}

/**
 * Units whose rollback is over, because git says something else by now than what was rolled back from. The hold goes,
 * so that it does not come back to life when git returns to that.
 */
export function findEndedHolds({ inventory, plan, holds, isUncommitted }: HoldInputs): ReadonlySet<string> {
  const ended = plan.units.filter(
    ({ address, intent, hold, blocked }) =>
      intent === "apply" &&
      hold === undefined &&
      blocked === undefined &&
      findRecord(inventory, address)?.hold?.type === "rollback" &&
      holds?.has(address) !== true &&
      !isUncommitted(address),
  );
  return new Set(ended.map(({ address }) => address));
}

/** What recordIntent is to write about holds. */
export function changeHolds(inputs: HoldInputs): ReadonlyMap<string, Hold | undefined> {
  const ended = [...findEndedHolds(inputs)].map((unit) => [unit, undefined] as const);
  return new Map<string, Hold | undefined>([...ended, ...findNewHolds(inputs)]);
}

function isSameHold(a: Hold | undefined, b: Hold | undefined): boolean {
  if (a?.type === "rollback" && b?.type === "rollback")
    return a.revision === b.revision && a.whileDefinition === b.whileDefinition;
  if (a?.type === "suspended" && b?.type === "suspended") return a.reason === b.reason;
  return a === undefined && b === undefined;
}

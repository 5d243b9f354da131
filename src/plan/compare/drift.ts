import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { Comparison, Difference } from "./comparison.ts";
import type { FieldPlace } from "./field-place.ts";
import type { PlanDecisions } from "../plan-decisions.ts";
import { decideField } from "./resolve-conflicts.ts";

/**
 * True when somebody changed the live object, false when git says something new. What we still own is as we wrote it,
 * so git moved; what somebody else holds instead of us, that one changed. A field that is simply gone looks like one
 * that git just brought: it counts as git's, so that it is put back.
 */
export function isDrift({ type, owned, holders }: Difference): boolean {
  if (type === "added") return true;
  return !owned && holders.length > 0;
}

/** The places of drift that are only shown: all where the policy is `report`, but those a person said to take. */
export function leaveDrift(
  { differences }: Comparison,
  { ref, decisions }: { readonly ref: ObjectRef; readonly decisions: PlanDecisions },
): FieldPlace[] {
  return differences
    .filter((difference) => isDrift(difference))
    .map(({ place }) => place)
    .filter(({ text }) => decideField({ ref, field: text }, decisions) !== "take");
}

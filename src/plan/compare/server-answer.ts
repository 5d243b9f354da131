import type { LiveObject } from "../../cluster/live-object.ts";
import type { Difference } from "./comparison.ts";
import { equalValues } from "./equal-values.ts";
import { ownFields } from "./field-holders.ts";
import { isMap } from "./field-place.ts";
import type { Answer } from "../plan-input.ts";

/** True when a dry run shows that nothing would become different, who owns what included. */
export function isSameObject(live: LiveObject, answer: LiveObject): boolean {
  return (
    equalValues(contentOf(answer), contentOf(live)) &&
    equalValues(ownFields(answer) ?? null, ownFields(live) ?? null)
  );
}

/** All of an object but its status and the server's bookkeeping. */
export function contentOf({
  metadata,
  status: _status,
  ...rest
}: LiveObject): Readonly<Record<string, unknown>> {
  const {
    labels = {},
    annotations = {},
    ownerReferences = [],
    finalizers = [],
    deletionTimestamp,
  } = metadata;
  return {
    ...rest,
    labels,
    annotations,
    ownerReferences,
    finalizers,
    deletionTimestamp: deletionTimestamp ?? "",
  };
}

/** The list cannot tell a change from another way to write the same, such as a quantity; the server can. */
export function differencesByServer(
  differences: readonly Difference[],
  live: LiveObject,
  answer: Answer | undefined,
): readonly Difference[] {
  if (answer?.type !== "written") return differences;
  const { object } = answer;
  return differences.filter(({ type, place: { steps } }) => {
    const isPlain = steps.every((step) => step.startsWith("f:"));
    return type !== "changed" || !isPlain || !equalValues(valueAt(object, steps), valueAt(live, steps));
  });
}

function valueAt(object: LiveObject, steps: readonly string[]): unknown {
  let value: unknown = object;
  for (const step of steps) value = isMap(value) ? value[step.slice(2)] : undefined;
  return value ?? null;
}

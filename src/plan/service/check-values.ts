import { labelRef } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { getValue, parseHelmPath } from "../../model/helm-values.ts";
import type { HelmValues } from "../../model/helm-values.ts";
import { parseQuantity } from "../../model/quantity.ts";
import type { Refusal } from "../change.ts";
import type { DesiredService } from "../desired-unit.ts";

/** What a running service has, and what git wants of it. */
export interface ValuesPair {
  readonly unit: string;
  readonly ref: ObjectRef;
  readonly service: DesiredService;
  readonly live: HelmValues;
  readonly desired: HelmValues;
}

/**
 * Values that must not change after the first apply, and those that may only grow: the chart, or what it keeps on its
 * volumes, would not follow. Values themselves are not told: some are secret.
 */
export function checkValues({ unit, ref, service, live, desired }: ValuesPair): Refusal[] {
  const { createOnlyKeys, expandOnlyKeys, storageKeys } = service;
  const fixed = new Set([...createOnlyKeys, ...storageKeys.filter((key) => !expandOnlyKeys.includes(key))]);
  const refusals: Refusal[] = [];
  for (const key of fixed) {
    const [before, after] = [valueAt(live, key), valueAt(desired, key)];
    if (before === undefined || JSON.stringify(before) === JSON.stringify(after)) continue;
    const what = after === undefined ? "is gone" : "is another";
    refusals.push({
      code: "create-only",
      unit,
      ref,
      message: `${unit}: ${key} cannot change after the first apply, and git's value ${what} (${labelRef(ref)})`,
      hint: "write the old value back, or make a new service and move the data",
    });
  }
  for (const key of expandOnlyKeys) {
    const [before, after] = [valueAt(live, key), valueAt(desired, key)];
    if (before === undefined || JSON.stringify(before) === JSON.stringify(after)) continue;
    const [from, to] = [parseAmount(before), parseAmount(after)];
    if (from !== undefined && to !== undefined && to >= from) continue;
    refusals.push({
      code: "shrink",
      unit,
      ref,
      message: `${unit}: ${key} may only grow, from ${showAmount(before)}, not to ${showAmount(after)}`,
      hint: "write at least the old value; data is not thrown away to make a volume smaller",
    });
  }
  return refusals;
}

function valueAt(values: HelmValues, key: string): unknown {
  return getValue(values, parseHelmPath(key) ?? [key]);
}

/** A Kubernetes quantity or a number; undefined for anything else. */
export function parseAmount(value: unknown): number | undefined {
  return typeof value === "number" ? value : parseQuantity(value);
}

function showAmount(value: unknown): string {
  return parseAmount(value) === undefined ? "what it is" : String(value);
}

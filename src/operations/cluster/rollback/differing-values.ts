import type { Json } from "../../../definitions/convert.ts";
import { getValue, isMapValue, setValue, startsWith } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { Service } from "../../../model/service.ts";

/** One chart value that today's catalog gives another value than it had. */
export interface DifferingValue {
  readonly steps: readonly string[];
  /** What it was; undefined when there was none. */
  readonly before: Json | undefined;
}

/** Maps are compared deeply, everything else (lists too) as a whole, as Helm merges. */
export function findDiffering(
  before: Json | undefined,
  now: Json | undefined,
  steps: readonly string[] = [],
): DifferingValue[] {
  if (isMapValue(before) && (isMapValue(now) || (now === undefined && Object.keys(before).length > 0))) {
    const other = now ?? {};
    const keys = new Set([...Object.keys(before), ...Object.keys(other)]);
    return [...keys].flatMap((key) =>
      findDiffering(getValue(before, [key]), getValue(other, [key]), [...steps, key]),
    );
  }
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ steps, before }];
}

/** What a service's file must say so that its chart values are what they were. */
export interface PinnedValues {
  readonly helmValues: Readonly<Record<string, Json>>;
  readonly rawValues: HelmValues;
  readonly resources: Readonly<Record<string, number>>;
  /** Paths that no file can bring back: a value that is there now and was not, and secrets. */
  readonly lost: readonly (readonly string[])[];
}

/**
 * Where each value belongs: a value spec's under helm_values, a size under resources, anything else under raw_values.
 * `values` are all chart values as they were, `before` the service as it was, `now` as today's catalog makes it.
 */
export function pinValues(
  differing: readonly DifferingValue[],
  { values, before, now }: { readonly values: HelmValues; readonly before: Service; readonly now: Service },
): PinnedValues {
  const helmValues: Record<string, Json> = {};
  const rawValues: { [key: string]: Json } = {};
  const resources: Record<string, number> = {};
  const lost: (readonly string[])[] = [];
  const { specs, containerKeys, storageKeys } = now.template;
  const { allocated } = before;
  for (const { steps, before: value } of differing) {
    const spec = specs.find((one) => startsWith(steps, one.steps));
    if (value === undefined || spec?.type === "password") lost.push(steps);
    else if (spec !== undefined) helmValues[spec.key] = getValue(values, spec.steps) ?? value;
    else if (containerKeys.some((key) => startsWith(steps, key.steps))) {
      resources["vcpu"] = allocated.vcpu;
      resources["ram_gb"] = allocated.ramGb;
      resources["limits_vcpu"] = allocated.limitsVcpu;
      resources["limits_ram_gb"] = allocated.limitsRamGb;
    } else if (storageKeys.some((key) => startsWith(steps, key.steps))) {
      resources["storage_gb"] = allocated.storageGb;
    } else if (!setValue(rawValues, steps, value)) lost.push(steps);
  }
  return { helmValues, rawValues, resources, lost };
}

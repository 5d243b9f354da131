import type { LiveObject } from "../../cluster/live-object.ts";
import { getValue, isMapValue } from "../../model/helm-values.ts";
import type { HelmValues } from "../../model/helm-values.ts";
import { mapSizes, quotaKeys, roundAmount } from "../../model/quota-use.ts";
import type { SizeKey, Template } from "../../model/template.ts";
import type { Quota } from "../../model/workspace.ts";
import { isMap } from "../compare/field-place.ts";
import { parseAmount } from "../service/check-values.ts";

const gibibyte = 2 ** 30;
/** As the model has it: limits are twice the requests unless somebody says otherwise. */
const limitFactor = 2;

/** What of a service's size can be told from its chart values; the rest is not in them. */
export function readSizes(values: HelmValues, template: Template): Partial<Quota> {
  const container = largest(template.containerKeys);
  const storage = largest(template.storageKeys);
  const found: Partial<Record<keyof Quota, number | undefined>> = {};
  if (container !== undefined) {
    const of = (group: string, name: string) => amountAt(values, container, [group, name]);
    found.vcpu = of("requests", "cpu");
    found.limitsVcpu = of("limits", "cpu");
    found.ramGb = toGibibytes(of("requests", "memory"));
    found.limitsRamGb = toGibibytes(of("limits", "memory"));
  }
  if (storage !== undefined) found.storageGb = toGibibytes(amountAt(values, storage, []));
  return Object.fromEntries(Object.entries(found).filter(([, amount]) => amount !== undefined));
}

/** What a template's services ask for when nobody says anything. */
export function leastSizes({ minResources, storageKeys }: Template): Quota {
  const { vcpu, ramGb, storageGb } = minResources;
  return {
    vcpu,
    ramGb,
    limitsVcpu: vcpu * limitFactor,
    limitsRamGb: ramGb * limitFactor,
    persistentVolumeClaims: storageKeys.length,
    storageGb,
  };
}

/** `hard` or `used` of a ResourceQuota; undefined when a number is missing or cannot be read. */
export function readQuota(amounts: unknown): Quota | undefined {
  const found = quotaKeys.map(({ resource, isBytes }) => {
    const amount = isMap(amounts) ? parseAmount(amounts[resource]) : undefined;
    return isBytes ? toGibibytes(amount) : amount;
  });
  if (found.includes(undefined)) return undefined;
  return mapSizes((key) => found[quotaKeys.indexOf(key)] ?? 0);
}

/** `status.used` of a live ResourceQuota. */
export function usedOf(quota: LiveObject | undefined): Quota | undefined {
  const status = quota?.["status"];
  return isMap(status) ? readQuota(status["used"]) : undefined;
}

/** `spec.hard` of a ResourceQuota, live or wanted. */
export function hardOf(quota: { readonly [key: string]: unknown } | undefined): Quota | undefined {
  const spec = quota?.["spec"];
  return isMap(spec) ? readQuota(spec["hard"]) : undefined;
}

/** Shares are rounded up where they are written, so the largest tells the whole best. */
function largest(keys: readonly SizeKey[]): SizeKey | undefined {
  return keys.toSorted((a, b) => b.share - a.share)[0];
}

function amountAt(values: HelmValues, key: SizeKey, below: readonly string[]): number | undefined {
  let value: unknown = getValue(values, key.steps);
  for (const step of below) value = isMapValue(value) ? value[step] : undefined;
  const amount = parseAmount(value);
  return amount === undefined ? undefined : roundAmount(amount / key.share);
}

function toGibibytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / gibibyte;
}

import type { Json } from "../definitions/convert.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { formatHelmPath, setValue } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import type { ProblemList } from "./problem-list.ts";
import { binaryQuantity, cpuQuantity, parseGibibytes } from "./quantity.ts";
import type { Allocation } from "./service.ts";
import type { SizeKey, Template } from "./template.ts";

/** Limits are twice the requests unless the service says otherwise. */
const limitFactor = 2;

/** What the service asks for, and the chart values that say so. */
export function resolveSizes(
  file: ServiceFile,
  template: Template,
  list: ProblemList,
): { allocated: Allocation; values: HelmValues } {
  const asked = file.value.resources ?? {};
  const vcpu = asked.vcpu ?? template.minResources.vcpu;
  const ramGb = asked.ram_gb ?? template.minResources.ramGb;
  const limitsVcpu = asked.limits_vcpu ?? vcpu * limitFactor;
  const limitsRamGb = asked.limits_ram_gb ?? ramGb * limitFactor;
  for (const [key, limit, request] of [
    ["limits_vcpu", limitsVcpu, vcpu],
    ["limits_ram_gb", limitsRamGb, ramGb],
  ] as const) {
    if (limit >= request) continue;
    list.add(file.source, ["resources", key], {
      code: "conflicting-values",
      message: `${key} ${limit} is below what the service asks for (${request})`,
      hint: "a limit is at least the request",
    });
  }
  for (const [key, written, least] of [
    ["vcpu", vcpu, template.minResources.vcpu],
    ["ram_gb", ramGb, template.minResources.ramGb],
  ] as const) {
    if (written >= least) continue;
    list.add(file.source, ["resources", key], {
      code: "quota-exceeded",
      severity: "warning",
      message: `${key} ${written} is less than the ${least} that ${template.name} needs`,
      hint: `write ${least} or more`,
    });
  }
  const storageGb = resolveStorage(file, template, list);
  const values: { [key: string]: Json } = {};
  for (const { steps, share } of template.containerKeys) {
    setValue(values, steps, {
      requests: { cpu: cpuQuantity(vcpu * share), memory: binaryQuantity(ramGb * share) },
      limits: { cpu: cpuQuantity(limitsVcpu * share), memory: binaryQuantity(limitsRamGb * share) },
    });
  }
  for (const { steps, share } of template.storageKeys) {
    if (isSpecValue(file, steps)) continue;
    setValue(values, steps, binaryQuantity(Math.ceil(storageGb * share)));
  }
  return {
    allocated: {
      vcpu,
      ramGb,
      storageGb,
      limitsVcpu,
      limitsRamGb,
      persistentVolumeClaims: template.storageKeys.length,
    },
    values,
  };
}

/**
 * A volume's size may be a value of the template as well (the specification's PostgreSQL has it so). Then
 * helm_values wins, and saying it twice with different numbers is a problem rather than a guess.
 */
function resolveStorage(file: ServiceFile, template: Template, list: ProblemList): number {
  const asked = file.value.resources?.storage_gb;
  const key = template.storageKeys.length === 1 ? template.storageKeys[0] : undefined;
  const written = key === undefined ? undefined : sizeInHelmValues(file, key);
  if (key !== undefined && written !== undefined) {
    if (asked !== undefined && asked !== written) {
      list.add(file.source, ["resources", "storage_gb"], {
        code: "conflicting-values",
        message: `storage_gb says ${asked}, helm_values ${formatHelmPath(key.steps)} says ${written}`,
        hint: "keep one of them",
      });
    }
    return written;
  }
  if (asked !== undefined) return asked;
  const spec = template.specs.find(
    ({ steps }) => key !== undefined && formatHelmPath(steps) === formatHelmPath(key.steps),
  );
  const fromSpec = typeof spec?.defaultValue === "string" ? parseGibibytes(spec.defaultValue) : undefined;
  return fromSpec ?? template.minResources.storageGb;
}

function sizeInHelmValues(file: ServiceFile, key: SizeKey): number | undefined {
  const value = file.value.helm_values?.[formatHelmPath(key.steps)];
  return typeof value === "string" ? parseGibibytes(value) : undefined;
}

function isSpecValue(file: ServiceFile, steps: readonly string[]): boolean {
  return file.value.helm_values?.[formatHelmPath(steps)] !== undefined;
}

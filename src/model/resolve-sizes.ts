import type { Json } from "../definitions/convert.ts";
import type { ServiceFile } from "../definitions/definition.ts";
import { formatHelmPath, parseHelmPath, setValue } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import type { ProblemList } from "./problem-list.ts";
import { binaryQuantity, cpuQuantity, parseGibibytes } from "./quantity.ts";
import type { Allocation } from "./service.ts";
import type { Template } from "./template.ts";

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
  const volumes = resolveStorage(file, template, list);
  const values: { [key: string]: Json } = {};
  for (const { steps, share } of template.containerKeys) {
    setValue(values, steps, {
      requests: { cpu: cpuQuantity(vcpu * share), memory: binaryQuantity(ramGb * share) },
      limits: { cpu: cpuQuantity(limitsVcpu * share), memory: binaryQuantity(limitsRamGb * share) },
    });
  }
  for (const { steps, gibibytes } of volumes.open) setValue(values, steps, binaryQuantity(gibibytes));
  return {
    allocated: {
      vcpu,
      ramGb,
      storageGb: volumes.storageGb,
      limitsVcpu,
      limitsRamGb,
      persistentVolumeClaims: template.storageKeys.length,
    },
    values,
  };
}

/** What volumes take together, and the sizes that are ours to write: those that helm_values does not. */
interface Volumes {
  readonly storageGb: number;
  readonly open: readonly { readonly steps: readonly string[]; readonly gibibytes: number }[];
}

/**
 * A volume's size may be a value of the template as well (the specification's PostgreSQL has it so). Then
 * helm_values wins, and saying it twice with different numbers is a problem rather than a guess.
 */
function resolveStorage(file: ServiceFile, template: Template, list: ProblemList): Volumes {
  const asked = file.value.resources?.storage_gb;
  const whole = asked ?? defaultStorage(template);
  const open: { steps: readonly string[]; gibibytes: number }[] = [];
  let written = 0;
  for (const { steps, share } of template.storageKeys) {
    const own = findWritten(file, steps);
    if (own === undefined) {
      open.push({ steps, gibibytes: Math.ceil(whole * share) });
      continue;
    }
    const key = formatHelmPath(steps);
    const gibibytes = parseGibibytes(own.value);
    if (gibibytes === undefined) {
      list.add(file.source, ["helm_values", own.key], {
        code: "bad-format",
        message: `${key} is ${JSON.stringify(own.value)}, which is no size of a volume`,
        hint: "write a size such as 20Gi",
      });
      continue;
    }
    written += gibibytes;
    if (asked === undefined || [asked * share, Math.ceil(asked * share)].includes(gibibytes)) continue;
    const part = share === 1 ? String(asked) : `${Math.ceil(asked * share)} for ${key}`;
    list.add(file.source, ["resources", "storage_gb"], {
      code: "conflicting-values",
      message: `storage_gb says ${part}, helm_values ${key} says ${gibibytes}`,
      hint: "keep one of them",
    });
  }
  const isOurs = open.length === template.storageKeys.length;
  const rest = open.reduce((sum, { gibibytes }) => sum + gibibytes, 0);
  return { storageGb: isOurs ? whole : written + rest, open };
}

/** Of a single volume the template's own default is a size too. */
function defaultStorage({ storageKeys, specs, minResources }: Template): number {
  const [only, ...others] = storageKeys;
  const spec = specs.find(
    ({ steps }) => only !== undefined && formatHelmPath(steps) === formatHelmPath(only.steps),
  );
  return (others.length === 0 ? parseGibibytes(spec?.defaultValue) : undefined) ?? minResources.storageGb;
}

/** What helm_values has at a path, however the path is written. */
function findWritten(file: ServiceFile, steps: readonly string[]) {
  const wanted = formatHelmPath(steps);
  for (const [key, value] of Object.entries(file.value.helm_values ?? {})) {
    const path = parseHelmPath(key);
    if (path !== undefined && formatHelmPath(path) === wanted) return { key, value: value as Json };
  }
  return undefined;
}

import type { Quota } from "./workspace.ts";

/** One line of a quota: how files write it, and how Kubernetes counts it. */
export interface QuotaKey {
  readonly key: keyof Quota;
  /** As `quota:` in a file has it. */
  readonly name:
    "vcpu" | "ram_gb" | "limits_vcpu" | "limits_ram_gb" | "persistent_volume_claims" | "storage_gb";
  /** As a ResourceQuota has it. */
  readonly resource: string;
  /** True for what Kubernetes counts in bytes and we in Gi. */
  readonly isBytes: boolean;
}

export const quotaKeys: readonly QuotaKey[] = [
  { key: "vcpu", name: "vcpu", resource: "requests.cpu", isBytes: false },
  { key: "ramGb", name: "ram_gb", resource: "requests.memory", isBytes: true },
  { key: "limitsVcpu", name: "limits_vcpu", resource: "limits.cpu", isBytes: false },
  { key: "limitsRamGb", name: "limits_ram_gb", resource: "limits.memory", isBytes: true },
  {
    key: "persistentVolumeClaims",
    name: "persistent_volume_claims",
    resource: "persistentvolumeclaims",
    isBytes: false,
  },
  { key: "storageGb", name: "storage_gb", resource: "requests.storage", isBytes: true },
];

/** Builds sizes number by number. */
export function mapSizes(amountOf: (key: QuotaKey) => number): Quota {
  const [vcpu = 0, ramGb = 0, limitsVcpu = 0, limitsRamGb = 0, persistentVolumeClaims = 0, storageGb = 0] =
    quotaKeys.map(amountOf);
  return { vcpu, ramGb, limitsVcpu, limitsRamGb, persistentVolumeClaims, storageGb };
}

export const noSizes: Quota = mapSizes(() => 0);

/** The sum of all, without the dust of floating point. */
export function sumSizes(all: readonly Quota[]): Quota {
  return mapSizes(({ key }) => roundAmount(all.reduce((total, sizes) => total + sizes[key], 0)));
}

/** What the first has more than the second; less than nothing where it has less. */
export function subtractSizes(from: Quota, less: Quota): Quota {
  return mapSizes(({ key }) => roundAmount(from[key] - less[key]));
}

/** A millionth of a core or Gi is no difference: it comes from adding fractions. */
export function roundAmount(amount: number): number {
  return Math.round(amount * 1e6) / 1e6 + 0;
}

/** For people: no more than three decimals, rounded up, so that what does not fit never looks as if it did. */
export function formatAmount(amount: number): string {
  return String(Math.ceil(roundAmount(amount) * 1000 - 1e-6) / 1000 + 0);
}

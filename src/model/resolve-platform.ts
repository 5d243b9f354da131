import type { Definition } from "../definitions/definition.ts";
import { cidrFamily, cidrFault } from "./cidr.ts";
import { resolveReconciler } from "./resolve-reconciler.ts";
import { isSupportedK3s, oldestK3s, parseK3sVersion } from "./k3s-version.ts";
import type { Cluster, Platform } from "./platform.ts";
import type { ProblemList } from "./problem-list.ts";
import { quotaKeys } from "./quota-use.ts";
import type { Quota } from "./workspace.ts";

/** The specification's numbers. */
export const defaultQuota: Quota = {
  vcpu: 8,
  ramGb: 16,
  limitsVcpu: 16,
  limitsRamGb: 32,
  persistentVolumeClaims: 10,
  storageGb: 100,
};

/** K3s' own defaults. */
const defaultPodCidr = "10.42.0.0/16";
const defaultServiceCidr = "10.43.0.0/16";
/** Where nodes usually are when nobody says: every private range, so that forgetting it closes rather than opens. */
export const privateRanges: readonly string[] = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
];

/** The platform's own settings, without what hangs below it. */
export type PlatformSettings = Omit<Platform, "clusters" | "templates" | "lock"> & {
  readonly defaultQuota: Quota;
};
/** A cluster's own settings, without its workspaces. */
export type ClusterSettings = Omit<Cluster, "workspaces" | "repositoryPorts">;

/** Fills the defaults of platform.yaml. */
export function resolvePlatformSettings(
  definition: Definition<"Platform">,
  list: ProblemList,
): PlatformSettings {
  const { value, source } = definition;
  for (const [index, range] of (value.private_network?.source_ranges ?? []).entries()) {
    const fault = cidrFault(range);
    if (fault !== undefined)
      list.add(source, ["private_network", "source_ranges", index], {
        code: "bad-cidr",
        message: fault,
        hint: "write it as 10.8.0.0/24",
      });
  }
  const containerDefaults = {
    vcpu: value.container_defaults?.vcpu ?? 0.05,
    ramGb: value.container_defaults?.ram_gb ?? 0.0625,
    limitsVcpu: value.container_defaults?.limits_vcpu ?? 0.5,
    limitsRamGb: value.container_defaults?.limits_ram_gb ?? 0.5,
  };
  // the API server refuses a LimitRange whose default request is above its default limit
  if (
    containerDefaults.vcpu > containerDefaults.limitsVcpu ||
    containerDefaults.ramGb > containerDefaults.limitsRamGb
  ) {
    list.add(source, ["container_defaults"], {
      code: "conflicting-values",
      message: "container_defaults ask for more than their own limits",
      hint: "raise limits_vcpu or limits_ram_gb, or lower vcpu or ram_gb",
    });
  }
  const quota = mergeQuota(defaultQuota, value.default_quota);
  checkDefaultQuota(definition, quota, list);
  return {
    name: value.name,
    domain: value.domain,
    domainAliases: (value.domain_aliases ?? []).filter((alias) => alias !== value.domain),
    clusterIssuer: value.cluster_issuer,
    tls: value.tls ?? "per_service",
    reservedSubdomains: value.reserved_subdomains ?? [],
    privateSourceRanges: value.private_network?.source_ranges ?? [],
    traefik: {
      manage: value.traefik?.manage ?? false,
      redirectHttps: value.traefik?.redirect_https ?? true,
      externalTrafficPolicy: value.traefik?.external_traffic_policy ?? "Local",
    },
    records: value.records ?? "local",
    charts: value.charts ?? "any",
    drift: value.drift ?? "repair",
    reconcile: value.reconcile === undefined ? undefined : resolveReconciler(definition, list),
    currency: value.currency ?? "USD",
    containerDefaults,
    defaultQuota: quota,
    maxQuota: {
      vcpu: value.max_quota?.vcpu,
      ramGb: value.max_quota?.ram_gb,
      limitsVcpu: value.max_quota?.limits_vcpu,
      limitsRamGb: value.max_quota?.limits_ram_gb,
      persistentVolumeClaims: value.max_quota?.persistent_volume_claims,
      storageGb: value.max_quota?.storage_gb,
    },
  };
}

/** Else every workspace that says nothing would have more than it may. */
function checkDefaultQuota({ value, source }: Definition<"Platform">, quota: Quota, list: ProblemList): void {
  for (const { key, name } of quotaKeys) {
    const most = value.max_quota?.[name];
    if (most === undefined || quota[key] <= most) continue;
    const isWritten = value.default_quota?.[name] !== undefined;
    list.add(source, [isWritten ? "default_quota" : "max_quota", name], {
      code: "quota-above-maximum",
      message: `max_quota allows ${name} ${most}, and default_quota gives every workspace ${quota[key]}`,
      hint: `write default_quota: { ${name}: ${most} } or less, or raise max_quota`,
    });
  }
}

/** The clusters of platform.yaml, sorted by name. */
export function resolveClusterSettings(
  definition: Definition<"Platform">,
  list: ProblemList,
): ClusterSettings[] {
  const { value, source } = definition;
  return Object.entries(value.clusters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, cluster]) => {
      const at = ["clusters", name];
      const k3sVersion = parseK3sVersion(cluster.k3s_version);
      if (!isSupportedK3s(k3sVersion)) {
        list.add(source, [...at, "k3s_version"], {
          code: "unsupported-k3s-version",
          message: `K3s ${cluster.k3s_version} keeps no chart values in Secrets`,
          hint: `woow needs ${oldestK3s} or newer`,
        });
      }
      if (cluster.node_cidrs === undefined) {
        list.add(source, at, {
          code: "node-cidrs-missing",
          severity: "warning",
          message: `cluster ${name} does not say where its nodes are; tenants are kept from private addresses only`,
          hint: "add node_cidrs: [...] with the nodes' addresses, public ones too",
        });
      }
      for (const key of ["pod_cidr", "service_cidr"] as const) {
        const fault = cluster[key] === undefined ? undefined : cidrFault(cluster[key]);
        if (fault !== undefined)
          list.add(source, [...at, key], {
            code: "bad-cidr",
            message: fault,
            hint: "write it as 10.42.0.0/16",
          });
      }
      for (const [index, range] of (cluster.node_cidrs ?? []).entries()) {
        const fault =
          cidrFault(range) ??
          (cidrFamily(range) === 4 && range.endsWith("/0")
            ? `${range} is every address: tenants could not reach anything`
            : undefined);
        if (fault !== undefined)
          list.add(source, [...at, "node_cidrs", index], {
            code: "bad-cidr",
            message: fault,
            hint: "write it as 192.0.2.10/32",
          });
      }
      return {
        name,
        context: cluster.context,
        k3sVersion,
        region: cluster.region ?? "us-east-1",
        podCidr: cluster.pod_cidr ?? defaultPodCidr,
        serviceCidr: cluster.service_cidr ?? defaultServiceCidr,
        nodeCidrs: cluster.node_cidrs ?? privateRanges,
      };
    });
}

/** A workspace's quota is merged over the platform's. */
export function mergeQuota(
  base: Quota,
  over:
    | {
        vcpu?: number;
        ram_gb?: number;
        limits_vcpu?: number;
        limits_ram_gb?: number;
        persistent_volume_claims?: number;
        storage_gb?: number;
      }
    | undefined,
): Quota {
  return {
    vcpu: over?.vcpu ?? base.vcpu,
    ramGb: over?.ram_gb ?? base.ramGb,
    limitsVcpu: over?.limits_vcpu ?? base.limitsVcpu,
    limitsRamGb: over?.limits_ram_gb ?? base.limitsRamGb,
    persistentVolumeClaims: over?.persistent_volume_claims ?? base.persistentVolumeClaims,
    storageGb: over?.storage_gb ?? base.storageGb,
  };
}

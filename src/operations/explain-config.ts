import type { DefinitionTree } from "../definitions/definition-tree.ts";
import type { Definition } from "../definitions/definition.ts";
import { readDefinitions } from "../definitions/read-definitions.ts";
import { sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { ProblemList } from "../model/problem-list.ts";
import { resolveClusterSettings, resolvePlatformSettings } from "../model/resolve-platform.ts";

/** A setting as it is in force, and who says so. */
export interface Setting {
  /** As platform.yaml writes it (`traefik.manage`), or the name of what the command line decides. */
  readonly name: string;
  readonly value: string | number | boolean | readonly string[] | null;
  /** A flag, an environment variable, `platform.yaml:LINE`, or `default`; with a word on why where that helps. */
  readonly source: string;
}

/**
 * Every setting of platform.yaml with its default filled and the line it stands on. Only platform.yaml is read:
 * the settings are asked for when something else is broken, too.
 */
export function explainPlatform(tree: DefinitionTree): {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
} {
  const own = tree.entries.filter(({ path }) => /^platform\.ya?ml$/.test(path));
  const read = readDefinitions({
    ...tree,
    entries: own,
    unreadableFolders: [],
    read: (path) => tree.read(path),
  });
  const { platform } = read.definitions;
  if (platform === undefined) return { settings: [], problems: sortProblems(read.problems) };
  const list = new ProblemList();
  const settings = [...listPlatformSettings(platform, list), ...listClusterSettings(platform, list)];
  return { settings, problems: sortProblems([...read.problems, ...list.problems]) };
}

function listPlatformSettings(platform: Definition<"Platform">, list: ProblemList): Setting[] {
  const it = resolvePlatformSettings(platform, list);
  const values: Readonly<Record<string, Setting["value"]>> = {
    name: it.name,
    domain: it.domain,
    domain_aliases: it.domainAliases,
    cluster_issuer: it.clusterIssuer,
    tls: it.tls,
    reserved_subdomains: it.reservedSubdomains,
    "private_network.source_ranges": it.privateSourceRanges,
    "traefik.manage": it.traefik.manage,
    "traefik.redirect_https": it.traefik.redirectHttps,
    "traefik.external_traffic_policy": it.traefik.externalTrafficPolicy,
    records: it.records,
    charts: it.charts,
    drift: it.drift,
    "reconcile.image": it.reconcile?.image ?? null,
    "reconcile.git": it.reconcile?.git ?? null,
    "reconcile.branch": it.reconcile?.branch ?? null,
    "reconcile.interval": it.reconcile?.interval ?? null,
    "reconcile.git_secret": it.reconcile?.gitSecret ?? null,
    "reconcile.age_secret": it.reconcile?.ageSecret ?? null,
    "reconcile.metrics_namespace": it.reconcile?.metricsNamespace ?? null,
    currency: it.currency,
    "default_quota.vcpu": it.defaultQuota.vcpu,
    "default_quota.ram_gb": it.defaultQuota.ramGb,
    "default_quota.limits_vcpu": it.defaultQuota.limitsVcpu,
    "default_quota.limits_ram_gb": it.defaultQuota.limitsRamGb,
    "default_quota.persistent_volume_claims": it.defaultQuota.persistentVolumeClaims,
    "default_quota.storage_gb": it.defaultQuota.storageGb,
    "max_quota.vcpu": it.maxQuota.vcpu ?? null,
    "max_quota.ram_gb": it.maxQuota.ramGb ?? null,
    "max_quota.limits_vcpu": it.maxQuota.limitsVcpu ?? null,
    "max_quota.limits_ram_gb": it.maxQuota.limitsRamGb ?? null,
    "max_quota.persistent_volume_claims": it.maxQuota.persistentVolumeClaims ?? null,
    "max_quota.storage_gb": it.maxQuota.storageGb ?? null,
    "container_defaults.vcpu": it.containerDefaults.vcpu,
    "container_defaults.ram_gb": it.containerDefaults.ramGb,
    "container_defaults.limits_vcpu": it.containerDefaults.limitsVcpu,
    "container_defaults.limits_ram_gb": it.containerDefaults.limitsRamGb,
  };
  return Object.entries(values).map(([name, value]) => ({
    name,
    value,
    source: sourceOf(platform, name.split(".")),
  }));
}

function listClusterSettings(platform: Definition<"Platform">, list: ProblemList): Setting[] {
  return resolveClusterSettings(platform, list).flatMap((cluster) => {
    const values: Readonly<Record<string, Setting["value"]>> = {
      context: cluster.context ?? null,
      k3s_version: cluster.k3sVersion.text,
      region: cluster.region,
      pod_cidr: cluster.podCidr,
      service_cidr: cluster.serviceCidr,
      node_cidrs: cluster.nodeCidrs,
    };
    return Object.entries(values).map(([name, value]) => ({
      name: `clusters.${cluster.name}.${name}`,
      value,
      source: sourceOf(platform, ["clusters", cluster.name, name]),
    }));
  });
}

function sourceOf({ value, source }: Definition<"Platform">, path: readonly string[]): string {
  let level: unknown = value;
  for (const step of path) level = (level as Record<string, unknown> | undefined)?.[step];
  return level === undefined ? "default" : `${source.file}:${source.locate(path, "key").line}`;
}

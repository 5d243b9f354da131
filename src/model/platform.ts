import type { ChartLock } from "./chart-lock.ts";
import type { Quota, Workspace } from "./workspace.ts";
import type { Template } from "./template.ts";

/** platform.yaml with every default filled, and all that hangs below it. */
export interface Platform {
  readonly name: string;
  readonly domain: string;
  readonly domainAliases: readonly string[];
  readonly clusterIssuer: string;
  readonly tls: "per_service" | "wildcard";
  readonly reservedSubdomains: readonly string[];
  /** Addresses of the VPN; empty when the platform has none. */
  readonly privateSourceRanges: readonly string[];
  readonly traefik: Traefik;
  readonly records: "local" | "cluster";
  readonly charts: "any" | "verified";
  /** The charts that were verified; undefined where there is no catalog.lock.yaml. */
  readonly lock?: ChartLock | undefined;
  readonly drift: "repair" | "report";
  /** `woow reconcile` as a Deployment; undefined: it does not run in the clusters. */
  readonly reconcile: Reconciler | undefined;
  readonly currency: string;
  readonly containerDefaults: ContainerDefaults;
  /** What a workspace's own quota may be at most; undefined: anything. */
  readonly maxQuota: { readonly [key in keyof Quota]: number | undefined };
  readonly templates: ReadonlyMap<string, Template>;
  /** Sorted by name. */
  readonly clusters: readonly Cluster[];
}

/** How `woow reconcile` runs in a cluster. */
export interface Reconciler {
  readonly image: string;
  readonly git: string;
  readonly transport: "https" | "ssh";
  /** TCP port of the git server. */
  readonly gitPort: number;
  readonly branch: string;
  /** As the flag takes it: `1m`. */
  readonly interval: string;
  /** Secrets in paas-system. */
  readonly gitSecret: string | undefined;
  readonly ageSecret: string | undefined;
  /** Whose pods may read the metrics. */
  readonly metricsNamespace: string | undefined;
}

/** How K3s' packaged Traefik is set up. */
export interface Traefik {
  /** True: synth emits the HelmChartConfig. */
  readonly manage: boolean;
  readonly redirectHttps: boolean;
  readonly externalTrafficPolicy: "Local" | "Cluster";
}

/** What a container gets that nobody sized; vCPU and Gi. */
export interface ContainerDefaults {
  readonly vcpu: number;
  readonly ramGb: number;
  readonly limitsVcpu: number;
  readonly limitsRamGb: number;
}

/** One K3s cluster and the workspaces on it, sorted by id. */
export interface Cluster {
  readonly name: string;
  readonly context: string | undefined;
  readonly k3sVersion: K3sVersion;
  readonly region: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly nodeCidrs: readonly string[];
  /** TCP ports of the chart repositories that the chart jobs must reach, sorted. */
  readonly repositoryPorts: readonly number[];
  readonly workspaces: readonly Workspace[];
}

/** v1.35.8+k3s1 in parts. */
export interface K3sVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

import { Chart } from "cdk8s";
import type { Construct } from "constructs";
import { chartsNamespace, systemNamespace } from "../model/names.ts";
import type { Cluster, Platform } from "../model/platform.ts";
import { AdmissionPolicies } from "./admission/admission-policies.ts";
import { ControlNamespace } from "./control-namespace.ts";
import { unitLabels } from "./labels.ts";
import { Reconciler } from "./reconciler.ts";
import { TenantRoles } from "./tenant-roles.ts";
import { TraefikConfig } from "./traefik-config.ts";

export interface PlatformChartProps {
  readonly platform: Platform;
  readonly cluster: Cluster;
}

/** The API server of a K3s node; behind the Service address it is reached by this port. */
const apiServerPort = 6443;

/** The platform unit of a cluster: the platform's own namespaces, the tenants' roles, Traefik's settings. */
export class PlatformChart extends Chart {
  constructor(scope: Construct, id: string, { platform, cluster }: PlatformChartProps) {
    super(scope, id, {
      labels: unitLabels({ platform: platform.name, name: "platform", instance: platform.name }),
    });
    const egressPorts = [...new Set([443, apiServerPort, ...cluster.repositoryPorts])];
    const { reconcile } = platform;
    const gitPorts = reconcile === undefined ? [] : [reconcile.gitPort];
    for (const name of [chartsNamespace, systemNamespace]) {
      const ports = name === systemNamespace ? [...new Set([...egressPorts, ...gitPorts])] : egressPorts;
      new ControlNamespace(this, name, { name, podCidr: cluster.podCidr, egressPorts: ports });
    }
    new AdmissionPolicies(this, "admission", {
      clusterScoped: cluster.workspaces
        .flatMap(({ services }) => services)
        .map(({ releaseName, template }) => ({ release: releaseName, kinds: template.clusterScopedKinds })),
    });
    new TenantRoles(this, "roles");
    if (reconcile !== undefined) {
      new Reconciler(this, "reconciler", {
        reconciler: reconcile,
        platform: platform.name,
        cluster: cluster.name,
      });
    }
    if (platform.traefik.manage) new TraefikConfig(this, "traefik", { traefik: platform.traefik });
  }
}

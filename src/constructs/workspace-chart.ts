import { Chart } from "cdk8s";
import type { Construct } from "constructs";
import type { Cluster, Platform } from "../model/platform.ts";
import type { Workspace } from "../model/workspace.ts";
import { ContainerLimits } from "./container-limits.ts";
import { labelPrefix, unitLabels } from "./labels.ts";
import { MemberBindings } from "./member-bindings.ts";
import { Namespace } from "./namespace.ts";
import { TenantNetworkPolicies } from "./tenant-network-policies.ts";
import { WorkspaceQuota } from "./workspace-quota.ts";

export interface WorkspaceChartProps {
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly workspace: Workspace;
}

/** The workspace unit: a tenant's namespace, its quota, its walls and its members. */
export class WorkspaceChart extends Chart {
  constructor(scope: Construct, id: string, { platform, cluster, workspace }: WorkspaceChartProps) {
    const { namespace } = workspace;
    super(scope, id, {
      labels: unitLabels({
        platform: platform.name,
        name: "workspace",
        instance: namespace,
        workspaceId: workspace.id,
      }),
    });
    new Namespace(this, "namespace", {
      name: namespace,
      podSecurity: "baseline",
      annotations: { [`${labelPrefix}/hosts`]: workspace.hosts.join(",") },
    });
    new WorkspaceQuota(this, "quota", { namespace, quota: workspace.quota });
    new ContainerLimits(this, "limits", { namespace, defaults: platform.containerDefaults });
    new TenantNetworkPolicies(this, "network", {
      namespace,
      closedCidrs: [cluster.podCidr, cluster.serviceCidr, ...cluster.nodeCidrs],
    });
    new MemberBindings(this, "members", { namespace, members: workspace.members });
  }
}

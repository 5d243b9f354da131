import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import { binaryQuantity, cpuQuantity } from "../model/quantity.ts";
import type { Quota } from "../model/workspace.ts";

export interface WorkspaceQuotaProps {
  readonly namespace: string;
  readonly quota: Quota;
}

/** The specification's ResourceQuota `workspace-quota`. */
export class WorkspaceQuota extends Construct {
  constructor(scope: Construct, id: string, { namespace, quota }: WorkspaceQuotaProps) {
    super(scope, id);
    const hard: Record<string, string> = {
      "requests.cpu": cpuQuantity(quota.vcpu),
      "requests.memory": binaryQuantity(quota.ramGb),
      "limits.cpu": cpuQuantity(quota.limitsVcpu),
      "limits.memory": binaryQuantity(quota.limitsRamGb),
      persistentvolumeclaims: String(quota.persistentVolumeClaims),
      "requests.storage": binaryQuantity(quota.storageGb),
    };
    new k8s.KubeResourceQuota(this, "quota", {
      metadata: { name: "workspace-quota", namespace },
      spec: {
        hard: Object.fromEntries(
          Object.entries(hard).map(([key, value]) => [key, k8s.Quantity.fromString(value)]),
        ),
      },
    });
  }
}

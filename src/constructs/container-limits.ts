import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import type { ContainerDefaults } from "../model/platform.ts";
import { binaryQuantity, cpuQuantity } from "../model/quantity.ts";

export interface ContainerLimitsProps {
  readonly namespace: string;
  readonly defaults: ContainerDefaults;
}

/**
 * The LimitRange that gives a size to containers nobody sized. Without it the quota would refuse every pod that
 * does not state requests and limits.
 */
export class ContainerLimits extends Construct {
  constructor(scope: Construct, id: string, { namespace, defaults }: ContainerLimitsProps) {
    super(scope, id);
    const quantity = (text: string) => k8s.Quantity.fromString(text);
    new k8s.KubeLimitRange(this, "limits", {
      metadata: { name: "container-defaults", namespace },
      spec: {
        limits: [
          {
            type: "Container",
            default: {
              cpu: quantity(cpuQuantity(defaults.limitsVcpu)),
              memory: quantity(binaryQuantity(defaults.limitsRamGb)),
            },
            defaultRequest: {
              cpu: quantity(cpuQuantity(defaults.vcpu)),
              memory: quantity(binaryQuantity(defaults.ramGb)),
            },
          },
        ],
      },
    });
  }
}

import { ApiObject } from "cdk8s";
import { Construct } from "constructs";

export interface PrivateNetworkProps {
  readonly name: string;
  readonly namespace: string;
  /** Who may come in, in CIDR form. */
  readonly sourceRanges: readonly string[];
}

/** Traefik's allow-list for a private service. */
export class PrivateNetwork extends Construct {
  constructor(scope: Construct, id: string, { name, namespace, sourceRanges }: PrivateNetworkProps) {
    super(scope, id);
    new ApiObject(this, "middleware", {
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      metadata: { name, namespace },
      spec: { ipAllowList: { sourceRange: [...sourceRanges] } },
    });
  }
}

/** How an Ingress names a Middleware of its own namespace. */
export function middlewareReference(namespace: string, name: string): string {
  return `${namespace}-${name}@kubernetescrd`;
}

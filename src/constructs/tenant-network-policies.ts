import { Construct } from "constructs";
import { compactCidrs } from "../model/cidr.ts";
import { dnsEgress, metadataCidr, NetworkPolicy } from "./network-policy.ts";

export interface TenantNetworkPoliciesProps {
  readonly namespace: string;
  /** Ranges no tenant may reach: other pods, services, nodes. */
  readonly closedCidrs: readonly string[];
}

/** Deny by default; open within the namespace, from Traefik, to DNS and to the internet. */
export class TenantNetworkPolicies extends Construct {
  constructor(scope: Construct, id: string, { namespace, closedCidrs }: TenantNetworkPoliciesProps) {
    super(scope, id);
    const policy = (
      name: string,
      rules: Omit<ConstructorParameters<typeof NetworkPolicy>[2], "name" | "namespace">,
    ) => new NetworkPolicy(this, name, { name, namespace, ...rules });
    policy("default-deny", { ingress: [], egress: [] });
    policy("allow-same-namespace", {
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{ to: [{ podSelector: {} }] }],
    });
    policy("allow-traefik", {
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
              podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
            },
          ],
        },
      ],
    });
    policy("allow-dns", { egress: [dnsEgress] });
    // no rule for IPv6: what is not opened stays closed
    const except = compactCidrs([...closedCidrs, metadataCidr].filter((cidr) => !cidr.includes(":")));
    policy("allow-internet", { egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except } }] }] });
  }
}

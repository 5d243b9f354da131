import { Construct } from "constructs";
import { compactCidrs } from "../model/cidr.ts";
import { dnsEgress, metadataCidr, NetworkPolicy, tcpPort, traefikPods } from "./network-policy.ts";

export interface TenantNetworkPoliciesProps {
  readonly namespace: string;
  /** Ranges no tenant may reach: other pods, services, nodes. */
  readonly closedCidrs: readonly string[];
}

/** The pods by which cert-manager answers HTTP-01 challenges in the tenant's namespace. */
const acmeSolver = { podLabels: { "acme.cert-manager.io/http01-solver": "true" }, port: 8089 };

/** Deny by default; open within the namespace, to DNS and to the internet. Services open what they publish. */
export class TenantNetworkPolicies extends Construct {
  constructor(scope: Construct, id: string, props: TenantNetworkPoliciesProps) {
    super(scope, id);
    const { namespace, closedCidrs } = props;
    const policy = (
      name: string,
      rules: Omit<ConstructorParameters<typeof NetworkPolicy>[2], "name" | "namespace">,
    ) => new NetworkPolicy(this, name, { name, namespace, ...rules });
    policy("default-deny", { ingress: [], egress: [] });
    policy("allow-same-namespace", {
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{ to: [{ podSelector: {} }] }],
    });
    policy("allow-acme-solvers", {
      podLabels: acmeSolver.podLabels,
      ingress: [{ from: [traefikPods], ports: [tcpPort(acmeSolver.port)] }],
    });
    policy("allow-dns", { egress: [dnsEgress] });
    // no rule for IPv6: what is not opened stays closed
    const except = compactCidrs([...closedCidrs, metadataCidr].filter((cidr) => !cidr.includes(":")));
    policy("allow-internet", { egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except } }] }] });
  }
}

import { Construct } from "constructs";
import { compactCidrs } from "../model/cidr.ts";
import { Namespace } from "./namespace.ts";
import { dnsEgress, metadataCidr, NetworkPolicy, tcpPort } from "./network-policy.ts";

export interface ControlNamespaceProps {
  readonly name: string;
  /** The pods' range: chart jobs and reconcile have no business with any tenant's pods. */
  readonly podCidr: string;
  /** TCP ports the namespace's pods may use outside: HTTPS, the API server's, the repositories'. */
  readonly egressPorts: readonly number[];
}

/** A namespace of the platform's own: locked for tenants, nothing comes in, only repositories and the API go out. */
export class ControlNamespace extends Construct {
  constructor(scope: Construct, id: string, props: ControlNamespaceProps) {
    super(scope, id);
    const { name, podCidr, egressPorts } = props;
    new Namespace(this, "namespace", { name, podSecurity: "restricted" });
    new NetworkPolicy(this, "deny", { name: "default-deny", namespace: name, ingress: [], egress: [] });
    new NetworkPolicy(this, "dns", { name: "allow-dns", namespace: name, egress: [dnsEgress] });
    new NetworkPolicy(this, "outside", {
      name: "allow-repositories",
      namespace: name,
      egress: [
        {
          to: [
            { ipBlock: { cidr: "0.0.0.0/0", except: compactCidrs([podCidr, metadataCidr].filter(isIpv4)) } },
          ],
          ports: [...egressPorts].sort((a, b) => a - b).map(tcpPort),
        },
      ],
    });
  }
}

function isIpv4(cidr: string): boolean {
  return !cidr.includes(":");
}

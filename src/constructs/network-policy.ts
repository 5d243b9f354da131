import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";

export interface NetworkPolicyProps {
  readonly name: string;
  readonly namespace: string;
  /** Rules for traffic to the namespace's pods; empty denies, absent leaves this direction alone. */
  readonly ingress?: k8s.NetworkPolicyIngressRule[];
  /** Rules for traffic from the namespace's pods; empty denies, absent leaves this direction alone. */
  readonly egress?: k8s.NetworkPolicyEgressRule[];
  /** Labels of the pods it is for; left out: every pod of the namespace. */
  readonly podLabels?: Readonly<Record<string, string>>;
}

/** A policy for the pods of a namespace. Empty lists are written out, so that a hole cut into it shows. */
export class NetworkPolicy extends Construct {
  constructor(scope: Construct, id: string, props: NetworkPolicyProps) {
    super(scope, id);
    const { name, namespace, ingress, egress, podLabels } = props;
    new k8s.KubeNetworkPolicy(this, "policy", {
      metadata: { name, namespace },
      spec: {
        podSelector: podLabels === undefined ? {} : { matchLabels: { ...podLabels } },
        policyTypes: [
          ...(ingress === undefined ? [] : ["Ingress"]),
          ...(egress === undefined ? [] : ["Egress"]),
        ],
        ...(ingress === undefined ? {} : { ingress }),
        ...(egress === undefined ? {} : { egress }),
      },
    });
  }
}

/** K3s' CoreDNS, by UDP and TCP. */
export const dnsEgress: k8s.NetworkPolicyEgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { port: k8s.IntOrString.fromNumber(53), protocol: "UDP" },
    { port: k8s.IntOrString.fromNumber(53), protocol: "TCP" },
  ],
};

/** K3s' Traefik; both selectors in one peer, so that a pod must meet both. */
export const traefikPods: k8s.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
};

/** Link-local addresses: cloud metadata services answer there. */
export const metadataCidr = "169.254.0.0/16";

/** A TCP port, by number or by the name a container gives it, with the protocol the API would add. */
export function tcpPort(port: number | string): k8s.NetworkPolicyPort {
  const value =
    typeof port === "number" ? k8s.IntOrString.fromNumber(port) : k8s.IntOrString.fromString(port);
  return { port: value, protocol: "TCP" };
}

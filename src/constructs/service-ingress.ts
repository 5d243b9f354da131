import { createHash } from "node:crypto";
import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import type { IngressHost, ServiceIngress } from "../model/service.ts";

export interface ServiceIngressProps {
  readonly name: string;
  readonly namespace: string;
  readonly ingress: ServiceIngress;
  readonly tls: "per_service" | "wildcard";
  readonly clusterIssuer: string;
  /** Reference of the Middleware in front of a private service. */
  readonly middleware: string | undefined;
}

/**
 * The Ingress of a service. Every host has a certificate of its own, so that a custom domain whose DNS is gone does
 * not keep the others from being renewed; Traefik stops at the first missing one, so custom domains come last.
 */
export class ServiceIngressObject extends Construct {
  constructor(scope: Construct, id: string, props: ServiceIngressProps) {
    super(scope, id);
    const { name, namespace, ingress, tls, clusterIssuer, middleware } = props;
    const needsIssuer = tls === "per_service" || ingress.hosts.some(({ kind }) => kind === "custom");
    const annotations: Record<string, string> = {
      ...(needsIssuer ? { "cert-manager.io/cluster-issuer": clusterIssuer } : {}),
      "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
      "traefik.ingress.kubernetes.io/router.tls": "true",
      ...(middleware === undefined ? {} : { "traefik.ingress.kubernetes.io/router.middlewares": middleware }),
    };
    new k8s.KubeIngress(this, "ingress", {
      metadata: { name, namespace, annotations },
      spec: {
        ingressClassName: "traefik",
        tls: tlsEntries(name, ingress.hosts, tls),
        rules: ingress.hosts.map(({ host }) => ({
          host,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: ingress.backendService, port: { number: ingress.backendPort } } },
              },
            ],
          },
        })),
      },
    });
  }
}

function tlsEntries(
  name: string,
  hosts: readonly IngressHost[],
  tls: "per_service" | "wildcard",
): k8s.IngressTls[] {
  const wildcard = hosts
    .filter(({ kind }) => tls === "wildcard" && kind === "platform")
    .map(({ host }) => host);
  const own = hosts.map(({ host }) => host).filter((host) => !wildcard.includes(host));
  return [
    ...(wildcard.length > 0 ? [{ hosts: wildcard }] : []),
    ...own.map((host) => ({
      hosts: [host],
      secretName: host === hosts[0]?.host ? `${name}-tls` : `${name}-tls-${shortHash(host)}`,
    })),
  ];
}

/** Hosts may be longer than a name and differ only in dots; a hash tells them apart. */
function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

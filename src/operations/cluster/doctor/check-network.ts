import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { OperationError } from "../../../errors.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import { ok, problem, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Addresses of a name; empty when there is none. Errors: `unavailable` when nobody answers. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** So many hosts are looked up: when the first are right, a wildcard record serves them all. */
const mostHosts = 10;

/** The class our Ingresses name. */
export async function checkIngressClass(client: ClusterClient): Promise<readonly Finding[]> {
  const { items } = await client.list({ type: resourceTypes.IngressClass });
  if (items.some(({ metadata }) => metadata.name === "traefik"))
    return [ok("ingress-class", "IngressClass traefik is there")];
  const others = items.map(({ metadata }) => metadata.name);
  const there = others.length === 0 ? "there is none" : `there are: ${others.join(", ")}`;
  return [
    problem(
      "ingress-class",
      `there is no IngressClass traefik (${there}): nothing serves the Ingresses`,
      "start K3s without --disable=traefik, or install Traefik with that class",
    ),
  ];
}

/** Traefik's own Service, in K3s' place for it. */
export async function getTraefikService(client: ClusterClient): Promise<LiveObject | undefined> {
  return client.get({ apiVersion: "v1", kind: "Service", namespace: "kube-system", name: "traefik" });
}

/** With any other policy Traefik sees a node's address, and an allow-list lets in everybody or nobody. */
export function checkClientAddresses(
  service: LiveObject | undefined,
  { platform, cluster }: { readonly platform: Platform; readonly cluster: Cluster },
): readonly Finding[] {
  const isUsed = cluster.workspaces.some(({ services }) => services.some(({ isPrivate }) => isPrivate));
  if (!isUsed) return [];
  if (service === undefined) {
    return [
      warning(
        "client-addresses",
        "there is no Service kube-system/traefik, so it cannot be seen whether client addresses reach Traefik",
        "private services need externalTrafficPolicy: Local on Traefik's Service",
      ),
    ];
  }
  const { externalTrafficPolicy = "Cluster" } = (service["spec"] ?? {}) as { externalTrafficPolicy?: string };
  if (externalTrafficPolicy === "Local") return [ok("client-addresses", "client addresses reach Traefik")];
  const { manage, externalTrafficPolicy: wanted } = platform.traefik;
  return [
    problem(
      "client-addresses",
      `Traefik's Service has externalTrafficPolicy ${externalTrafficPolicy}: allow-lists of private services see addresses of nodes`,
      manage && wanted === "Local"
        ? "woow apply sets it; Traefik is then rolled out anew"
        : "set traefik.manage to true and traefik.external_traffic_policy to Local in platform.yaml",
    ),
  ];
}

/** Whether the services' hosts lead to this cluster. */
export async function checkDns(
  service: LiveObject | undefined,
  {
    platform,
    cluster,
    resolve,
  }: { readonly platform: Platform; readonly cluster: Cluster; readonly resolve: ResolveHost },
): Promise<readonly Finding[]> {
  const own = addressesOf(service);
  const used = cluster.workspaces.flatMap(({ services }) =>
    services.flatMap(({ ingress }) => (ingress === undefined ? [] : [ingress.primaryHost])),
  );
  const hosts = used.length === 0 ? [`any-service.${platform.domain}`] : used.slice(0, mostHosts);
  const answers = await Promise.all(
    hosts.map(async (host) => ({ host, found: await lookUp(host, resolve) })),
  );
  const silent = answers.find(({ found }) => found === undefined);
  if (silent !== undefined) {
    return [warning("dns", `nobody answers where ${silent.host} is`, "check this machine's name server")];
  }
  const lost = answers.filter(({ found }) => found?.length === 0).map(({ host }) => host);
  if (lost.length > 0) {
    const where = own.length === 0 ? "the cluster's address" : own.join(", ");
    return [
      problem(
        "dns",
        `${lost.join(", ")} ${lost.length === 1 ? "has" : "have"} no address`,
        `add a record *.${platform.domain} that leads to ${where}, and one for each custom domain`,
      ),
    ];
  }
  if (own.length === 0) {
    return [ok("dns", `${hosts.join(", ")} can be looked up; the cluster's own address cannot be seen`)];
  }
  const elsewhere = answers.find(({ found }) => !found?.some((address) => own.includes(address)));
  if (elsewhere === undefined) return [ok("dns", `${hosts.join(", ")} lead to ${own.join(", ")}`)];
  return [
    warning(
      "dns",
      `${elsewhere.host} is at ${elsewhere.found?.join(", ")}, Traefik at ${own.join(", ")}`,
      "right when a proxy or a load balancer stands in front; else correct the record",
    ),
  ];
}

function addressesOf(service: LiveObject | undefined): readonly string[] {
  const { loadBalancer } = (service?.["status"] ?? {}) as {
    loadBalancer?: { ingress?: readonly { ip?: string }[] };
  };
  return (loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

async function lookUp(host: string, resolve: ResolveHost): Promise<readonly string[] | undefined> {
  try {
    return await resolve(host);
  } catch (error) {
    if (error instanceof OperationError) return undefined;
    throw error;
  }
}

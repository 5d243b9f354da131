import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { OperationError } from "../../../errors.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import {
  clientAddressHint,
  clientAddressWords,
  seesClients,
  traefikService,
} from "../../../plan/service/client-addresses.ts";
import { describeClientAddresses } from "../read-client-addresses.ts";
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
  return client.get(traefikService);
}

/** Whether the allow-lists of private services see who calls; apply refuses these services while they do not. */
export function checkClientAddresses(
  service: LiveObject | undefined,
  { platform, cluster }: { readonly platform: Platform; readonly cluster: Cluster },
): readonly Finding[] {
  const isUsed = cluster.workspaces.some(({ services }) => services.some(({ isPrivate }) => isPrivate));
  if (!isUsed) return [];
  const addresses = describeClientAddresses(service, { isManaged: platform.traefik.manage });
  if (seesClients(addresses)) return [ok("client-addresses", "client addresses reach Traefik")];
  return [
    problem(
      "client-addresses",
      `apply refuses private services: ${clientAddressWords(addresses)}`,
      clientAddressHint(addresses),
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

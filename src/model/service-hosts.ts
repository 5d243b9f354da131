import type { ServiceFile } from "../definitions/definition.ts";
import type { ServiceContext } from "./service-context.ts";
import type { IngressHost, ServiceIngress } from "./service.ts";

/** Rules that join a service's hosts with its template and the platform. */
export function checkServiceHosts(
  file: ServiceFile,
  { template, platform, hosts, list }: ServiceContext,
): void {
  const { value, source } = file;
  for (const key of ["subdomain", "custom_domain"] as const) {
    if (value[key] === undefined || template.ingressEnabled) continue;
    list.add(source, [key], {
      code: "host-without-ingress",
      message: `the template ${template.id} speaks no HTTP, so it cannot have a host`,
      hint: `remove ${key}; other services of the workspace reach it by its Service`,
    });
  }
  // a subdomain that was refused has a problem of its own
  if (template.needsHost && hosts.length === 0 && value.subdomain === undefined) {
    list.add(source, [], {
      code: "host-needed",
      message: `the template ${template.id} needs to know its own address`,
      hint:
        value.custom_domain === undefined
          ? "add subdomain: ..."
          : `add subdomain: ..., or prove ${value.custom_domain} first: woow domain verify`,
    });
  }
  if (value.is_private_network === true && platform.privateSourceRanges.length === 0) {
    list.add(source, ["is_private_network"], {
      code: "private-network-missing",
      message: "the platform has no private_network, so nobody could reach a private service",
      hint: "add private_network: { source_ranges: [...] } to platform.yaml, or remove is_private_network",
    });
  }
  if (value.is_private_network === true && platform.traefik.externalTrafficPolicy !== "Local") {
    list.add(source, ["is_private_network"], {
      code: "private-network-missing",
      message:
        "Traefik does not see who calls with external_traffic_policy: Cluster, so an allow-list cannot work",
      hint: "write traefik: { external_traffic_policy: Local } in platform.yaml, or remove is_private_network",
    });
  }
}

/** Absent when the service has no host. */
export function resolveIngress(
  hosts: readonly IngressHost[],
  rest: Omit<ServiceIngress, "primaryHost" | "hosts"> & { primaryHost: string | undefined },
): ServiceIngress | undefined {
  const { primaryHost, ...backend } = rest;
  return primaryHost === undefined ? undefined : { primaryHost, hosts, ...backend };
}

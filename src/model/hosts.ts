import type { Definition, Definitions, ServiceFile } from "../definitions/definition.ts";
import { describeDomain, readDomainName } from "../definitions/domain-name.ts";
import type { ProblemList } from "./problem-list.ts";
import { serviceUnit } from "./names.ts";
import type { IngressHost } from "./service.ts";

/** The hosts of every service, after every rule about hosts was checked over the whole platform. */
export interface HostPlan {
  /** Unit -> the hosts it serves; units without a usable host are absent. */
  readonly byUnit: ReadonlyMap<string, readonly IngressHost[]>;
  /** Host -> the workspace it belongs to, for every host anybody serves or has verified. */
  readonly owners: ReadonlyMap<string, string>;
}

interface Claim {
  readonly service: ServiceFile;
  readonly key: "subdomain" | "custom_domain";
}

/** Allots hosts. A host belongs to the first claim in the order of the files; every later one names both places. */
export function planHosts(definitions: Definitions, list: ProblemList): HostPlan {
  const { platform } = definitions;
  if (platform === undefined) return { byUnit: new Map(), owners: new Map() };
  const domains = [platform.value.domain, ...(platform.value.domain_aliases ?? [])];
  const reserved = new Set(platform.value.reserved_subdomains ?? []);
  const verified = readVerified(definitions, domains, list);
  const claims = new Map<string, Claim>();
  const byUnit = new Map<string, IngressHost[]>();

  const claim = (host: string, by: Claim): boolean => {
    const first = claims.get(host);
    if (first === undefined) {
      claims.set(host, by);
      return true;
    }
    const there = first.service.source.locate([first.key]);
    list.add(by.service.source, [by.key], {
      code: "duplicate-host",
      message: `the host ${host} is already used by ${first.service.workspaceId}/${first.service.id} (${there.file}:${there.line})`,
      hint: "choose another one",
      related: [there],
    });
    return false;
  };

  const wishes = new Map<string, ServiceFile>();
  // a wish for an unproven domain takes it from nobody who has proven it
  const noteWish = (domain: string, service: ServiceFile): void => {
    const first = wishes.get(domain);
    if (first === undefined) {
      wishes.set(domain, service);
      return;
    }
    const there = first.source.locate(["custom_domain"]);
    list.add(service.source, ["custom_domain"], {
      code: "duplicate-host",
      // nobody is served yet: a name that one tenant only wishes for must not stop another one
      severity: first.workspaceId === service.workspaceId ? "error" : "warning",
      message: `${domain} is also wanted by ${first.workspaceId}/${first.id} (${there.file}:${there.line})`,
      hint: "the workspace that proves it gets it",
      related: [there],
    });
  };

  for (const service of definitions.services) {
    const hosts: IngressHost[] = [];
    const { subdomain } = service.value;
    if (subdomain !== undefined && subdomainIsUsable(service, { subdomain, reserved }, list)) {
      for (const domain of new Set(domains)) {
        const host = `${subdomain}.${domain}`;
        if (claim(host, { service, key: "subdomain" })) hosts.push({ host, kind: "platform" });
      }
    }
    byUnit.set(serviceUnit(service.workspaceId, service.id), hosts);
  }
  const owners = new Map<string, string>(verified);
  for (const [host, { service }] of claims) owners.set(host, service.workspaceId);
  for (const service of definitions.services) {
    const domain = service.value.custom_domain;
    if (domain === undefined) continue;
    if (!customDomainIsUsable(service, { domain, domains, verified }, list)) continue;
    const isVerified = verified.get(domain) === service.workspaceId;
    if (isVerified && claim(domain, { service, key: "custom_domain" })) {
      byUnit.get(serviceUnit(service.workspaceId, service.id))?.push({ host: domain, kind: "custom" });
    } else if (!isVerified) noteWish(domain, service);
  }
  return { byUnit: new Map([...byUnit].filter(([, hosts]) => hosts.length > 0)), owners };
}

function subdomainIsUsable(
  service: ServiceFile,
  { subdomain, reserved }: { subdomain: string; reserved: ReadonlySet<string> },
  list: ProblemList,
): boolean {
  if (reserved.has(subdomain)) {
    list.add(service.source, ["subdomain"], {
      code: "reserved-subdomain",
      message: `the subdomain ${subdomain} is reserved`,
      hint: "choose another one; platform.yaml lists the reserved ones",
    });
    return false;
  }
  if (subdomain.startsWith("xn--")) {
    list.add(service.source, ["subdomain"], {
      code: "bad-format",
      message: `the subdomain ${subdomain} is in punycode, which can imitate another name`,
      hint: "use plain letters and digits",
    });
    return false;
  }
  return true;
}

function customDomainIsUsable(
  service: ServiceFile,
  rule: { domain: string; domains: readonly string[]; verified: ReadonlyMap<string, string> },
  list: ProblemList,
): boolean {
  const { domain, domains, verified } = rule;
  const name = readDomainName(domain);
  if (!name.ok) {
    list.add(service.source, ["custom_domain"], {
      code: "bad-format",
      message: `${domain} cannot be a custom domain: ${name.reason}`,
      hint: name.hint,
    });
    return false;
  }
  const inside = domains.find((own) => domain === own || domain.endsWith(`.${own}`));
  if (inside !== undefined) {
    list.add(service.source, ["custom_domain"], {
      code: "domain-inside-platform",
      message: `${domain} lies inside the platform's own domain ${inside}`,
      hint: "use subdomain for a name below the platform's domain",
    });
    return false;
  }
  const owner = verified.get(domain);
  if (owner !== undefined && owner !== service.workspaceId) {
    list.add(service.source, ["custom_domain"], {
      code: "foreign-domain",
      message: `${domain} was verified by another workspace (${owner})`,
      hint: `use a domain of your own; if ${owner} gave it up, the platform's operator runs woow domain forget ${domain}`,
    });
    return false;
  }
  if (owner === undefined) {
    list.add(service.source, ["custom_domain"], {
      code: "unverified-domain",
      severity: "warning",
      message: `${describeDomain(domain)} is left out until domains.yaml says that workspace ${service.workspaceId} has proven it`,
      hint: `woow domain status ${domain} prints the DNS records to set, woow domain verify ${domain} checks them and writes domains.yaml`,
    });
  }
  return true;
}

function readVerified(
  definitions: Definitions,
  own: readonly string[],
  list: ProblemList,
): Map<string, string> {
  const verified = new Map<string, string>();
  const { domains } = definitions;
  for (const [index, entry] of (domains?.value.verified ?? []).entries()) {
    const source = (domains as Definition<"Domains">).source;
    if (verified.has(entry.domain)) {
      list.add(source, ["verified", index, "domain"], {
        code: "duplicate-host",
        message: `${entry.domain} is listed twice`,
        hint: "a domain belongs to one workspace",
      });
    } else if (own.some((domain) => entry.domain === domain || entry.domain.endsWith(`.${domain}`))) {
      list.add(source, ["verified", index, "domain"], {
        code: "domain-inside-platform",
        message: `${entry.domain} lies inside the platform's own domain`,
        hint: "remove it",
      });
    } else verified.set(entry.domain, entry.workspace);
  }
  return verified;
}

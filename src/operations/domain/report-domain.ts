import { readDomainName } from "../../definitions/domain-name.ts";
import type { Definitions } from "../../definitions/definition.ts";
import { assessProof } from "./assess-proof.ts";
import type { Check, ProofState } from "./assess-proof.ts";
import { assessRoute } from "./assess-route.ts";
import type { RouteState } from "./assess-route.ts";
import { challengeName, proofValue } from "./domain-proof.ts";
import { listDomains, listPlatformDomains, listPlatformHosts } from "./list-domains.ts";
import type { KnownDomain } from "./list-domains.ts";
import type { DomainFacts } from "./look-up-domain.ts";

/** A record for the owner of the domain to set. */
export interface DnsRecord {
  readonly type: "A" | "AAAA" | "CNAME" | "TXT";
  /** The whole name. */
  readonly name: string;
  readonly value: string;
  /** What it is for. */
  readonly purpose: "proof" | "route";
}

/**
 * `verified`: listed and wanted; `unused`: listed, and no service wants it; `unverified`: wanted, not listed; `foreign`:
 * wanted, and listed for another workspace.
 */
export type DomainState = "verified" | "unused" | "unverified" | "foreign";

/** How a custom domain stands: in domains.yaml and in DNS. */
export interface DomainReport {
  /** As DNS and certificates have it. */
  readonly domain: string;
  /** As people read it. */
  readonly unicode: string;
  readonly workspace: string;
  /** The service that wants it. */
  readonly service: string | null;
  readonly state: DomainState;
  /** RFC 3339; null when it is not listed, or nobody wrote when. */
  readonly verifiedAt: string | null;
  readonly proof: Check<ProofState>;
  readonly route: Check<RouteState>;
  /** All that should be there, whether it is or not. */
  readonly records: readonly DnsRecord[];
  readonly notes: readonly string[];
}

/** Puts together what domains.yaml and DNS say of one domain. */
export function reportDomain(
  known: KnownDomain,
  { facts, definitions }: { readonly facts: DomainFacts; readonly definitions: Definitions },
): DomainReport {
  const { domain, workspace, unit, target } = known;
  const subject = { platform: definitions.platform?.value.name ?? "", workspace, domain };
  const proof = assessProof(facts, subject);
  const route = assessRoute(facts, {
    domain,
    workspace,
    unit,
    target,
    platformDomains: listPlatformDomains(definitions),
    platformHosts: listPlatformHosts(definitions),
  });
  const name = readDomainName(domain);
  const state = stateOf(known);
  return {
    domain,
    unicode: name.ok ? name.unicode : domain,
    workspace,
    service: unit ?? null,
    state,
    verifiedAt: known.listed?.workspace === workspace ? (known.listed.verifiedAt ?? null) : null,
    proof,
    route,
    records: [
      ...listRouteRecords(known, facts),
      { type: "TXT", name: challengeName(domain), value: proofValue(subject), purpose: "proof" },
    ],
    notes: [
      ...noteName(name),
      ...noteState({ known, state, proof: proof.state, route: route.state }),
      ...noteApex(known, facts),
      ...noteOthers(known, definitions),
    ],
  };
}

function stateOf({ listed, workspace, unit }: KnownDomain): DomainState {
  if (listed === undefined) return "unverified";
  if (listed.workspace !== workspace) return "foreign";
  return unit === undefined ? "unused" : "verified";
}

/** Where a zone begins there can be no alias (RFC 1034, 3.6.2), so the addresses themselves must stand there. */
function listRouteRecords({ domain, target }: KnownDomain, { route }: DomainFacts): readonly DnsRecord[] {
  if (route.isApex !== true || route.targetAddresses.type !== "found") {
    return [{ type: "CNAME", name: domain, value: target, purpose: "route" }];
  }
  return route.targetAddresses.records.map((address) => ({
    type: address.includes(":") ? "AAAA" : "A",
    name: domain,
    value: address,
    purpose: "route",
  }));
}

function noteApex({ domain, target }: KnownDomain, { route }: DomainFacts): readonly string[] {
  if (route.isApex === undefined) {
    return [`if a zone begins at ${domain}, set the addresses of ${target} instead of a CNAME`];
  }
  if (!route.isApex) return [];
  if (route.targetAddresses.type === "found") {
    return [
      `a zone begins at ${domain}, so it cannot have a CNAME: set the addresses, or an ALIAS or ANAME record to ${target} where your DNS has such; addresses must be changed when the platform moves`,
    ];
  }
  return [
    `a zone begins at ${domain}, so it needs the addresses of ${target}, which nobody could say just now`,
  ];
}

function noteName(name: ReturnType<typeof readDomainName>): readonly string[] {
  if (!name.ok || !name.isMixed) return [];
  return [
    `${name.unicode} mixes letters of several scripts in one label, as names do that imitate another one: compare ${name.domain} with what the customer registered`,
  ];
}

function noteState({
  known: { domain, workspace, listed },
  state,
  proof,
  route,
}: {
  readonly known: KnownDomain;
  readonly state: DomainState;
  readonly proof: ProofState;
  readonly route: RouteState;
}): readonly string[] {
  const isLost = proof === "missing" || proof === "wrong" || proof === "redirected";
  switch (state) {
    case "foreign":
      return [
        `workspace ${listed?.workspace ?? ""} has proven it, and keeps it until woow domain forget ${domain}`,
      ];
    case "unused":
      return [
        `no service uses it, so it is not served; it stays reserved for workspace ${workspace} until woow domain forget ${domain}`,
        ...(route === "here" ? ["it still leads here: its owner may want to remove that record"] : []),
      ];
    case "verified":
      return isLost
        ? [
            `its proof is gone, and it is served all the same: a fault of DNS must not take a site down. When the customer has left, run woow domain forget ${domain}; else set the TXT record again`,
          ]
        : [];
    case "unverified":
      return proof === "proven" ? [`woow domain verify ${domain} writes it into domains.yaml`] : [];
  }
}

function noteOthers(known: KnownDomain, definitions: Definitions): readonly string[] {
  const all = listDomains(definitions);
  const { domain, workspace, listed } = known;
  const rivals = all.filter((one) => one.domain === domain && one.workspace !== workspace);
  const parent = all.find(
    (one) =>
      one.listed !== undefined &&
      one.listed.workspace === one.workspace &&
      one.workspace !== workspace &&
      domain.endsWith(`.${one.domain}`),
  );
  return [
    ...(listed === undefined
      ? rivals.flatMap(({ unit }) =>
          unit === undefined ? [] : [`${unit} wants it too: the workspace that proves it first gets it`],
        )
      : []),
    ...(parent === undefined
      ? []
      : [`it lies below ${parent.domain}, which workspace ${parent.workspace} has proven: ask them`]),
  ];
}

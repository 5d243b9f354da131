import type { Check } from "./assess-proof.ts";
import type { DomainFacts } from "./look-up-domain.ts";

export type RouteState =
  "here" | "other-name" | "partly" | "elsewhere" | "nowhere" | "endless" | "unanswered" | "unknown";

export interface RouteSubject {
  readonly domain: string;
  readonly workspace: string;
  readonly unit: string | undefined;
  /** Where it should lead. */
  readonly target: string;
  readonly platformDomains: readonly string[];
  /** Host below them -> the service that has it. */
  readonly platformHosts: ReadonlyMap<string, string>;
}

/** Whether those who ask for the domain come to the platform, and by a name that is the service's own. */
export function assessRoute({ route, resolver }: DomainFacts, subject: RouteSubject): Check<RouteState> {
  const { domain, target } = subject;
  const { chain, isEndless, addresses, targetAddresses } = route;
  if (isEndless) {
    return {
      state: "endless",
      message: `${domain} is an alias that never ends (${[domain, ...chain].join(" -> ")})`,
      hint: `let it be an alias of ${target}`,
    };
  }
  if (addresses.type === "failed") {
    return {
      state: "unanswered",
      message: `${resolver} did not say where ${domain} is (${addresses.reason})`,
      hint: "a certificate authority would not find out either; try again, or ask another with --resolver IP",
    };
  }
  if (addresses.type !== "found") return explainNowhere(chain, subject);
  const odd = explainOtherName(chain, subject);
  if (odd !== undefined) return odd;
  if (chain.includes(target)) return { state: "here", message: `${domain} leads to ${target}` };
  if (targetAddresses.type !== "found") return explainTarget(targetAddresses, { resolver, subject });
  const own = new Set(targetAddresses.records);
  const foreign = addresses.records.filter((address) => !own.has(address));
  if (foreign.length === 0) {
    return { state: "here", message: `${domain} has the addresses of ${target}` };
  }
  const where = `${target} is at ${targetAddresses.records.join(", ")}`;
  if (foreign.length < addresses.records.length) {
    const kind = foreign.every((address) => address.includes(":")) ? "AAAA" : "A or AAAA";
    return {
      state: "partly",
      message: `${domain} is also at ${foreign.join(", ")}, which is not the platform (${where}): some callers, and perhaps the certificate authority, go there`,
      hint: `remove those ${kind} records`,
    };
  }
  return {
    state: "elsewhere",
    message: `${domain} is at ${foreign.join(", ")}, ${where}`,
    hint: "right when a proxy in front passes it on; else set the record below: no certificate is issued before",
  };
}

function explainNowhere(chain: readonly string[], { domain, target }: RouteSubject): Check<RouteState> {
  const last = chain.at(-1);
  if (last === undefined || last === target) {
    return {
      state: "nowhere",
      message: last === undefined ? `${domain} has no address` : `${target} has no address yet`,
      hint: last === undefined ? "set the record below" : wildcardHint(target),
    };
  }
  return {
    state: "nowhere",
    message: `${domain} is an alias of ${last}, which has no address: whoever can take that name gets the domain's visitors`,
    hint: `let it be an alias of ${target}`,
  };
}

/** Traefik goes by the name that is asked for, so this is served; but the alias is in somebody else's hand. */
function explainOtherName(
  chain: readonly string[],
  { domain, target, workspace, unit, platformDomains, platformHosts }: RouteSubject,
): Check<RouteState> | undefined {
  if (chain.includes(target)) return undefined;
  const other = chain.find((name) => platformDomains.some((own) => name === own || name.endsWith(`.${own}`)));
  if (other === undefined) return undefined;
  const owner = platformHosts.get(other);
  if (owner !== undefined && owner === unit) return undefined;
  const hint = `let it be an alias of ${target}`;
  if (owner === undefined) {
    return {
      state: "other-name",
      message: `${domain} is an alias of ${other}, which no service has: it leads here only as long as that name does`,
      hint,
    };
  }
  const isOwn = owner.startsWith(`${workspace}/`);
  return {
    state: "other-name",
    message: `${domain} is an alias of ${other}, the name of ${owner}${isOwn ? "" : ", of another workspace"}: it leads away when that service moves`,
    hint,
  };
}

function explainTarget(
  answer: DomainFacts["route"]["targetAddresses"],
  { resolver, subject: { domain, target } }: { resolver: string; subject: RouteSubject },
): Check<RouteState> {
  if (answer.type === "failed") {
    return {
      state: "unknown",
      message: `${domain} has an address, but ${resolver} did not say where ${target} is (${answer.reason})`,
      hint: "try again, or ask another name server with --resolver IP",
    };
  }
  return {
    state: "unknown",
    message: `${domain} has an address, but ${target} has none to compare it with`,
    hint: wildcardHint(target),
  };
}

function wildcardHint(target: string): string {
  return `the platform's own DNS lacks it: add a record *${target.slice(target.indexOf("."))} that leads to the cluster`;
}

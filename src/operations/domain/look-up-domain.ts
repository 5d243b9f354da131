import { challengeName } from "./domain-proof.ts";
import type { DnsAnswer, DnsResolver, RecordType } from "./dns-resolver.ts";

/** What DNS says of a domain, before anybody judges it. */
export interface DomainFacts {
  /** Who was asked. */
  readonly resolver: string;
  readonly proof: {
    /** A CNAME where the TXT record belongs. */
    readonly alias: DnsAnswer;
    readonly texts: DnsAnswer;
    /** TXT records where people put them by mistake, by name; asked only when there is none in its place. */
    readonly elsewhere: ReadonlyMap<string, readonly string[]>;
  };
  readonly route: {
    /** The names its aliases lead over, in order; without the domain itself. */
    readonly chain: readonly string[];
    readonly isEndless: boolean;
    readonly addresses: DnsAnswer;
    readonly targetAddresses: DnsAnswer;
    /** True: a zone begins here, so that it cannot be an alias; undefined when nobody could say. */
    readonly isApex: boolean | undefined;
  };
}

/** More than this no resolver follows. */
const longestChain = 10;

/** The same resolver, which asks each question once. */
export function rememberAnswers(resolver: DnsResolver): DnsResolver {
  const answers = new Map<string, Promise<DnsAnswer>>();
  return {
    name: resolver.name,
    query: async (type, name) => {
      const key = `${type} ${name}`;
      const known = answers.get(key) ?? resolver.query(type, name);
      answers.set(key, known);
      return known;
    },
  };
}

/** Asks DNS for all that says whether a domain is proven and where it leads. */
export async function lookUpDomain(
  resolver: DnsResolver,
  { domain, target }: { readonly domain: string; readonly target: string },
): Promise<DomainFacts> {
  const [proof, route] = await Promise.all([
    lookUpProof(resolver, domain),
    lookUpRoute(resolver, { domain, target }),
  ]);
  return { resolver: resolver.name, proof, route };
}

async function lookUpProof(resolver: DnsResolver, domain: string): Promise<DomainFacts["proof"]> {
  const name = challengeName(domain);
  const [alias, texts] = await Promise.all([resolver.query("CNAME", name), resolver.query("TXT", name)]);
  const elsewhere = new Map<string, readonly string[]>();
  if (texts.type === "no-name" || texts.type === "no-record") {
    // panels add the zone's name to what is typed, and some people leave the label out
    for (const other of [domain, `${name}.${domain}`]) {
      const found = await resolver.query("TXT", other);
      if (found.type === "found") elsewhere.set(other, found.records);
    }
  }
  return { alias, texts, elsewhere };
}

async function lookUpRoute(
  resolver: DnsResolver,
  { domain, target }: { readonly domain: string; readonly target: string },
): Promise<DomainFacts["route"]> {
  const { chain, isEndless } = await followAliases(resolver, domain);
  const [addresses, targetAddresses, apex] = await Promise.all([
    lookUpAddresses(resolver, domain),
    lookUpAddresses(resolver, target),
    chain.length === 0 ? resolver.query("SOA", domain) : undefined,
  ]);
  const isApex = apex === undefined ? false : apex.type === "failed" ? undefined : apex.type === "found";
  return { chain, isEndless, addresses, targetAddresses, isApex };
}

async function followAliases(
  resolver: DnsResolver,
  domain: string,
): Promise<{ readonly chain: readonly string[]; readonly isEndless: boolean }> {
  const chain: string[] = [];
  for (let name = domain; chain.length <= longestChain;) {
    const answer = await resolver.query("CNAME", name);
    const next = answer.type === "found" ? plainName(answer.records[0] ?? "") : undefined;
    if (next === undefined) return { chain, isEndless: false };
    if (next === domain || chain.includes(next)) return { chain: [...chain, next], isEndless: true };
    chain.push(next);
    name = next;
  }
  return { chain, isEndless: true };
}

/** IPv4 and IPv6 together. Either one that fails makes the whole unknown: a certificate authority asks for both, too. */
async function lookUpAddresses(resolver: DnsResolver, name: string): Promise<DnsAnswer> {
  const types: readonly RecordType[] = ["A", "AAAA"];
  const answers = await Promise.all(
    types.map(async (type) => ({ type, answer: await resolver.query(type, name) })),
  );
  const failed = answers.find(({ answer }) => answer.type === "failed");
  if (failed?.answer.type === "failed") {
    return { type: "failed", reason: `${failed.type}: ${failed.answer.reason}` };
  }
  const records = answers.flatMap(({ answer }) => (answer.type === "found" ? answer.records : []));
  if (records.length > 0) return { type: "found", records };
  return answers[0]?.answer ?? { type: "no-name" };
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

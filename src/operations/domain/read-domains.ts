import type { Definitions } from "../../definitions/definition.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { Problem } from "../../definitions/problem.ts";
import { loadPlatform } from "../load-platform.ts";
import type { DnsResolver } from "./dns-resolver.ts";
import { selectDomains } from "./list-domains.ts";
import type { DomainSelection, KnownDomain } from "./list-domains.ts";
import { lookUpDomain, rememberAnswers } from "./look-up-domain.ts";
import { reportDomain } from "./report-domain.ts";
import type { DomainReport } from "./report-domain.ts";

export interface DomainDeps {
  readonly tree: DefinitionTree;
  readonly resolver: DnsResolver;
}

export type ReadDomainsResult =
  | { readonly ok: true; readonly domains: readonly DomainReport[] }
  /** platform.yaml or domains.yaml cannot be used. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** So many domains are asked for at the same time; name servers refuse those who ask too much. */
const atOnce = 8;

/**
 * How custom domains stand: in domains.yaml, and in DNS as the resolver sees it. Errors: `usage` for what is no domain
 * name; `not-found` for a workspace or domain that nobody has.
 */
export async function readDomains(
  { tree, resolver }: DomainDeps,
  selection: DomainSelection,
): Promise<ReadDomainsResult> {
  const { definitions, problems } = loadPlatform(tree, []);
  const broken = findBroken(definitions, problems);
  if (broken.length > 0) return { ok: false, problems: broken };
  const known = selectDomains(definitions, selection);
  return { ok: true, domains: await reportDomains(known, { definitions, resolver }) };
}

/** What makes the list of domains wrong; a problem of one service does not. */
export function findBroken(definitions: Definitions, problems: readonly Problem[]): readonly Problem[] {
  const errors = problems.filter(({ severity }) => severity === "error");
  const broken = errors.filter(({ file }) => file === "domains.yaml" || file === "platform.yaml");
  return definitions.platform === undefined ? errors : broken;
}

/** Asks DNS for each of them, in the same order. */
export async function reportDomains(
  known: readonly KnownDomain[],
  { definitions, resolver }: { readonly definitions: Definitions; readonly resolver: DnsResolver },
): Promise<readonly DomainReport[]> {
  const asking = rememberAnswers(resolver);
  const reports: DomainReport[] = [];
  for (let from = 0; from < known.length; from += atOnce) {
    const batch = known.slice(from, from + atOnce).map(async (one) => {
      const facts = await lookUpDomain(asking, one);
      return reportDomain(one, { facts, definitions });
    });
    reports.push(...(await Promise.all(batch)));
  }
  return reports;
}

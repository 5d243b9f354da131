import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { removeDomain } from "../../definitions/edit-domains.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { loadPlatform } from "../load-platform.ts";
import { domainsPath, readDomainsText } from "./domains-file.ts";
import { listDomains, readNamedDomain } from "./list-domains.ts";
import { findBroken } from "./read-domains.ts";

export type ForgetResult =
  | {
      readonly ok: true;
      readonly domain: string;
      readonly workspace: string;
      /** Services that lose it with the next apply. */
      readonly services: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Takes a domain out of domains.yaml: it is not served any more, and whoever proves it next gets it. Asks nothing of DNS.
 * Errors: `usage`; `not-found` when it is not listed; `changed-meanwhile`, `not-writable`, `disk-full`.
 */
export function forgetDomain(
  { tree, writer }: { readonly tree: DefinitionTree; readonly writer: DefinitionWriter },
  text: string,
): ForgetResult {
  const { definitions, problems } = loadPlatform(tree, []);
  const broken = findBroken(definitions, problems);
  if (broken.length > 0) return { ok: false, problems: broken };
  const domain = readNamedDomain(text);
  const verified = definitions.domains?.value.verified ?? [];
  const entry = verified.find((one) => one.domain === domain);
  const before = readDomainsText(tree);
  if (entry === undefined || before === undefined) {
    const names = verified.map((one) => one.domain);
    throw new OperationError("not-found", `${domainsPath} does not list ${domain}`, {
      subject: domain,
      hint: suggestHint(domain, names) ?? "woow domain status shows what it lists",
    });
  }
  const edited = removeDomain(before, domain);
  if (!edited.ok) {
    throw new OperationError("usage", `${domainsPath} cannot be edited: ${edited.reason}`, {
      subject: domainsPath,
      hint: `nothing was written; take ${domain} out yourself`,
    });
  }
  writer.replace([{ path: domainsPath, before, after: edited.text }]);
  const services = listDomains(definitions)
    .filter((one) => one.domain === domain && one.workspace === entry.workspace)
    .flatMap(({ unit }) => unit ?? []);
  return { ok: true, domain, workspace: entry.workspace, services };
}

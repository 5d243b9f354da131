import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { FileEdit } from "../../definitions/definition-writer.ts";
import { removeDomain } from "../../definitions/edit-domains.ts";
import { OperationError } from "../../errors.ts";
import { loadPlatform } from "../load-platform.ts";
import { domainsPath, readDomainsText } from "./domains-file.ts";

/** What a workspace that goes leaves in domains.yaml. */
export interface ForgottenDomains {
  readonly domains: readonly string[];
  readonly edit: FileEdit;
}

/**
 * The edit that takes every domain of a workspace out of domains.yaml, so that nobody who is given its id later has them;
 * undefined when there is none. Errors: `unreadable`; `usage` when only a person can edit the file.
 */
export function planForgetting(tree: DefinitionTree, workspace: string): ForgottenDomains | undefined {
  const { domains: definition } = loadPlatform(tree, []).definitions;
  const domains = (definition?.value.verified ?? [])
    .filter((entry) => entry.workspace === workspace)
    .map(({ domain }) => domain);
  const before = readDomainsText(tree);
  if (domains.length === 0 || before === undefined) return undefined;
  let after = before;
  for (const domain of domains) {
    const edited = removeDomain(after, domain);
    if (!edited.ok) {
      throw new OperationError("usage", `${domainsPath} cannot be edited: ${edited.reason}`, {
        subject: domainsPath,
        hint: `nothing was done; take ${domains.join(", ")} out yourself`,
      });
    }
    after = edited.text;
  }
  return { domains, edit: { path: domainsPath, before, after } };
}

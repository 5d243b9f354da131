import { openDefinitionTree } from "../../edges/definition-files.ts";
import { readDomains } from "../../operations/domain/read-domains.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printDomains } from "../print/print-domain.ts";
import type { DomainFormat } from "../print/print-domain.ts";
import { printProblemsBriefly } from "../print/print-problems.ts";
import { wireResolver } from "./domain-deps.ts";
import type { DomainFlags } from "./domain-deps.ts";

export interface DomainStatusFlags extends DomainFlags {
  readonly output: DomainFormat;
}

/** woow domain status: how custom domains stand, and the records to set. Writes nothing. */
export async function runDomainStatus(
  domains: readonly string[],
  flags: DomainStatusFlags,
  context: CliContext,
): Promise<number> {
  const tree = openDefinitionTree(findRoot(flags, context));
  const resolver = wireResolver(flags, context);
  const result = await readDomains({ tree, resolver }, { domains, workspaces: flags.workspace ?? [] });
  const json = flags.json === true;
  if (!result.ok) {
    printProblemsBriefly(result.problems, { context, json });
    return exitStatus.failed;
  }
  printDomains(result.domains, {
    context,
    format: json ? "events" : flags.output,
    isNamed: domains.length > 0,
  });
  return exitStatus.done;
}

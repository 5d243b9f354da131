import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { systemClock } from "../../edges/system-clock.ts";
import { OperationError } from "../../errors.ts";
import { verifyDomains } from "../../operations/domain/verify-domains.ts";
import type { VerifyOutcome } from "../../operations/domain/verify-domains.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printVerified } from "../print/print-domain.ts";
import { printProblems } from "../print/print-problems.ts";
import { wireResolver } from "./domain-deps.ts";
import type { DomainFlags } from "./domain-deps.ts";

export interface DomainVerifyFlags extends DomainFlags {
  readonly all?: boolean;
}

/** woow domain verify: looks for proofs and writes what is proven into domains.yaml. */
export async function runDomainVerify(
  domains: readonly string[],
  flags: DomainVerifyFlags,
  context: CliContext,
): Promise<number> {
  const workspaces = flags.workspace ?? [];
  checkScope({ domains, workspaces, all: flags.all === true });
  const root = findRoot(flags, context);
  const json = flags.json === true;
  const result = await verifyDomains(
    {
      tree: openDefinitionTree(root),
      writer: openDefinitionWriter(root),
      resolver: wireResolver(flags, context),
      nowMs: () => systemClock.nowMs(),
    },
    { domains, workspaces },
  );
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written\n");
    return exitStatus.failed;
  }
  printVerified(result.domains, { context, json });
  const outcomes = result.domains.map(({ outcome }) => outcome);
  if (outcomes.every(isFine)) return exitStatus.done;
  return outcomes.includes("added") ? exitStatus.partly : exitStatus.failed;
}

function isFine(outcome: VerifyOutcome): boolean {
  return outcome === "added" || outcome === "kept";
}

function checkScope({
  domains,
  workspaces,
  all,
}: {
  readonly domains: readonly string[];
  readonly workspaces: readonly string[];
  readonly all: boolean;
}): void {
  if (all && domains.length + workspaces.length > 0) {
    throw new OperationError("usage", "--all goes with neither a domain nor --workspace", {
      hint: "leave out one of the two",
    });
  }
  if (all || domains.length + workspaces.length > 0) return;
  throw new OperationError("usage", "which domain?", {
    hint: "name a DOMAIN or --workspace, or add --all; woow domain status lists them",
  });
}

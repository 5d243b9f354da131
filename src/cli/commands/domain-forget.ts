import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { forgetDomain } from "../../operations/domain/forget-domain.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";

/** woow domain forget: takes a domain out of domains.yaml. */
export function runDomainForget(domain: string, flags: GlobalFlags, context: CliContext): number {
  const root = findRoot(flags, context);
  const json = flags.json === true;
  const result = forgetDomain({ tree: openDefinitionTree(root), writer: openDefinitionWriter(root) }, domain);
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    if (!json) context.stderr("nothing was written\n");
    return exitStatus.failed;
  }
  const { workspace, services } = result;
  if (json) {
    printEvent(context, { type: "domain-forgotten", domain: result.domain, workspace, services } as {
      type: string;
    });
    return exitStatus.done;
  }
  context.stdout(`domains.yaml: ${result.domain} taken out; it was proven by workspace ${workspace}\n`);
  for (const unit of services) {
    context.stdout(`${unit} is not served there any more after the next woow apply\n`);
  }
  return exitStatus.done;
}

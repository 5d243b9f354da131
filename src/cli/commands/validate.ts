import { openDefinitionTree } from "../../edges/definition-files.ts";
import { validatePlatform } from "../../operations/validate-platform.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printEvent } from "../print/print-json.ts";
import { countProblems, plural, printProblems } from "../print/print-problems.ts";

/** woow validate: every problem of every file; needs no key and no cluster. */
export async function runValidate(flags: GlobalFlags, context: CliContext): Promise<number> {
  const json = flags.json === true;
  const { definitions, problems, ok } = await validatePlatform(openDefinitionTree(findRoot(flags, context)));
  printProblems(problems, { context, json });
  const counts = {
    templates: definitions.templates.size,
    workspaces: definitions.workspaces.size,
    services: definitions.services.length,
  };
  if (json) printEvent(context, { type: "summary", ok, ...counts } as { type: string });
  else {
    const found = countProblems(problems);
    const read = [
      plural(counts.templates, "template"),
      plural(counts.workspaces, "workspace"),
      plural(counts.services, "service"),
    ].join(", ");
    context.stdout(
      ok
        ? `valid: ${read}${found === undefined ? "" : `; ${found}`}\n`
        : `not valid: ${found ?? "no platform"}\n`,
    );
  }
  return ok ? exitStatus.done : exitStatus.failed;
}

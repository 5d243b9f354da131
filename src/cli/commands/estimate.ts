import { openDefinitionTree } from "../../edges/definition-files.ts";
import { OperationError } from "../../errors.ts";
import { estimatePlatform } from "../../operations/estimate.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { estimateFormats, printEstimate } from "../print/print-estimate.ts";
import { printProblemsBriefly } from "../print/print-problems.ts";

export interface EstimateFlags extends GlobalFlags {
  readonly workspace?: readonly string[];
  readonly output: string;
}

/** woow estimate: what services cost a month, by their templates. Needs no key and no cluster. */
export function runEstimate(flags: EstimateFlags, context: CliContext): number {
  const format = estimateFormats.find((known) => known === flags.output);
  if (format === undefined) {
    throw new OperationError("usage", `there is no output format ${flags.output}`, {
      subject: flags.output,
      hint: `known: ${estimateFormats.join(", ")}`,
    });
  }
  const json = flags.json === true;
  const tree = openDefinitionTree(findRoot(flags, context));
  const { estimate, problems } = estimatePlatform(tree, { workspaces: flags.workspace ?? [] });
  printProblemsBriefly(problems, { context, json });
  if (estimate === undefined) return exitStatus.failed;
  printEstimate(estimate, { context, format: json ? "events" : format });
  return exitStatus.done;
}

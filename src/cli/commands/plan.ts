import { writePlanFile } from "../../edges/plan-file.ts";
import { OperationError } from "../../errors.ts";
import { planPlatform } from "../../operations/cluster/plan.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { version } from "../version.ts";
import { exitStatus } from "../exit-status.ts";
import { printPlan } from "../print/print-plan.ts";
import { printProblems } from "../print/print-problems.ts";
import { readDecisions } from "./decision-flags.ts";
import type { DecisionFlags } from "./decision-flags.ts";
import { listClusters, readSelection } from "./cluster-selection.ts";
import type { SelectionFlags } from "./cluster-selection.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";

export interface PlanFlags extends ConnectionFlags, SelectionFlags, DecisionFlags {
  readonly out?: string;
  readonly markdown?: boolean;
  readonly objects?: boolean;
  readonly withoutSecrets?: boolean;
  readonly detailedExitcode?: boolean;
}

/** woow plan: what apply would change. Writes nothing to a cluster. */
export async function runPlan(flags: PlanFlags, context: CliContext): Promise<number> {
  checkFlags(flags);
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const { deps, end } = wireClusterDeps(root, { flags, context });
  let status: number = exitStatus.done;
  try {
    for (const cluster of listClusters(deps, flags)) {
      const result = await planPlatform(deps, {
        selection: readSelection(flags),
        cluster,
        decisions: readDecisions(flags),
        withSecrets: flags.withoutSecrets !== true,
        save: flags.out === undefined ? undefined : { version },
      });
      printProblems(result.problems, { context, json });
      if (!result.ok) {
        status = exitStatus.failed;
        continue;
      }
      const { plan } = result;
      printPlan(plan, {
        context,
        format: json ? "json" : flags.markdown === true ? "markdown" : "text",
        objects: flags.objects === true,
      });
      if (plan.refusals.length > 0) status = exitStatus.refused;
      else if (flags.out !== undefined && result.file !== undefined) {
        writePlanFile(flags.out, result.file);
        context.stderr(`saved in ${flags.out}; woow apply ${flags.out} does exactly this or nothing\n`);
      }
      if (status === exitStatus.done && flags.detailedExitcode === true && result.hasChanges)
        status = exitStatus.changesPending;
    }
    return status;
  } finally {
    end();
  }
}

function checkFlags({ out, withoutSecrets, allClusters, markdown, json }: PlanFlags): void {
  const usage = (message: string, hint: string) => new OperationError("usage", message, { hint });
  if (out !== undefined && withoutSecrets === true)
    throw usage(
      "a plan made without secrets cannot be applied, so it is not saved",
      "leave out --out or --without-secrets",
    );
  if (out !== undefined && allClusters === true)
    throw usage("a saved plan is for one cluster", "name it with --cluster");
  if (markdown === true && json === true)
    throw usage("--markdown and --json exclude each other", "leave out one");
}

import { openHelm } from "../../edges/helm.ts";
import { writePlanFile } from "../../edges/plan-file.ts";
import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "../../operations/cluster/cluster-deps.ts";
import { planPlatform } from "../../operations/cluster/plan.ts";
import type { PlanOptions, PlanResult } from "../../operations/cluster/plan.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { version } from "../version.ts";
import { exitStatus } from "../exit-status.ts";
import { printError } from "../print/print-error.ts";
import { printRenderings } from "../print/print-plan-render.ts";
import { printPlan } from "../print/print-plan.ts";
import { printProblems } from "../print/print-problems.ts";
import { createProgress } from "../print/progress.ts";
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
  readonly render?: boolean;
  readonly helm?: string;
  readonly withoutSecrets?: boolean;
  readonly detailedExitcode?: boolean;
}

/** woow plan: what apply would change. Writes nothing to a cluster. */
export async function runPlan(flags: PlanFlags, context: CliContext): Promise<number> {
  checkFlags(flags);
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const charts = await wireCharts(flags, context);
  const { deps, end } = wireClusterDeps(root, { flags, context });
  let status: number = exitStatus.done;
  try {
    for (const cluster of listClusters(deps, flags)) {
      const result = await planCluster(
        deps,
        {
          selection: { ...readSelection(flags), mayBeGone: "known" },
          cluster,
          decisions: readDecisions(flags),
          withSecrets: flags.withoutSecrets !== true,
          save: flags.out === undefined ? undefined : { version },
          render: charts,
        },
        { flags, context },
      );
      charts?.endProgress();
      if (result === undefined) {
        status = exitStatus.failed;
        continue;
      }
      printProblems(result.problems, { context, json });
      if (!result.ok) {
        status = exitStatus.failed;
        continue;
      }
      const { plan, renderings } = result;
      const format = json ? "json" : flags.markdown === true ? "markdown" : "text";
      printPlan(plan, { context, format, objects: flags.objects === true });
      if (renderings !== undefined) printRenderings(renderings, { context, format, plan });
      const cannotRender = renderings?.some(({ failure }) => failure !== undefined) === true;
      if (plan.refusals.length > 0) status = Math.max(status, exitStatus.refused);
      else if (cannotRender) {
        if (status === exitStatus.done) status = exitStatus.failed;
        if (flags.out !== undefined)
          context.stderr(`not saved in ${flags.out}: a chart cannot be rendered\n`);
      } else if (flags.out !== undefined && result.file !== undefined) {
        writePlanFile(flags.out, result.file);
        context.stderr(`saved in ${flags.out}; woow apply ${flags.out} does exactly this or nothing\n`);
      }
      if (status === exitStatus.done && flags.detailedExitcode === true && result.hasChanges)
        status = exitStatus.changesPending;
    }
    return status;
  } finally {
    charts?.endProgress();
    charts?.helm.close();
    end();
  }
}

/** One cluster of several that cannot be asked is told of, and the others are planned all the same. */
async function planCluster(
  deps: ClusterDeps,
  options: PlanOptions,
  { flags, context }: { readonly flags: PlanFlags; readonly context: CliContext },
): Promise<PlanResult | undefined> {
  try {
    return await planPlatform(deps, options);
  } catch (error) {
    const isOurs = error instanceof OperationError && error.code !== "cancelled";
    if (flags.allClusters !== true || !isOurs) throw error;
    const { code, message, hint } = error;
    const told = new OperationError(code, `cluster ${options.cluster ?? ""}: ${message}`, {
      subject: options.cluster ?? "",
      hint,
    });
    printError(told, { context, json: flags.json === true });
    return undefined;
  }
}

interface WiredCharts {
  readonly helm: Awaited<ReturnType<typeof openHelm>>;
  readonly progress: (done: number, total: number) => void;
  readonly endProgress: () => void;
}

/** The real helm, when `--render` asks for it; without one nothing else is worth the wait. */
async function wireCharts(flags: PlanFlags, context: CliContext): Promise<WiredCharts | undefined> {
  if (flags.render !== true) return undefined;
  const { environment } = context;
  const program = flags.helm ?? (environment["WOOW_HELM"] || "helm");
  const helm = await openHelm({ program, environment, chartsDir: undefined });
  const progress = createProgress(context, "rendering charts");
  return { helm, progress: progress.update, endProgress: progress.end };
}

function checkFlags({ out, withoutSecrets, allClusters, markdown, json, render, helm }: PlanFlags): void {
  const usage = (message: string, hint: string) => new OperationError("usage", message, { hint });
  if (out !== undefined && withoutSecrets === true)
    throw usage(
      "a plan made without secrets cannot be applied, so it is not saved",
      "leave out --out or --without-secrets",
    );
  if (out !== undefined && allClusters === true)
    throw usage("a saved plan is for one cluster", "name it with --cluster");
  if (helm !== undefined && render !== true)
    throw usage("--helm says which helm --render uses", "add --render, or leave out --helm");
  if (markdown === true && json === true)
    throw usage("--markdown and --json exclude each other", "leave out one");
}

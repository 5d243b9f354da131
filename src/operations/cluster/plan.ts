import { isSettled } from "../../apply/inventory/inventory-changes.ts";
import type { Problem } from "../../definitions/problem.ts";
import type { Plan } from "../../plan/change.ts";
import type { PlanFile } from "../../plan/file/plan-file.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { savePlan } from "./plan-freshness.ts";
import { prepareRun } from "./prepare-run.ts";
import type { PrepareOptions } from "./prepare-run.ts";
import { renderCharts } from "./render/render-charts.ts";
import type { RenderChartsDeps } from "./render/render-charts.ts";
import type { ServiceRendering } from "./render/service-rendering.ts";

export interface PlanOptions extends PrepareOptions {
  /** Also make what `--out` writes; the version is that of the program. */
  readonly save: { readonly version: string } | undefined;
  /** Also render the charts of services that change; left out: not. */
  readonly render?: Omit<RenderChartsDeps, "signal"> | undefined;
}

export type PlanResult =
  | {
      readonly ok: true;
      readonly plan: Plan;
      readonly hasChanges: boolean;
      readonly file: PlanFile | undefined;
      /** Undefined unless asked for. */
      readonly renderings: readonly ServiceRendering[] | undefined;
      readonly problems: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What apply would change. Reads definitions and cluster, writes nothing, takes no lock. */
export async function planPlatform(deps: ClusterDeps, options: PlanOptions): Promise<PlanResult> {
  const prepared = await prepareRun(deps, options);
  if (!prepared.ok) return prepared;
  const { run } = prepared;
  const { render } = options;
  return {
    ok: true,
    plan: run.plan,
    hasChanges: run.plan.units.some((unit) => !isSettled(unit) || unit.blocked !== undefined),
    file: options.save && savePlan(run, { deps, decisions: options.decisions, ...options.save }),
    renderings: render && (await renderCharts(run, { ...render, signal: deps.signal })),
    problems: run.desired.problems,
  };
}

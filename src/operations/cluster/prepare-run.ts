import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { Problem } from "../../definitions/problem.ts";
import type { Plan } from "../../plan/change.ts";
import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import type { Observation } from "../../plan/observation.ts";
import type { Selection } from "../select-units.ts";
import { judgeCharts } from "./charts/judge-charts.ts";
import type { ChartFaults } from "./charts/judge-charts.ts";
import { checkNamed } from "./check-named.ts";
import type { ClusterDeps, GitState } from "./cluster-deps.ts";
import { loadDesired } from "./load-desired.ts";
import type { DesiredCluster } from "./load-desired.ts";
import type { ReleasesObserved } from "./observe-releases.ts";
import { planCluster } from "./plan-cluster.ts";

export interface PrepareOptions {
  readonly selection: Selection;
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  readonly decisions: PlanDecisions;
  /** The definitions to work from; left out: those on disk. */
  readonly tree?: DefinitionTree | undefined;
  /** Reconcile: sick workspaces, and those named, are left alone and do not stop the others. */
  readonly isolate?: { readonly exclude: ReadonlySet<string> } | undefined;
  /** False: placeholders stand for secrets; for looking only. */
  readonly withSecrets?: boolean;
}

/** All that is known before anything is written. */
export interface PreparedRun {
  readonly desired: DesiredCluster;
  readonly tree: DefinitionTree;
  readonly git: GitState;
  readonly client: ClusterClient;
  readonly observation: Observation;
  readonly plan: Plan;
  /** Key of the plan's stand-ins for secrets. */
  readonly salt: string;
  /** What repositories said of charts that are to run; undefined: they were not asked. */
  readonly chartFaults?: ChartFaults | undefined;
  /** What became of what Helm made. */
  readonly releases: ReleasesObserved;
}

export type Preparation =
  | { readonly ok: true; readonly run: PreparedRun }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads definitions and cluster and makes the plan; writes nothing. Errors: see ClusterClient and pickCluster. */
export async function prepareRun(deps: ClusterDeps, options: PrepareOptions): Promise<Preparation> {
  const { selection, cluster, decisions, tree = deps.readTree(), withSecrets = true } = options;
  const git = await deps.readGit();
  const loaded = await loadDesired({
    tree,
    selection,
    cluster,
    identities: withSecrets ? deps.identities : undefined,
    absentFiles: git.absentFiles,
    isolate: options.isolate,
    progress: deps.progress,
  });
  if (!loaded.ok) return loaded;
  const { desired } = loaded;
  const client = await deps.connect(desired.cluster);
  const observed = await planCluster({ client, deps, desired, decisions });
  const isIsolated = options.isolate !== undefined;
  const planned = { ...observed, plan: judgeCharts(observed.plan, { desired, isIsolated }) };
  if (selection.mayBeGone === "known") checkNamed(desired, planned.plan);
  return { ok: true, run: { desired, tree, git, client, ...planned } };
}

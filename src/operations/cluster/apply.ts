import { acquireLock } from "../../apply/lease-lock.ts";
import { emitEvents } from "../../apply/emit-events.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { findEndedHolds, findNewHolds } from "../../apply/inventory/hold-changes.ts";
import { findOverstated, isSettled } from "../../apply/inventory/inventory-changes.ts";
import { waitForServices } from "../../apply/wait.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import type { Plan } from "../../plan/change.ts";
import type { Hold } from "../../plan/inventory.ts";
import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import type { PlanFile, StaleItem } from "../../plan/file/plan-file.ts";
import type { Origin } from "../../record/revision.ts";
import { serviceFacts } from "../../status/service-facts.ts";
import type { ServiceStatus } from "../../status/service-status.ts";
import type { RunBefore } from "../../status/verdict.ts";
import type { Selection } from "../select-units.ts";
import { askRepositories } from "./charts/check-remotes.ts";
import { judgeCharts } from "./charts/judge-charts.ts";
import { createSystemNamespace } from "./bootstrap.ts";
import { carryOut, holdInputs } from "./carry-out.ts";
import type { RemovalOptions } from "./carry-out.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { finishRevisions } from "./finish-revisions.ts";
import { findLostPolicies, ranCharts } from "./find-lost-policies.ts";
import type { LostPolicy } from "./find-lost-policies.ts";
import { findLeftAlone, tellBlocked } from "./left-alone.ts";
import { planCluster } from "./plan-cluster.ts";
import { comparePlans, findStale } from "./plan-freshness.ts";
import { prepareRun } from "./prepare-run.ts";
import type { PreparedRun } from "./prepare-run.ts";
import type { UnitReport } from "./run-units.ts";

export interface ApplyOptions {
  readonly selection: Selection;
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  readonly decisions: PlanDecisions;
  readonly command: Origin["command"];
  /** The definitions to work from; left out: those on disk. */
  readonly tree?: DefinitionTree | undefined;
  /** Reconcile: sick workspaces, and those named, are left alone and do not stop the others. */
  readonly isolate?: { readonly exclude: ReadonlySet<string> } | undefined;
  /** A plan that was reviewed: refused when anything it depended on moved. */
  readonly savedPlan?: PlanFile | undefined;
  readonly removal: RemovalOptions;
  /** Undefined: do not wait until services run. */
  readonly wait: { readonly timeoutMs: number } | undefined;
  readonly lock: LockOptions;
  /**
   * Asked once, with the plan, before the first write. `seen`: a person said yes to exactly this, so a plan that comes
   * out otherwise under the lock is refused. `unseen`: whatever is needed may be done.
   */
  readonly confirm: (plan: Plan) => Promise<"seen" | "unseen" | "declined">;
  /** Called under the lock when nothing can be refused any more, before the first write of the work. */
  readonly beforeWork?: (() => void) | undefined;
  /** The revision of ours that is brought back. */
  readonly rollbackTo?: number | undefined;
  /** Holds to set or to lift, by unit. */
  readonly holds?: ReadonlyMap<string, Hold | undefined>;
}

export interface LockOptions {
  /** How long to wait for another run to end. */
  readonly waitMs: number;
  /** How long a silent holder is believed to live. */
  readonly termMs: number;
}

export type ApplyReport =
  | { readonly type: "problems"; readonly problems: readonly Problem[] }
  /** Nothing was written: the plan says why. */
  | { readonly type: "refused"; readonly plan: Plan }
  /** Nothing was written: the saved plan, or the one that was confirmed, is not true any more. */
  | { readonly type: "stale"; readonly items: readonly StaleItem[] }
  | { readonly type: "declined" }
  | {
      readonly type: "done";
      readonly plan: Plan;
      readonly problems: readonly Problem[];
      readonly units: ReadonlyMap<string, UnitReport>;
      /** Of the selected services; empty when nobody waited. */
      readonly statuses: ReadonlyMap<string, ServiceStatus>;
      /** Units that were to be worked on and could not be, being on hold or blocked: nothing was done to them. */
      readonly leftAlone: ReadonlySet<string>;
      /** Admission policies that do not stand after charts have run: one of them may have taken them away. */
      readonly lostPolicies: readonly LostPolicy[];
      readonly isCancelled: boolean;
    };

/**
 * The map: definitions -> plan -> lock -> inventory -> revision -> objects -> running -> recorded. Nothing to do
 * means nothing is written: no lease, no inventory, no revision.
 */
export async function* applyPlatform(
  deps: ClusterDeps,
  options: ApplyOptions,
): AsyncGenerator<ApplyEvent, ApplyReport> {
  const prepared = await prepareRun(deps, options);
  if (!prepared.ok) return { type: "problems", problems: prepared.problems };
  let { run } = prepared;
  if (options.savedPlan !== undefined) {
    const items = findStale(options.savedPlan, run);
    if (items.length > 0) return { type: "stale", items };
  }
  if (run.plan.refusals.length > 0) return { type: "refused", plan: run.plan };
  const asked = isWorkToDo(run, options);
  const answer = asked ? await options.confirm(run.plan) : "unseen";
  if (answer === "declined") return { type: "declined" };
  // what is only written down is not asked about
  const isWork = asked || touchedUnits(run, options).size > 0;
  if (isWork) run = yield* askRepositories(deps, run, options.isolate !== undefined);
  if (run.plan.refusals.length > 0) return { type: "refused", plan: run.plan };
  const work = isWork
    ? yield* workUnderLock(deps, options, { run, isSeen: answer === "seen" })
    : { type: "idle" as const, plan: run.plan };
  if (work.type === "refused" || work.type === "stale") return work;
  const units = yield* tellBlocked(run.plan, work.type === "worked" ? work.units : new Map());
  const before = work.type === "worked" ? work.before : new Map<string, RunBefore>();
  const statuses = yield* waitUntilRunning(deps, options, { run, units, before });
  if (work.type === "worked") await finishRevisions(deps, { work, statuses });
  const isChecked =
    work.type === "worked" && !deps.signal.aborted && ranCharts(work.units, options.wait !== undefined);
  return {
    type: "done",
    plan: work.plan,
    problems: run.desired.problems,
    units,
    statuses,
    leftAlone: findLeftAlone([...run.plan.units, ...work.plan.units], options.selection),
    lostPolicies: isChecked ? await findLostPolicies(run) : [],
    isCancelled: deps.signal.aborted,
  };
}

/** What a person is asked about. */
function isWorkToDo(run: PreparedRun, options: ApplyOptions): boolean {
  return movingUnits(run, options).size > 0 || run.observation.inventory.claim === undefined;
}

/** Units that something is written about, be it only that a hold is over or what a run that died left unsaid. */
function touchedUnits(run: PreparedRun, options: ApplyOptions): ReadonlySet<string> {
  const { observation, plan, desired } = run;
  return new Set([
    ...movingUnits(run, options),
    ...findEndedHolds(holdInputs(run, options)),
    ...findOverstated(observation.inventory, plan, { desired: desired.units, live: observation.objects }),
  ]);
}

/** Units that something is to be done about. */
function movingUnits(run: PreparedRun, options: ApplyOptions): ReadonlySet<string> {
  const moving = run.plan.units.filter((unit) => !isSettled(unit)).map(({ address }) => address);
  return new Set([...moving, ...findNewHolds(holdInputs(run, options)).keys()]);
}

type LockedWork =
  | { readonly type: "refused"; readonly plan: Plan }
  | { readonly type: "stale"; readonly items: readonly StaleItem[] }
  | Awaited<ReturnType<typeof carryOut> extends AsyncGenerator<ApplyEvent, infer R> ? R : never>;

/** Takes the lock, plans again, and works. The lock is held for the pass, not while services come up. */
async function* workUnderLock(
  deps: ClusterDeps,
  options: ApplyOptions,
  { run, isSeen }: { readonly run: PreparedRun; readonly isSeen: boolean },
): AsyncGenerator<ApplyEvent, LockedWork> {
  const { client, desired } = run;
  // before the first write, because it may refuse; without the lock's guard, because revisions end after the lock
  const store = deps.openRevisions({ platform: desired.platform, cluster: desired.cluster, client });
  await createSystemNamespace(run, deps);
  const lock = yield* emitEvents<ApplyEvent, Awaited<ReturnType<typeof acquireLock>>>(async (emit) =>
    acquireLock({
      client,
      clock: deps.clock,
      holder: `${deps.actor} ${deps.processName}`,
      purpose: options.command,
      ...options.lock,
      onWaiting: (held) => emit({ type: "lock-waiting", ...held }),
      signal: deps.signal,
    }),
  );
  try {
    const guarded = lock.guard(client);
    const fresh = await planCluster({
      client: guarded,
      deps,
      desired,
      decisions: options.decisions,
      // what was settled a moment ago is not written now, so it need not be read again; a saved plan is checked whole
      units: options.savedPlan === undefined ? touchedUnits(run, options) : undefined,
      // it only says that a chart must run again, which the run a moment ago has found already
      releases: run.releases,
    });
    const isIsolated = options.isolate !== undefined;
    const plan = judgeCharts(fresh.plan, { desired, isIsolated, faults: run.chartFaults });
    const locked: PreparedRun = { ...run, ...fresh, plan, client: guarded };
    if (plan.refusals.length > 0) return { type: "refused", plan };
    const items =
      options.savedPlan !== undefined
        ? findStale(options.savedPlan, locked)
        : isSeen
          ? comparePlans(run, locked)
          : [];
    if (items.length > 0) return { type: "stale", items };
    options.beforeWork?.();
    return yield* carryOut(deps, options, { ...locked, store });
  } finally {
    await lock.release();
  }
}

async function* waitUntilRunning(
  deps: ClusterDeps,
  options: ApplyOptions,
  {
    run,
    units,
    before,
  }: {
    readonly run: PreparedRun;
    readonly units: ReadonlyMap<string, UnitReport>;
    readonly before: ReadonlyMap<string, RunBefore>;
  },
): AsyncGenerator<ApplyEvent, ReadonlyMap<string, ServiceStatus>> {
  if (options.wait === undefined || deps.signal.aborted) return new Map();
  const held = new Set(run.plan.units.filter(({ hold }) => hold !== undefined).map(({ address }) => address));
  const services = run.desired.services
    .filter(
      ({ unit }) =>
        !held.has(unit) &&
        ["failed", "skipped", "cancelled"].includes(units.get(unit)?.outcome ?? "") === false,
    )
    .map(serviceFacts);
  if (services.length === 0) return new Map();
  try {
    return yield* waitForServices({
      client: run.client,
      clock: deps.clock,
      services,
      before,
      timeoutMs: options.wait.timeoutMs,
      signal: deps.signal,
      // after a run that wrote nothing, what plan has read is still so
      known: units.size === 0 ? readByPlan(run) : undefined,
      contents: deps.contents,
    });
  } catch (error) {
    if (error instanceof OperationError && error.code === "cancelled") return new Map();
    throw error;
  }
}

/** Of what waiting looks at, the kinds that plan has listed whole. */
function readByPlan({ desired, observation, releases }: PreparedRun): {
  readonly kinds: ReadonlySet<string>;
  readonly objects: readonly LiveObject[];
} {
  const listed = new Set(desired.units.flatMap(({ manifests }) => manifests.map(({ kind }) => kind)));
  const kinds = ["Namespace", "HelmChart", "Secret", "Ingress"].filter((kind) => listed.has(kind));
  const { workloads } = releases;
  if (workloads !== undefined) kinds.push("Deployment", "StatefulSet", "DaemonSet");
  return { kinds: new Set(kinds), objects: [...observation.objects.values(), ...(workloads ?? [])] };
}

import type { ApplyEvent } from "../../apply/event.ts";
import { OperationError } from "../../errors.ts";
import { everything } from "../select-units.ts";
import type { Selection } from "../select-units.ts";
import { applyPlatform } from "../cluster/apply.ts";
import type { ApplyReport, LockOptions } from "../cluster/apply.ts";
import type { ClusterDeps } from "../cluster/cluster-deps.ts";
import { planCluster } from "../cluster/plan-cluster.ts";
import { prepareRun } from "../cluster/prepare-run.ts";
import type { UnitReport } from "../cluster/run-units.ts";
import type { Plan, Refusal } from "../../plan/change.ts";
import { noDecisions } from "../../plan/plan-decisions.ts";
import { findDrift, ownerOfUnit } from "./find-drift.ts";
import type { DriftEvent } from "./find-drift.ts";
import type { SoundSource } from "./read-source.ts";

export interface PassOptions {
  readonly source: SoundSource;
  /** `platform` and workspaces; undefined: everything. */
  readonly owners: readonly string[] | undefined;
  /** Workspaces that wait for their next try. */
  readonly exclude: ReadonlySet<string>;
  readonly lock: LockOptions;
}

/** Why an owner's part of a pass failed. */
export interface OwnerFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface PassResult {
  readonly failures: ReadonlyMap<string, OwnerFailure>;
  readonly changedUnits: number;
  readonly drift: readonly DriftEvent[];
  readonly repaired: readonly DriftEvent[];
  readonly isCancelled: boolean;
}

/** Reconcile decides what a person would be asked: drift is put back, what does not fit is left, nothing else is forced. */
const decisions = { ...noDecisions, repair: true, overQuota: "leave" } as const;
/** Somebody else changed the cluster between our plan and the lock so often. */
const maxStale = 3;

/**
 * One pass: plan, and do it. A workspace that the plan refuses is left out and the rest planned again, so that one
 * tenant's trouble is not everybody's. Errors: what concerns the cluster as a whole, as OperationError.
 */
export async function* runPass(
  deps: ClusterDeps,
  options: PassOptions,
): AsyncGenerator<ApplyEvent | DriftEvent, PassResult> {
  const failures = new Map<string, OwnerFailure>();
  const reported = yield* reportDrift(deps, options);
  let stale = 0;
  for (;;) {
    const left = new Set([...options.exclude, ...failures.keys()]);
    const selection = selectOwners(options, left);
    if (selection === undefined) return endPass({ failures, reported });
    const { report, drift } = yield* applyOnce(deps, { ...options, selection, exclude: left });
    switch (report.type) {
      case "done":
        return endPass({ failures: collectFailures(failures, report.units), reported, report, drift });
      case "refused":
        for (const [owner, failure] of failuresOf(report.plan)) failures.set(owner, failure);
        break;
      case "stale":
        stale += 1;
        if (stale === maxStale)
          throw new OperationError("stale-plan", "the cluster changes while it is planned", {
            hint: "somebody else is at work; it is tried again",
          });
        break;
      case "problems":
        throw new OperationError("refused", "the definitions have problems", {
          hint: "woow validate lists them",
        });
      case "declined":
        throw new Error("reconcile asks nobody");
    }
  }
}

/** Applies, and tells the drift that is about to be repaired before anything is written. */
async function* applyOnce(
  deps: ClusterDeps,
  { source, selection, exclude, lock }: PassOptions & { readonly selection: Selection },
): AsyncGenerator<
  ApplyEvent | DriftEvent,
  { readonly report: ApplyReport; readonly drift: readonly DriftEvent[] }
> {
  let drift: readonly DriftEvent[] = [];
  let told = 0;
  const policyOf = makePolicies(source);
  const stream = applyPlatform(deps, {
    selection,
    cluster: source.cluster.name,
    decisions,
    command: "reconcile",
    tree: source.state.tree,
    removal: { mode: "keep-data" },
    wait: undefined,
    lock,
    isolate: { exclude },
    confirm: async (plan) => {
      drift = findDrift(plan, policyOf).filter(({ policy }) => policy === "repair");
      return "unseen";
    },
  });
  for (;;) {
    const step = await stream.next();
    yield* drift.slice(told);
    told = drift.length;
    if (step.done === true) return { report: step.value, drift };
    yield step.value;
  }
}

/** Drift of workspaces whose policy is to report: what a repair would do is told, and not done. */
async function* reportDrift(
  deps: ClusterDeps,
  options: PassOptions,
): AsyncGenerator<DriftEvent, readonly DriftEvent[]> {
  const { source, exclude } = options;
  const policyOf = makePolicies(source);
  const reporting = [...source.workspaces].filter((id) => policyOf(id) === "report" && !exclude.has(id));
  const concerned =
    options.owners === undefined || options.owners.some((owner) => policyOf(owner) === "report");
  if (!concerned || (reporting.length === 0 && policyOf("platform") !== "report")) return [];
  const selection = selectOwners(options, exclude) ?? everything;
  const prepared = await prepareRun(deps, {
    selection,
    cluster: source.cluster.name,
    decisions,
    tree: source.state.tree,
    isolate: { exclude },
  });
  if (!prepared.ok) return [];
  const { run } = prepared;
  const units = run.desired.units.map((unit) => ({ ...unit, drift: "repair" as const }));
  const { plan } = await planCluster({
    client: run.client,
    deps,
    desired: { ...run.desired, units },
    decisions,
  });
  const found = findDrift(plan, policyOf).filter(({ policy }) => policy === "report");
  yield* found;
  return found;
}

function makePolicies({ platform, cluster }: SoundSource): (unit: string) => DriftEvent["policy"] {
  const policies = new Map(cluster.workspaces.map(({ id, drift }) => [id, drift]));
  return (unit) => policies.get(ownerOfUnit(unit)) ?? platform.drift;
}

/** Undefined: nobody is left to make a pass for. */
function selectOwners({ source, owners }: PassOptions, left: ReadonlySet<string>): Selection | undefined {
  const served = [...source.workspaces].filter((id) => !left.has(id)).sort();
  const named = (workspaces: readonly string[]) =>
    workspaces.length === 0 ? undefined : { ...everything, workspaces };
  // as a prerequisite the platform unit is left as it is
  if (left.has("platform"))
    return named(owners === undefined ? served : served.filter((id) => owners.includes(id)));
  if (owners === undefined) return everything;
  // the platform unit, or a workspace that is defined no longer: only a selection of everything reaches those
  const still = owners.filter((owner) => !left.has(owner));
  if (still.some((owner) => !source.workspaces.has(owner))) return everything;
  return named(still);
}

/**
 * Who is concerned by what a plan refuses. What concerns everybody may be another matter once those are left out that
 * are named, so it counts only when nobody is. Errors: `refused` for what concerns everybody.
 */
function failuresOf({ refusals, units }: Plan): Map<string, OwnerFailure> {
  const named = refusals.filter(({ unit }) => unit !== undefined);
  const failures = new Map<string, OwnerFailure>();
  for (const refusal of named.length > 0 ? named : refusals) {
    for (const owner of ownersOf(refusal, units)) {
      const { code, message, hint } = refusal;
      if (!failures.has(owner)) failures.set(owner, { code, message, hint });
    }
  }
  return failures;
}

function ownersOf(refusal: Refusal, units: Plan["units"]): string[] {
  if (refusal.unit !== undefined) return [ownerOfUnit(refusal.unit)];
  // too much would go at once: what goes waits for a person, everything else goes on
  const going = units.filter(({ intent }) => intent === "remove").map(({ address }) => ownerOfUnit(address));
  if (refusal.code === "budget" && going.length > 0) return [...new Set(going)];
  throw new OperationError("refused", refusal.message, { hint: refusal.hint });
}

function collectFailures(
  before: ReadonlyMap<string, OwnerFailure>,
  units: ReadonlyMap<string, UnitReport>,
): Map<string, OwnerFailure> {
  const failures = new Map(before);
  for (const [address, { outcome, message, hint }] of units) {
    const owner = ownerOfUnit(address);
    if ((outcome !== "failed" && outcome !== "kept") || failures.has(owner)) continue;
    failures.set(owner, { code: outcome, message: `${address}: ${message ?? "failed"}`, hint });
  }
  return failures;
}

function endPass({
  failures,
  reported,
  report,
  drift = [],
}: {
  readonly failures: ReadonlyMap<string, OwnerFailure>;
  readonly reported: readonly DriftEvent[];
  readonly report?: Extract<ApplyReport, { type: "done" }>;
  readonly drift?: readonly DriftEvent[];
}): PassResult {
  const units = report?.units ?? new Map<string, UnitReport>();
  const done = new Set(["applied", "running", "not-running", "removed"]);
  const changed = [...units].filter(([, { outcome }]) => done.has(outcome)).map(([address]) => address);
  return {
    failures,
    changedUnits: changed.length,
    drift: [...reported, ...drift],
    repaired: drift.filter(({ unit }) => changed.includes(unit)),
    isCancelled: report?.isCancelled ?? false,
  };
}

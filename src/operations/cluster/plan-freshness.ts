import { labelRef, refKey } from "../../cluster/object-ref.ts";
import { systemNamespace } from "../../model/names.ts";
import type { Change, Plan } from "../../plan/change.ts";
import { checkPlanFile } from "../../plan/file/check-plan-file.ts";
import { makePlanFile } from "../../plan/file/plan-file.ts";
import type { PlanFile, StaleItem } from "../../plan/file/plan-file.ts";
import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import { makeSalt } from "./cluster-deps.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import type { PreparedRun } from "./prepare-run.ts";

/**
 * What a plan that a person has seen says and one made under the lock does not, or the other way round. The system
 * namespace does not count: it is made before the lock.
 */
export function comparePlans(seen: PreparedRun, now: PreparedRun): readonly StaleItem[] {
  const [before, after] = [listIntents(seen.plan), listIntents(now.plan)];
  const items: StaleItem[] = [];
  for (const [key, { change, intent }] of after) {
    if (before.get(key)?.intent === intent) continue;
    items.push({
      ref: change.ref,
      field: undefined,
      message: `${labelRef(change.ref)}: ${before.has(key) ? "another change than the one you saw" : `to ${change.action} was not in the plan you saw`}`,
    });
  }
  for (const [key, { change }] of before) {
    if (after.has(key)) continue;
    items.push({
      ref: change.ref,
      field: undefined,
      message: `${labelRef(change.ref)}: to ${change.action} is not needed any more`,
    });
  }
  return items;
}

function listIntents({ units }: Plan): Map<string, { readonly change: Change; readonly intent: string }> {
  const intents = new Map<string, { change: Change; intent: string }>();
  for (const change of units.flatMap((unit) => unit.changes)) {
    if (change.action === "none") continue;
    if (change.ref.kind === "Namespace" && change.ref.name === systemNamespace) continue;
    const fields = change.action === "update" ? change.fields.map(({ path }) => path) : [];
    intents.set(refKey(change.ref), { change, intent: JSON.stringify([change.action, fields]) });
  }
  return intents;
}

/** What `woow plan --out` writes. */
export function savePlan(
  run: PreparedRun,
  {
    deps,
    decisions,
    version,
  }: { readonly deps: ClusterDeps; readonly decisions: PlanDecisions; readonly version: string },
): PlanFile {
  const { plan, desired, observation, git } = run;
  const { clusters, workspaces, services, templates } = desired.selection;
  return makePlanFile({
    plan,
    units: desired.units,
    observation,
    selection: { clusters, workspaces, services, ...(templates === undefined ? {} : { templates }) },
    decisions,
    version,
    createdAt: new Date(deps.clock.nowMs()).toISOString(),
    gitCommit: git.commit,
    gitDirty: git.changedFiles.length > 0,
    salt: makeSalt(deps),
  });
}

/** What a saved plan depended on and is not so any more; empty: it may be applied. */
export function findStale(file: PlanFile, { plan, desired, observation }: PreparedRun): readonly StaleItem[] {
  return checkPlanFile(file, { plan, units: desired.units, observation });
}

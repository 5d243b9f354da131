import type { ObjectRef } from "../../cluster/object-ref.ts";
import { sumMoney } from "../../model/money.ts";
import type { Action, Change, FieldChange, Plan, Recovery, Refusal, UnitPlan } from "../change.ts";
import type { Hold } from "../inventory.ts";
import type { WorkspaceUse } from "../quota/workspace-use.ts";

/** A plan as people and programs read it: no objects, no secrets. What `--json` prints and a saved plan shows. */
export interface PrintedPlan {
  readonly platform: string;
  readonly cluster: string;
  readonly clusterUid: string;
  readonly currency: string;
  readonly units: readonly PrintedUnit[];
  /** Workspaces that are worked on; left out: quotas were not looked at. */
  readonly workspaces?: readonly WorkspaceUse[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
  readonly summary: PlanSummary;
}

export interface PrintedUnit {
  readonly unit: string;
  readonly action: UnitAction;
  /** Changes worth doing; what stays as it is, is only counted. */
  readonly changes: readonly PrintedChange[];
  readonly unchanged: number;
  readonly recovery: { readonly type: Recovery["type"]; readonly why: string } | undefined;
  readonly hold: Hold | undefined;
  /** Why nothing can be done to this unit now, although there is nothing against the others. */
  readonly blocked?: { readonly message: string; readonly hint: string | undefined } | undefined;
  readonly notes: readonly string[];
  readonly costBefore: number | undefined;
  readonly costAfter: number | undefined;
}

/** What happens to a unit as a whole. */
export type UnitAction = "create" | "update" | "recover" | "remove" | "hold" | "blocked" | "none";

export interface PrintedChange {
  readonly action: Exclude<Action, "none">;
  readonly ref: ObjectRef;
  readonly reason: Change["reason"];
  /** True: the API server could not be asked. */
  readonly predicted: boolean;
  /** True: fields are taken from other managers. */
  readonly force: boolean;
  readonly kept: readonly string[];
  readonly fields: readonly FieldChange[];
}

export interface PlanSummary {
  /** Units by what happens to them. */
  readonly units: Readonly<Record<UnitAction, number>>;
  /** Objects by what happens to them. */
  readonly objects: Readonly<Record<Action, number>>;
  /** Of all services of this plan together, a month. */
  readonly costBefore: number;
  readonly costAfter: number;
  readonly hasChanges: boolean;
}

/** Leaves out of a plan what only apply needs. */
export function describePlan(plan: Plan): PrintedPlan {
  const units = plan.units.map(describeUnit);
  return {
    platform: plan.platform,
    cluster: plan.cluster,
    clusterUid: plan.clusterUid,
    currency: plan.currency,
    units,
    ...(plan.workspaces === undefined ? {} : { workspaces: plan.workspaces }),
    refusals: plan.refusals,
    notes: plan.notes,
    summary: summarizeUnits(units),
  };
}

function describeUnit(plan: UnitPlan): PrintedUnit {
  const { address, changes, recovery, hold, blocked, notes, costBefore, costAfter } = plan;
  return {
    unit: address,
    action: unitAction(plan),
    changes: changes.flatMap(describeChange),
    unchanged: changes.filter(({ action }) => action === "none").length,
    recovery: recovery === undefined ? undefined : { type: recovery.type, why: recovery.why },
    hold,
    blocked: blocked === undefined ? undefined : { message: blocked.message, hint: blocked.hint },
    notes,
    costBefore,
    costAfter,
  };
}

function describeChange(change: Change): PrintedChange[] {
  if (change.action === "none") return [];
  const { action, ref, reason, fields } = change;
  return [
    {
      action,
      ref,
      reason,
      predicted: "predicted" in change && change.predicted,
      force: "force" in change && change.force,
      kept: "kept" in change ? change.kept : [],
      fields,
    },
  ];
}

function unitAction({ intent, hold, blocked, changes, recovery }: UnitPlan): UnitAction {
  if (hold !== undefined) return "hold";
  if (blocked !== undefined) return "blocked";
  if (intent === "remove") return "remove";
  const work = changes.filter(({ action }) => action !== "none");
  if (work.length === 0) return recovery === undefined ? "none" : "recover";
  return work.length === changes.length && work.every(({ action }) => action === "create")
    ? "create"
    : "update";
}

/** The numbers of a plan; of a saved one they are counted again, because they may have been edited. */
export function summarizeUnits(units: readonly PrintedUnit[]): PlanSummary {
  const unitCounts = { create: 0, update: 0, recover: 0, remove: 0, hold: 0, blocked: 0, none: 0 };
  const objectCounts = { create: 0, update: 0, replace: 0, prune: 0, none: 0 };
  for (const { action } of units) unitCounts[action] += 1;
  for (const { changes, unchanged } of units) {
    objectCounts.none += unchanged;
    for (const { action } of changes) objectCounts[action] += 1;
  }
  const sum = (prices: readonly (number | undefined)[]) => sumMoney(prices.map((price) => price ?? 0));
  return {
    units: unitCounts,
    objects: objectCounts,
    costBefore: sum(units.map(({ costBefore }) => costBefore)),
    costAfter: sum(units.map(({ costAfter }) => costAfter)),
    hasChanges: units.some(({ action }) => action !== "none" && action !== "hold"),
  };
}

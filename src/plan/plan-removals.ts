import { namespaceName } from "../model/names.ts";
import type { Refusal, UnitPlan } from "./change.ts";
import { noDefinition } from "./inventory.ts";
import { knownObjects, liveObjectsOf, workspaceOf } from "./plan-index.ts";
import type { PlanIndex } from "./plan-index.ts";
import { describeLookalikes } from "./lookalikes.ts";
import { isSick, removeOurs } from "./plan-leftovers.ts";
import { priceOf } from "./service/plan-service.ts";
import type { PlanInput } from "./plan-input.ts";

export interface Removals {
  /** Services before the workspaces they are in. */
  readonly plans: readonly UnitPlan[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

/** More services than this at once are not removed without a word. */
const maxRemovals = 10;
/** Nor more than this part of all, when that is more than one. */
const maxRemovedShare = 0.2;

/**
 * Units that the cluster knows and git does not, as far as the selection reaches, and those a person named. What has a
 * file, readable or not, stays; so does everything in a workspace that has a problem.
 */
export function planRemovals(index: PlanIndex, input: PlanInput): Removals {
  const known = [...new Set([...index.records.keys(), ...index.byUnit.keys()])].sort(byStage);
  const named = new Set(input.decisions.removeUnits);
  const plans: UnitPlan[] = [];
  const refusals: Refusal[] = [];
  const notes: string[] = [];
  const elsewhere = new Set<string>();
  const planned = new Set(input.units.map(({ address }) => address));
  for (const address of known) {
    const isNamed = named.has(address) || named.has(workspaceOf(address) ?? "");
    if (!isNamed && !input.covers(address)) continue;
    if (!isNamed && isPresent(address, input)) {
      if (!planned.has(address) && !isSick(address, input)) elsewhere.add(workspaceOf(address) ?? address);
      continue;
    }
    if (!isNamed && isSick(address, input)) {
      notes.push(`${address} is not in git, but nothing is removed while its workspace has a problem`);
      continue;
    }
    const plan = planRemoval(address, index, input);
    plans.push(plan);
    const mayGo = isNamed || input.decisions.removeWorkspaces.includes(address);
    if (!address.includes("/") && plan.hold === undefined && !mayGo) refusals.push(namespaceRefusal(address));
  }
  for (const workspace of elsewhere) {
    notes.push(
      `${workspace} has files in git that say nothing for this cluster (they belong to another one, or are not in this checkout): what it has here is left alone`,
    );
  }
  for (const [address, objects] of index.lookalikes) {
    // those of a unit that is planned stand there
    if (!planned.has(address) && input.covers(address))
      notes.push(...describeLookalikes(objects, index.wanted));
  }
  const budget = checkBudget(plans, index, input);
  return { plans, refusals: budget === undefined ? refusals : [...refusals, budget], notes };
}

/** The platform unit is always defined. */
function isPresent(address: string, { present }: PlanInput): boolean {
  return address === "platform" || present.has(address);
}

function planRemoval(address: string, index: PlanIndex, input: PlanInput): UnitPlan {
  const objects = liveObjectsOf(address, index, input);
  const chart = objects.find(({ kind }) => kind === "HelmChart");
  const hold = index.records.get(address)?.hold;
  // brought back by a rollback although git does not define it: held until git says anything of it
  const isBroughtBack = hold?.type === "rollback" && hold.whileDefinition === noDefinition;
  const isNamed = input.decisions.removeUnits.includes(address);
  const held = hold?.type === "suspended" || (isBroughtBack && !isNamed) ? hold : undefined;
  const { changes, notes } = removeOurs(objects, {
    address,
    platform: input.platform,
    known: knownObjects(address, index),
  });
  const cost = chart === undefined ? undefined : priceOf(chart, input);
  return {
    address,
    workspaceId: workspaceOf(address),
    intent: "remove",
    changes: held === undefined ? changes : [],
    recovery: undefined,
    hold: held,
    notes,
    costBefore: cost,
    costAfter: held === undefined ? undefined : cost,
  };
}

function namespaceRefusal(address: string): Refusal {
  return {
    code: "removal-not-named",
    unit: address,
    ref: { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: namespaceName(address) },
    message: `the workspace ${address} is gone from git, and its namespace goes only when it is named`,
    hint: `--remove-workspace ${address} removes it; or bring workspaces/${address}/workspace.yaml back`,
  };
}

/** A broken checkout must not look like a wish. What a person named is no surprise and does not count. */
function checkBudget(plans: readonly UnitPlan[], index: PlanIndex, input: PlanInput): Refusal | undefined {
  const { pruneBudget, removeUnits } = input.decisions;
  const isNamed = (address: string) =>
    removeUnits.includes(address) || removeUnits.includes(workspaceOf(address) ?? "");
  const removed = plans.filter(
    ({ address, hold }) => address.includes("/") && hold === undefined && !isNamed(address),
  );
  const known = new Set([...index.records.keys(), ...index.byUnit.keys()].filter((one) => one.includes("/")));
  const count = removed.length;
  const isSmall = count <= maxRemovals && (count <= 1 || count <= known.size * maxRemovedShare);
  if (pruneBudget === undefined ? isSmall : count <= pruneBudget) return undefined;
  const names = removed.slice(0, 5).map(({ address }) => address);
  const rest = count > names.length ? ` and ${count - names.length} more` : "";
  return {
    code: "budget",
    unit: undefined,
    ref: undefined,
    message: `${count} of ${known.size} services would be removed: ${names.join(", ")}${rest}`,
    hint: `if git is right, say --prune-budget ${count}`,
  };
}

/** Services first: a namespace goes when nothing is in it. */
function byStage(a: string, b: string): number {
  const rank = (address: string) => (address.includes("/") ? 0 : 1);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

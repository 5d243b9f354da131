import type { Plan, Refusal } from "./change.ts";
import { fillPlaceholders } from "./fill-placeholders.ts";
import { findRenames } from "./service/find-renames.ts";
import { indexInput } from "./plan-index.ts";
import type { Answers, PlanInput, Question } from "./plan-input.ts";
import { planNotes } from "./plan-notes.ts";
import { findReleasedHosts } from "./keep-hosts.ts";
import { planHosts } from "./plan-hosts.ts";
import { planRemovals } from "./plan-removals.ts";
import { planQuota } from "./quota/plan-quota.ts";
import { planClientAddresses } from "./service/client-addresses.ts";
import { planUnit } from "./plan-unit.ts";

/** What can be planned from lists alone, and what is left to ask; without a question it is the plan. */
export function draftPlan(input: PlanInput): {
  readonly plan: Plan;
  readonly questions: readonly Question[];
} {
  return planAll(input, new Map());
}

/**
 * What the lists leave open: objects that fail the comparison, and new ones in namespaces that are there. Each is
 * asked by a dry run; nothing is stored by it.
 */
export function findQuestions(input: PlanInput): readonly Question[] {
  return planAll(input, new Map()).questions;
}

/** Desired against live. A question without an answer makes its change a prediction. */
export function makePlan(input: PlanInput, answers: Answers): Plan {
  return planAll(input, answers).plan;
}

function planAll(
  given: PlanInput,
  answers: Answers,
): { readonly plan: Plan; readonly questions: readonly Question[] } {
  const filled = fillPlaceholders(given);
  const input: PlanInput = { ...given, units: filled.units };
  const index = indexInput(input);
  const removals = planRemovals(index, input);
  const released = findReleasedHosts(removals.plans, index, input.observation);
  const context = { input, index, answers, released, changingNamespaces: new Set<string>() };
  const named = new Set(input.decisions.removeUnits);
  const planned = [...input.units]
    .filter(({ address }) => !named.has(address) && !named.has(address.split("/", 1)[0] ?? ""))
    .sort((a, b) => stage(a.address) - stage(b.address) || (a.address < b.address ? -1 : 1))
    .map((unit) => planUnit(unit, context));
  const quota = planQuota([...planned.map(({ plan }) => plan), ...removals.plans], { input, index });
  const callers = planClientAddresses(quota.units, {
    desired: input.units,
    addresses: input.clientAddresses,
  });
  const hosts = planHosts(callers.units, input);
  const { units } = hosts;
  const refusals = [
    ...checkClaim(input),
    ...planned.flatMap((unit) => unit.refusals),
    ...removals.refusals,
    ...findRenames(units, { input, index }),
    ...quota.refusals,
    ...callers.refusals,
    ...hosts.refusals,
  ];
  const plan: Plan = {
    platform: input.platform,
    cluster: input.cluster,
    clusterUid: input.observation.clusterUid,
    currency: input.currency,
    units,
    workspaces: quota.workspaces,
    refusals,
    notes: [
      ...removals.notes,
      ...planNotes(units, input),
      ...quota.notes,
      ...callers.notes,
      ...unopenedNote(filled.count),
    ],
  };
  return { plan, questions: planned.flatMap((unit) => unit.questions) };
}

function unopenedNote(count: number): string[] {
  if (count === 0) return [];
  return [`made without keys: secrets of ${count} service${count === 1 ? "" : "s"} are not compared`];
}

/** Platform, workspaces, services. */
function stage(address: string): number {
  return address === "platform" ? 0 : address.includes("/") ? 2 : 1;
}

/** Whose cluster it is, as the first apply wrote it down. */
function checkClaim({ observation, platform, cluster, records }: PlanInput): Refusal[] {
  const { claim } = observation.inventory;
  if (claim === undefined) return [];
  const base = { unit: undefined, ref: undefined };
  if (claim.platform !== platform) {
    return [
      {
        ...base,
        code: "other-platform",
        message: `the cluster belongs to the platform ${claim.platform}, not to ${platform}`,
        hint: `check the context of clusters.${cluster} in platform.yaml, and its name`,
      },
    ];
  }
  if (claim.clusterUid !== observation.clusterUid) {
    return [
      {
        ...base,
        code: "other-cluster",
        message: `the inventory was written for another cluster (kube-system ${claim.clusterUid}, here ${observation.clusterUid})`,
        hint: "it was copied or restored: delete the ConfigMap woow-platform in paas-system if this cluster is to take its place",
      },
    ];
  }
  if (claim.records === records) return [];
  return [
    {
      ...base,
      code: "records-mixed",
      message: `revisions of this cluster are kept ${where(claim.records)}, and platform.yaml says ${where(records)}`,
      hint: `write records: ${claim.records} into platform.yaml, so that the history stays in one place`,
    },
  ];
}

function where(records: "local" | "cluster"): string {
  return records === "local" ? "local" : "in the cluster";
}

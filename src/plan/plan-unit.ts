import { refKey, refOf } from "../cluster/object-ref.ts";
import { namespaceName } from "../model/names.ts";
import type { Change, Refusal, UnitPlan } from "./change.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import type { MaskRules } from "./compare/diff-fields.ts";
import type { Hold } from "./inventory.ts";
import { hostsAnnotation } from "./hosts-of.ts";
import { isSeenInPart, keepHosts } from "./keep-hosts.ts";
import type { PlanIndex } from "./plan-index.ts";
import { planDropped, planForeign } from "./plan-leftovers.ts";
import { planObject } from "./plan-object.ts";
import { terminatingRefusal } from "./refusals.ts";
import { checkServiceValues, planRecovery, serviceCosts } from "./service/plan-service.ts";
import type { Answers, PlanInput, Question } from "./plan-input.ts";

/** What planning units shares. */
export interface UnitContext {
  readonly input: PlanInput;
  readonly index: PlanIndex;
  readonly answers: Answers;
  /** Hosts of services that go in this run. */
  readonly released: ReadonlySet<string>;
  /** Namespaces that this plan changes: until then the server judges what is in them by what they were. */
  readonly changingNamespaces: Set<string>;
}

export interface PlannedUnit {
  readonly plan: UnitPlan;
  readonly refusals: readonly Refusal[];
  readonly questions: readonly Question[];
}

/** What is intended for a unit that is defined. */
export function planUnit(unit: DesiredUnit, context: UnitContext): PlannedUnit {
  const { input, index } = context;
  const { address, workspaceId, service } = unit;
  const record = index.records.get(address);
  const isOver = record?.hold?.type === "rollback" && input.decisions.endRollbackHolds?.includes(address);
  const hold = isOver === true ? undefined : activeHold(record?.hold, unit);
  const base = { address, workspaceId, intent: "apply" as const, hold, ...serviceCosts(unit, input) };
  if (hold !== undefined) {
    return { plan: { ...base, changes: [], recovery: undefined, notes: [] }, refusals: [], questions: [] };
  }
  const blocked = findBlock(unit, input);
  if (blocked !== undefined) {
    const plan = { ...base, changes: [], recovery: undefined, blocked, notes: [] };
    return { plan, refusals: [], questions: [] };
  }
  const mask: MaskRules = {
    salt: input.salt,
    secretKeys: service?.secretKeys ?? [],
    formerSecretKeys: record?.secretKeys,
  };
  const known = new Set(record?.objects.map(refKey));
  const changes: Change[] = [];
  const refusals: Refusal[] = [];
  const notes: string[] = [];
  const questions: Question[] = [];
  const isPartial = isSeenInPart(unit, input);
  for (const manifest of unit.manifests) {
    const ref = refOf(manifest);
    const key = refKey(ref);
    const live = input.observation.objects.get(key);
    const planned = planObject(isPartial ? keepHosts(manifest, live, context.released) : manifest, {
      input,
      unit: address,
      drift: unit.drift,
      mask,
      isKnown: known.has(key),
      canAsk: !context.changingNamespaces.has(ref.namespace ?? ""),
      answer: context.answers.get(key),
    });
    if (planned.change !== undefined) changes.push(planned.change);
    if (ref.kind === "Namespace" && planned.change?.action !== "none")
      context.changingNamespaces.add(ref.name);
    refusals.push(...planned.refusals);
    notes.push(...planned.notes);
    if (planned.question !== undefined) questions.push(planned.question);
  }
  if (input.prerequisites.has(address)) {
    const needed = changes.filter(input.releasing?.has(address) === true ? isAllotment : isNeeded);
    const isIn = (ref: { ref: Change["ref"] | undefined }) =>
      needed.some((change) => sameRef(change.ref, ref.ref));
    return {
      plan: { ...base, changes: needed, recovery: undefined, notes: [] },
      refusals: refusals.filter((refusal) => refusal.code !== "conflict" || isIn(refusal)),
      questions: questions.filter(isIn),
    };
  }
  const dropped = planDropped(unit, index, input);
  const foreign = planForeign(unit, index, input);
  changes.push(...dropped.changes, ...foreign.changes);
  notes.push(...dropped.notes, ...foreign.notes);
  refusals.push(...checkServiceValues(unit, changes, context));
  const recovery = planRecovery(unit, changes, context);
  return { plan: { ...base, changes, recovery, notes }, refusals, questions };
}

/** Nothing goes into a tenant's namespace that is being deleted; that is said once, of the workspace. */
function findBlock({ address, workspaceId }: DesiredUnit, { observation }: PlanInput): UnitPlan["blocked"] {
  if (workspaceId === undefined) return undefined;
  const namespace = observation.namespaces.get(namespaceName(workspaceId));
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  if (address !== workspaceId) {
    return { code: "terminating", message: `the workspace ${workspaceId} is left alone`, hint: undefined };
  }
  const { code, message, hint } = terminatingRefusal(refOf(namespace), address);
  return { code, message, hint };
}

/** A rollback holds until the definition is another than the one that was rolled back from. */
function activeHold(hold: Hold | undefined, { definitionHash }: DesiredUnit): Hold | undefined {
  return hold?.type === "rollback" && hold.whileDefinition !== definitionHash ? undefined : hold;
}

/**
 * What a selection needs of what it does not name: that it is there, and that the namespace is allotted the hosts.
 */
function isNeeded(change: Change): boolean {
  return change.action === "create" || isAllotment(change);
}

function isAllotment(change: Change): boolean {
  if (change.action !== "update" || change.ref.kind !== "Namespace") return false;
  return change.fields.some(({ path }) => path === `metadata.annotations.${hostsAnnotation}`);
}

function sameRef(a: Change["ref"], b: Change["ref"] | undefined): boolean {
  return b !== undefined && refKey(a) === refKey(b);
}

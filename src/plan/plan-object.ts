import type { FieldConflict, WritableObject } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef, refKey, refOf } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { Manifest } from "../manifests/manifest.ts";
import type { Change, ChangeReason, Refusal } from "./change.ts";
import { compareObject } from "./compare/compare-object.ts";
import { withoutPlaces } from "./compare/comparison.ts";
import type { Comparison } from "./compare/comparison.ts";
import { describeDifferences } from "./compare/diff-fields.ts";
import type { MaskRules } from "./compare/diff-fields.ts";
import { omitPlaces } from "./compare/field-place.ts";
import type { FieldPlace } from "./compare/field-place.ts";
import { isDrift, leaveDrift } from "./compare/drift.ts";
import { differencesByServer, isSameObject } from "./compare/server-answer.ts";
import { checkOwner, conflictRefusal, refusedAnswer, terminatingRefusal } from "./refusals.ts";
import { decideField, uniqueConflicts } from "./compare/resolve-conflicts.ts";
import type { Decision } from "./compare/resolve-conflicts.ts";
import type { Answer, PlanInput, Question } from "./plan-input.ts";

/** What planning one object needs beside the object. */
export interface ObjectContext {
  readonly input: PlanInput;
  readonly unit: string;
  readonly drift: "repair" | "report";
  readonly mask: MaskRules;
  /** True when the inventory knows the object. */
  readonly isKnown: boolean;
  /** False: the server cannot judge it before other changes of this plan are made. */
  readonly canAsk: boolean;
  readonly answer: Answer | undefined;
}

/** What is intended for one object, or the reason to stop. */
export interface ObjectPlan {
  readonly change: Change | undefined;
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
  /** What the API server should be asked before this is final. */
  readonly question: Question | undefined;
}

/** Holds one desired object against what the cluster has. */
export function planObject(desired: Manifest, context: ObjectContext): ObjectPlan {
  const { input, unit, answer } = context;
  const ref = refOf(desired);
  if (input.observation.missingKinds.has(ref.kind)) {
    return stop({
      code: "missing-kind",
      unit,
      ref,
      message: `${labelRef(ref)}: the cluster does not know the kind ${ref.kind}`,
      hint: "woow doctor says what is missing in the cluster",
    });
  }
  const home = ref.namespace === undefined ? undefined : input.observation.namespaces.get(ref.namespace);
  if (home?.metadata.deletionTimestamp !== undefined) return stop(terminatingRefusal(ref, unit));
  const listed = input.observation.objects.get(refKey(ref));
  const live = listed ?? (answer?.type === "exists" ? answer.live : undefined);
  if (live === undefined)
    return planCreate(desired, { ...context, hasHome: ref.namespace === undefined || home !== undefined });
  const { isKnown } = context;
  const { platform, decisions } = input;
  const refusal = checkOwner(live, { ref, unit, platform, adopt: decisions.adopt, isKnown });
  if (refusal !== undefined) return stop(refusal);
  if (live.metadata.deletionTimestamp !== undefined) {
    if (ref.kind === "Namespace") return stop(terminatingRefusal(ref, unit));
    return {
      ...nothing,
      change: { action: "replace", ref, reason: "missing", fields: [], desired, live },
      notes: [`${labelRef(ref)} is being deleted; it is made again once it is gone`],
    };
  }
  return planUpdate(desired, { ...context, live });
}

const nothing = { change: undefined, refusals: [], notes: [], question: undefined };

function stop(refusal: Refusal): ObjectPlan {
  return { ...nothing, refusals: [refusal] };
}

function planCreate(desired: Manifest, context: ObjectContext & { readonly hasHome: boolean }): ObjectPlan {
  const { unit, answer, canAsk, isKnown, hasHome } = context;
  const ref = refOf(desired);
  if (answer?.type === "changed") {
    return stop({
      code: "exists",
      unit,
      ref,
      message: `${labelRef(ref)} exists already and is not ours`,
      hint: "look at it; --adopt takes it over",
    });
  }
  const { notes, refusals } = refusedAnswer(answer, { ref, unit });
  const change: Change = {
    action: "create",
    ref,
    reason: isKnown ? "missing" : "definition",
    fields: [],
    desired,
    predicted: answer?.type !== "written",
  };
  const question: Question | undefined =
    hasHome && canAsk ? { key: refKey(ref), ref, mode: "create", object: desired, force: false } : undefined;
  return { change, notes, refusals, question };
}

function planUpdate(desired: Manifest, context: ObjectContext & { readonly live: LiveObject }): ObjectPlan {
  const { input, unit, live, drift, answer, canAsk, isKnown } = context;
  const { decisions, platform } = input;
  const ref = refOf(desired);
  const isAdopted = checkOwner(live, { ref, unit, platform, adopt: false, isKnown }) !== undefined;
  const full = compareObject(desired, live);
  const left = drift === "report" && !isAdopted ? leaveDrift(full, { ref, decisions }) : [];
  const decided = decideConflicts(full, { ref, context, left });
  const given = [...left, ...decided.kept];
  const comparison = withoutPlaces(full, live, given);
  const notes = left.length === 0 ? [] : [reportedNote(ref, left)];
  const isSettled =
    comparison.state === "unchanged" ||
    (answer?.type === "written" && comparison.removals.length === 0 && isSameObject(live, answer.object));
  if (isSettled) {
    const change: Change = { action: "none", ref, reason: "definition", fields: [], desired, live };
    return { ...nothing, notes, change };
  }
  const wanted = omitPlaces(desired, given);
  const seen = answer?.type === "conflict" ? answer.conflicts : [];
  const isTaken = ({ field }: FieldConflict) => decide(context, ref, field) === "take";
  const guessed = answer?.type === "written" ? [] : decided.open;
  const open = seen.length > 0 ? seen.filter((one) => !isTaken(one)) : guessed;
  const taken = [...decided.taken, ...seen.filter(isTaken)];
  const force = taken.length > 0;
  // what was only added goes by a patch, of which the server has nothing to say
  const needsServer = comparison.differences.some(({ type }) => type !== "added");
  const question: Question | undefined =
    needsServer && canAsk
      ? {
          key: refKey(ref),
          ref,
          mode: "apply",
          object: withUid(wanted, live),
          force: force && decided.open.length === 0,
        }
      : undefined;
  const refused = refusedAnswer(answer, { ref, unit });
  const fields = describeDifferences(differencesByServer(comparison.differences, live, answer), {
    kind: ref.kind,
    mask: context.mask,
  });
  const reason = isAdopted ? "adoption" : reasonOf(comparison);
  if (refused.isImmutable && decisions.replace) {
    const change: Change = { action: "replace", ref, reason, fields, desired: wanted, live };
    return { change, refusals: [], notes, question };
  }
  return {
    change: {
      action: "update",
      ref,
      reason,
      fields,
      desired: wanted,
      live,
      predicted: needsServer && answer?.type !== "written",
      conflicts: uniqueConflicts([...open, ...taken]),
      removals: comparison.removals,
      kept: decided.kept.map(({ text }) => text),
      force,
    },
    refusals: [
      ...uniqueConflicts(open).map((one) => conflictRefusal(one, { ref, unit, live })),
      ...refused.refusals,
    ],
    notes: [...notes, ...refused.notes],
    question,
  };
}

interface DecidedConflicts {
  readonly kept: readonly FieldPlace[];
  readonly taken: readonly FieldConflict[];
  readonly open: readonly FieldConflict[];
}

function decideConflicts(
  { differences }: Comparison,
  { ref, context, left }: { ref: ObjectRef; context: ObjectContext; left: readonly FieldPlace[] },
): DecidedConflicts {
  const kept: FieldPlace[] = [];
  const taken: FieldConflict[] = [];
  const open: FieldConflict[] = [];
  const isLeft = new Set(left.map(({ text }) => text));
  for (const { place, holders, type } of differences) {
    if (isLeft.has(place.text) || type === "released") continue;
    const decision = decide(context, ref, place.text);
    if (decision === "keep" && (holders.length > 0 || type === "added")) kept.push(place);
    else if (type === "changed") {
      const conflicts = holders.map(({ manager }) => ({ manager, field: place.text }));
      (decision === "take" ? taken : open).push(...conflicts);
    }
  }
  return { kept, taken, open };
}

/** The drift policy decides what no person did. */
function decide({ input, drift }: ObjectContext, ref: ObjectRef, field: string): Decision {
  const decision = decideField({ ref, field }, input.decisions);
  return decision === "open" && input.decisions.repair && drift === "repair" ? "take" : decision;
}

function reasonOf({ differences }: Comparison): ChangeReason {
  return differences.every((difference) => isDrift(difference)) ? "drift" : "definition";
}

function withUid(desired: Manifest, { metadata }: LiveObject): WritableObject {
  return { ...desired, metadata: { ...desired.metadata, uid: metadata.uid } };
}

function reportedNote(ref: ObjectRef, left: readonly FieldPlace[]): string {
  const fields = left.map(({ text }) => text).join(", ");
  return `${labelRef(ref)} is not what git says (${fields}); drift is only reported here, --take puts it right`;
}

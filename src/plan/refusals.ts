import type { FieldConflict } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { Refusal } from "./change.ts";
import { ownerOfObject } from "./ownership.ts";
import type { Answer } from "./plan-input.ts";
import { fieldArgument } from "./compare/resolve-conflicts.ts";

interface Subject {
  readonly ref: ObjectRef;
  readonly unit: string;
}

/** Why a live object of our name may not be touched; undefined when it may. */
export function checkOwner(
  live: LiveObject,
  {
    ref,
    unit,
    platform,
    adopt,
    isKnown,
  }: Subject & { readonly platform: string; readonly adopt: boolean; readonly isKnown: boolean },
): Refusal | undefined {
  const owner = ownerOfObject(live, platform, isKnown);
  if (owner === "ours") return undefined;
  if (typeof owner === "object") {
    return {
      code: "other-platform",
      unit,
      ref,
      message: `${labelRef(ref)} belongs to the platform ${owner.platform}`,
      hint: "two platforms cannot share an object: check the context, or give this one another name",
    };
  }
  if (adopt) return undefined;
  const byK3s = owner === "manifests-directory";
  return {
    code: "exists",
    unit,
    ref,
    message: byK3s
      ? `${labelRef(ref)} is applied by K3s from its manifests directory`
      : `${labelRef(ref)} exists already and is not ours`,
    hint: byK3s
      ? "docs/moving-from-manifests-directory.md says how to move; then --adopt takes it over"
      : "look at it; --adopt takes it over",
  };
}

/** A field that somebody else holds, and how to decide. */
export function conflictRefusal(
  { manager, field }: FieldConflict,
  { ref, unit, live }: Subject & { readonly live: LiveObject },
): Refusal {
  const at = live.metadata.managedFields?.find((entry) => entry.manager === manager)?.time;
  const path = fieldArgument(ref, unit, field);
  return {
    code: "conflict",
    unit,
    ref,
    message: `${labelRef(ref)}: ${field} is held by ${manager}${at === undefined ? "" : ` since ${at}`} with another value`,
    hint: `--take '${path}' puts it back, --keep '${path}' leaves it this time, --take all puts back everything`,
  };
}

export function terminatingRefusal(ref: ObjectRef, unit: string): Refusal {
  const what = ref.kind === "Namespace" ? ref.name : (ref.namespace ?? "");
  return {
    code: "terminating",
    unit,
    ref,
    message: `the namespace ${what} is being deleted`,
    hint: `wait until it is gone and try again; kubectl get namespace ${what} -o yaml says what holds it`,
  };
}

/** What a refused dry run means for the plan. */
export interface RefusedAnswer {
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
  /** The server says that a field cannot change. */
  readonly isImmutable: boolean;
}

/**
 * A dry run that was refused: missing rights only make the plan a prediction; what cannot change or does not fit stops
 * everything; anything else would fail for this object alone, so it is told and the rest goes on.
 */
export function refusedAnswer(answer: Answer | undefined, { ref, unit }: Subject): RefusedAnswer {
  const none: RefusedAnswer = { notes: [], refusals: [], isImmutable: false };
  if (answer?.type !== "refused") return none;
  const { code, message, hint } = answer.error;
  const sentence = message.includes(labelRef(ref)) ? message : `${labelRef(ref)}: ${message}`;
  switch (code) {
    case "not-found":
      return none;
    case "terminating":
      return { ...none, refusals: [terminatingRefusal(ref, unit)] };
    case "quota-exceeded":
      return { ...none, refusals: [{ code: "quota", unit, ref, message: sentence, hint }] };
    case "forbidden":
      return { ...none, notes: [`only predicted, the API server could not be asked: ${sentence}`] };
    default:
      break;
  }
  if (!/\bimmutable\b|cannot change|may not be changed/i.test(message)) {
    return { ...none, notes: [`the API server would refuse this: ${sentence}`] };
  }
  const refusal: Refusal = {
    code: "create-only",
    unit,
    ref,
    message: sentence,
    hint: "--replace deletes the object and makes it again",
  };
  return { notes: [], refusals: [refusal], isImmutable: true };
}

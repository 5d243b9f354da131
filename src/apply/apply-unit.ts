import { OperationError } from "../errors.ts";
import { labelRef } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { admissionProbeName } from "../constructs/admission/admission-probe.ts";
import type { Change, UnitPlan } from "../plan/change.ts";
import { applyChange } from "./apply-change.ts";
import type { ApplyChangeDeps } from "./apply-change.ts";
import type { ApplyEvent } from "./event.ts";

/** What became of a unit's objects. */
export interface UnitResult {
  readonly outcome: "applied" | "failed" | "cancelled";
  /** The first failure in words, and what to do. */
  readonly message: string | undefined;
  readonly hint: string | undefined;
}

/**
 * Kinds that may be written at the same time: none of them needs another of the same step. Policies before their
 * bindings, and the probe after all others: where it is in force, they are.
 */
const steps: readonly (readonly string[])[] = [
  ["Namespace"],
  ["ValidatingAdmissionPolicy"],
  ["ValidatingAdmissionPolicyBinding"],
  [`ValidatingAdmissionPolicy ${admissionProbeName}`],
  [`ValidatingAdmissionPolicyBinding ${admissionProbeName}`],
  ["ServiceAccount", "ClusterRole", "ResourceQuota", "LimitRange", "NetworkPolicy"],
  ["RoleBinding", "ClusterRoleBinding", "Secret"],
  ["HelmChartConfig", "HelmChart", "Middleware", "Deployment"],
  ["Ingress"],
];

/**
 * Makes the changes of a unit in order of dependency: walls before what stands behind them, secrets before who reads
 * them; what goes is removed last, in the opposite order. A failure ends the unit: what comes later needs what failed.
 */
export async function* applyUnit(
  unit: UnitPlan,
  deps: ApplyChangeDeps,
): AsyncGenerator<ApplyEvent, UnitResult> {
  for (const group of groupChanges(unit.changes)) {
    if (deps.signal.aborted) return { outcome: "cancelled", message: undefined, hint: undefined };
    const results = await Promise.allSettled(group.map(async (change) => applyChange(change, deps)));
    let failure: { change: Change; error: unknown } | undefined;
    for (const [index, result] of results.entries()) {
      const change = group[index];
      if (change === undefined) continue;
      if (result.status === "fulfilled") {
        yield { type: "object", unit: unit.address, ref: change.ref, outcome: result.value };
        continue;
      }
      const message = messageOf(result.reason);
      yield { type: "object", unit: unit.address, ref: change.ref, outcome: "failed", message };
      failure ??= { change, error: result.reason as unknown };
    }
    if (failure !== undefined) return describeFailure(failure, deps.signal);
  }
  return { outcome: "applied", message: undefined, hint: undefined };
}

function describeFailure(
  { change, error }: { readonly change: Change; readonly error: unknown },
  signal: AbortSignal,
): UnitResult {
  if (!(error instanceof OperationError)) {
    if (signal.aborted) return { outcome: "cancelled", message: undefined, hint: undefined };
    throw error;
  }
  if (error.code === "lock-lost") throw error;
  if (error.code === "cancelled") return { outcome: "cancelled", message: undefined, hint: undefined };
  const subject = labelRef(change.ref);
  const message = error.message.includes(subject) ? error.message : `${subject}: ${error.message}`;
  return { outcome: "failed", message, hint: error.hint };
}

/** A failure in words; anything but what the world refused is a bug and shows where it is raised. */
export function messageOf(error: unknown): string {
  return error instanceof OperationError ? error.message : "stopped";
}

function groupChanges(changes: readonly Change[]): Change[][] {
  const work = changes.filter(({ action }) => action !== "none");
  const kept = work.filter(({ action }) => action !== "prune");
  const pruned = work.filter(({ action }) => action === "prune");
  const known = new Set(steps.flat());
  const inSteps = (list: readonly Change[]) => [
    ...steps.map((kinds) => list.filter(({ ref }) => kinds.includes(stepKind(ref)))),
    list.filter(({ ref }) => !known.has(stepKind(ref))),
  ];
  return [...inSteps(kept), ...inSteps(pruned).reverse()].filter((group) => group.length > 0);
}

function stepKind({ kind, name }: ObjectRef): string {
  return name === admissionProbeName ? `${kind} ${name}` : kind;
}

import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { OperationError } from "../../errors.ts";
import type { Manifest } from "../../manifests/manifest.ts";
import { compareObject } from "../../plan/compare/compare-object.ts";
import type { PreparedRun } from "./prepare-run.ts";
import type { UnitReport } from "./run-units.ts";

/** A policy, or its binding, that is not what it was when the charts of a run began. */
export interface LostPolicy {
  readonly ref: ObjectRef;
  readonly what: "gone" | "changed" | "unknown";
}

const policyTypes = [resourceTypes.ValidatingAdmissionPolicy, resourceTypes.ValidatingAdmissionPolicyBinding];
const policyKinds: ReadonlySet<string> = new Set(policyTypes.map(({ kind }) => kind));

/** True when chart jobs ran and were waited for: they are cluster-admin, and no policy guards the policies. */
export function ranCharts(units: ReadonlyMap<string, UnitReport>, isWaiting: boolean): boolean {
  return [...units].some(
    ([address, { outcome }]) =>
      address.includes("/") &&
      (["removed", "kept"].includes(outcome) || (isWaiting && ["applied", "unchanged"].includes(outcome))),
  );
}

/**
 * Which of the platform's admission policies and bindings do not stand as they should, in two LISTs. What git says is
 * known where the platform unit was selected; else a policy must be what it was when this run began.
 */
export async function findLostPolicies({
  client,
  desired,
  observation,
}: Pick<PreparedRun, "client" | "desired" | "observation">): Promise<readonly LostPolicy[]> {
  const manifests = new Map<string, Manifest>(
    desired.units
      .filter(({ address }) => address === "platform")
      .flatMap((unit) => unit.manifests.filter(({ kind }) => policyKinds.has(kind)))
      .map((manifest) => [refKey(refOf(manifest)), manifest]),
  );
  const known = [...observation.inventory.parts.values()]
    .flatMap(({ units }) => units)
    .flatMap(({ unit, objects }) => (unit === "platform" ? objects : []))
    .filter(({ kind }) => policyKinds.has(kind));
  const wanted = manifests.size > 0 ? [...manifests.values()].map(refOf) : known;
  if (wanted.length === 0) return [];
  let live: ReadonlyMap<string, LiveObject>;
  try {
    const lists = await Promise.all(policyTypes.map(async (type) => client.list({ type })));
    live = new Map(lists.flatMap(({ items }) => items).map((object) => [refKey(refOf(object)), object]));
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return wanted.map((ref) => ({ ref, what: "unknown" as const }));
  }
  return wanted.flatMap((ref): readonly LostPolicy[] => {
    const now = live.get(refKey(ref));
    if (now === undefined || now.metadata.deletionTimestamp !== undefined) return [{ ref, what: "gone" }];
    const manifest = manifests.get(refKey(ref));
    const before = observation.objects.get(refKey(ref));
    const isSame =
      manifest === undefined
        ? before === undefined || before.metadata.generation === now.metadata.generation
        : compareObject(manifest, now).state === "unchanged";
    return isSame ? [] : [{ ref, what: "changed" }];
  });
}

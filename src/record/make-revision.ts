import { refOf } from "../cluster/object-ref.ts";
import type { UnitPlan } from "../plan/change.ts";
import type { DesiredUnit } from "../plan/desired-unit.ts";
import { digestManifests } from "./digest-manifests.ts";
import type { NewRevision, Origin, RecordedChange, RecordedDefinition } from "./revision.ts";

export interface RevisionInputs {
  readonly plan: UnitPlan;
  /** Undefined when the unit is taken away. */
  readonly desired: DesiredUnit | undefined;
  readonly definition: RecordedDefinition;
  readonly cluster: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly origin: Origin;
  readonly rollbackTo: number | undefined;
}

/** What is written down of a unit's work before it is begun. */
export function makeRevision(inputs: RevisionInputs): NewRevision {
  const { plan, desired, definition, cluster, startedAt, origin, rollbackTo } = inputs;
  return {
    unit: plan.address,
    cluster,
    startedAt,
    origin,
    definition,
    chartVersion: desired?.service?.chartVersion,
    manifestDigest: digestManifests(desired?.manifests ?? [], {
      secretKeys: desired?.service?.secretKeys ?? [],
    }),
    changes: listChanges(plan),
    rollbackTo,
  };
}

/** Which fields, never what stood in them: a plan's stand-ins for secrets are of no use later. */
function listChanges({ changes, recovery }: UnitPlan): RecordedChange[] {
  const listed = changes.flatMap(({ action, ref, fields }): RecordedChange[] =>
    action === "none" ? [] : [{ action, ref, fields: fields.map(({ path }) => path) }],
  );
  if (recovery === undefined) return listed;
  const target = recovery.type === "rerun-job" ? recovery.job : recovery.release;
  return [...listed, { action: "recover", ref: refOf(target), fields: [] }];
}

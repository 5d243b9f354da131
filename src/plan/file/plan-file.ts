import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { Plan, UnitPlan } from "../change.ts";
import type { DesiredUnit } from "../desired-unit.ts";
import { digest, digestDesired, digestLive } from "../compare/object-digest.ts";
import type { SectionDigests } from "../compare/object-digest.ts";
import type { Observation } from "../observation.ts";
import type { PlanDecisions } from "../plan-decisions.ts";
import { namespacesOf } from "../plan-index.ts";
import { unitOfObject } from "../ownership.ts";
import { describePlan } from "./printed-plan.ts";
import type { PrintedPlan } from "./printed-plan.ts";

/** Raised when a plan file changes its meaning; another one is refused, not guessed at. */
export const planFormat = 1;

/** Which units a saved plan is about, as the command line said it. */
export interface SavedSelection {
  readonly clusters: readonly string[];
  readonly workspaces: readonly string[];
  readonly services: readonly string[];
  readonly templates?: readonly string[];
}

/** A plan that somebody reviews and somebody else applies: exactly this, or nothing. Holds no secret. */
export interface PlanFile {
  readonly format: typeof planFormat;
  /** The woow that made it. */
  readonly version: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Undefined outside a git repository. */
  readonly gitCommit: string | undefined;
  readonly gitDirty: boolean;
  readonly platform: string;
  /** Name of the cluster in platform.yaml. */
  readonly cluster: string;
  /** uid of kube-system. */
  readonly clusterUid: string;
  readonly selection: SavedSelection;
  readonly decisions: PlanDecisions;
  /** Key of the digests; not of the stand-ins for secrets, whose key is stored nowhere. */
  readonly salt: string;
  readonly units: readonly SavedUnit[];
  /** For `woow show`. */
  readonly plan: PrintedPlan;
}

/** What the plan of one unit depended on. */
export interface SavedUnit {
  readonly unit: string;
  readonly intent: UnitPlan["intent"];
  readonly hold: string | undefined;
  /** Digest of the Job or release that has to be cleared away. */
  readonly recovery: string | undefined;
  /** By refKey: every object that is wanted, that is there, or that somebody added. */
  readonly objects: Readonly<Record<string, SavedObject>>;
}

export interface SavedObject {
  readonly ref: ObjectRef;
  /** Undefined: not wanted. */
  readonly desired: string | undefined;
  /** Undefined: not there. */
  readonly live: { readonly uid: string; readonly sections: SectionDigests } | undefined;
}

/** Why a saved plan may not be applied any more. */
export interface StaleItem {
  /** Undefined when it is about more than an object. */
  readonly ref: ObjectRef | undefined;
  /** The part of the object, such as `spec.version`; undefined when it is about the whole. */
  readonly field: string | undefined;
  readonly message: string;
}

export interface PlanFileProps {
  readonly plan: Plan;
  readonly units: readonly DesiredUnit[];
  readonly observation: Observation;
  readonly selection: SavedSelection;
  readonly decisions: PlanDecisions;
  readonly version: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly gitCommit: string | undefined;
  readonly gitDirty: boolean;
  /** Random, and another than the plan's own. */
  readonly salt: string;
}

/** Everything a plan depended on, so that a later run can tell whether it is still true. */
export function makePlanFile(props: PlanFileProps): PlanFile {
  const { plan, salt } = props;
  return {
    format: planFormat,
    version: props.version,
    createdAt: props.createdAt,
    gitCommit: props.gitCommit,
    gitDirty: props.gitDirty,
    platform: plan.platform,
    cluster: plan.cluster,
    clusterUid: plan.clusterUid,
    selection: props.selection,
    decisions: props.decisions,
    salt,
    units: saveUnits(props),
    plan: describePlan(plan),
  };
}

/** What the units of a plan depend on now. */
export function saveUnits({
  plan,
  units,
  observation,
  salt,
}: Pick<PlanFileProps, "plan" | "units" | "observation" | "salt">): SavedUnit[] {
  const desired = new Map(units.map((unit) => [unit.address, unit]));
  const live = listLive(plan, observation);
  return plan.units.map(({ address, intent, hold, recovery }) => {
    const unit = intent === "apply" ? desired.get(address) : undefined;
    const objects = new Map<string, SavedObject>();
    for (const object of live.get(address) ?? []) {
      const ref = refOf(object);
      const seen = { uid: object.metadata.uid, sections: digestLive(object, salt) };
      objects.set(refKey(ref), { ref, desired: undefined, live: seen });
    }
    for (const manifest of unit?.manifests ?? []) {
      const ref = refOf(manifest);
      const key = refKey(ref);
      const there = observation.objects.get(key);
      const seen =
        there === undefined ? undefined : { uid: there.metadata.uid, sections: digestLive(there, salt) };
      objects.set(key, { ref, desired: digestDesired(manifest, unit as DesiredUnit, salt), live: seen });
    }
    return {
      unit: address,
      intent,
      hold: hold === undefined ? undefined : digest(hold, salt),
      recovery: recovery === undefined ? undefined : digest(recoverySubject(recovery), salt),
      objects: Object.fromEntries(objects),
    };
  });
}

function recoverySubject(recovery: NonNullable<UnitPlan["recovery"]>): unknown {
  const { type, job } = recovery;
  const release = recovery.type === "drop-release-record" ? recovery.release.metadata.uid : undefined;
  return [type, job?.metadata.uid, release];
}

/** What is there by unit: by label, by inventory, and what somebody added to the unit's namespaces. */
function listLive(plan: Plan, { objects, foreign, inventory }: Observation): Map<string, LiveObject[]> {
  const lists = new Map<string, LiveObject[]>(plan.units.map(({ address }) => [address, []]));
  const owners = new Map<string, string>();
  for (const { units } of inventory.parts.values()) {
    for (const { unit, objects: refs } of units) for (const ref of refs) owners.set(refKey(ref), unit);
  }
  for (const [key, live] of objects) lists.get(unitOfObject(live) ?? owners.get(key) ?? "")?.push(live);
  for (const { address } of plan.units) {
    const namespaces = namespacesOf(address);
    lists
      .get(address)
      ?.push(...foreign.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? "")));
  }
  return lists;
}

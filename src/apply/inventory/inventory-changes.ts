import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { DesiredUnit } from "../../plan/desired-unit.ts";
import type { Plan, UnitPlan } from "../../plan/change.ts";
import type { Hold, Inventory, InventoryPart, UnitRecord } from "../../plan/inventory.ts";

/** How a run ended for a unit, as far as the inventory needs to know. */
export type UnitEnd = "applied" | "removed" | "unfinished";

export interface InventoryChanges {
  /** Parts that differ from what is stored, each with the precondition of its write. */
  readonly parts: readonly InventoryPart[];
  readonly lastDeploymentId: number;
}

export interface IntentOptions {
  /** By address. */
  readonly desired?: ReadonlyMap<string, DesiredUnit>;
  /** Holds to set, or to lift (undefined), by address. */
  readonly holds?: ReadonlyMap<string, Hold | undefined> | undefined;
}

/** The part of the inventory a unit stands in: `platform`, or its workspace. */
export function ownerOf(address: string): string {
  return address.split("/", 1)[0] ?? address;
}

/**
 * What the inventory must say before the first object is written: everything a unit owns or is about to own, so that
 * a run that dies leaves nothing unknown behind. New services get their number here, and never another.
 */
export function recordIntent(
  inventory: Inventory,
  plan: Plan,
  { desired = new Map(), holds = new Map() }: IntentOptions = {},
): InventoryChanges {
  let last = inventory.claim?.lastDeploymentId ?? 0;
  const records = new Map<string, UnitRecord>();
  for (const unit of plan.units) {
    const known = findRecord(inventory, unit.address);
    if (unit.intent === "remove" || unit.hold !== undefined || unit.blocked !== undefined) {
      if (known !== undefined) records.set(unit.address, withHold(known, unit.address, holds));
      continue;
    }
    const wanted = unit.changes.flatMap((change) => (change.action === "prune" ? [] : [change.ref]));
    const isNewService = unit.address.includes("/") && known?.deploymentId === undefined;
    if (isNewService) last += 1;
    const record: UnitRecord = {
      unit: unit.address,
      objects: mergeRefs(known?.objects ?? [], wanted),
      deploymentId: isNewService ? `#${last}` : known?.deploymentId,
      hold: known?.hold,
      ...secretKeysOf(known, desired.get(unit.address)),
    };
    records.set(unit.address, withHold(record, unit.address, holds));
  }
  return { parts: changedParts(inventory, { records, removed: new Set() }), lastDeploymentId: last };
}

/**
 * What the inventory says after the work: units that were brought to their definition own exactly that; removed ones
 * are forgotten; of unfinished ones everything stays known.
 */
export function recordOutcome(
  inventory: Inventory,
  desired: readonly DesiredUnit[],
  ends: ReadonlyMap<string, UnitEnd>,
): InventoryChanges {
  const records = new Map<string, UnitRecord>();
  const removed = new Set<string>();
  const wanted = new Map(desired.map((unit) => [unit.address, unit]));
  for (const [address, end] of ends) {
    const known = findRecord(inventory, address);
    if (known === undefined || end === "unfinished") continue;
    const unit = wanted.get(address);
    if (end === "removed") removed.add(address);
    else if (unit !== undefined) {
      const objects = unit.manifests.map(({ apiVersion, kind, metadata }) => ({
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
      }));
      records.set(address, { ...known, objects: mergeRefs(objects, []) });
    }
  }
  return {
    parts: changedParts(inventory, { records, removed }),
    lastDeploymentId: inventory.claim?.lastDeploymentId ?? 0,
  };
}

/**
 * Units whose record names objects that are neither wanted nor there: a run died after it had pruned them. Left like
 * that, whoever makes an object of such a name later would have it taken for ours.
 */
export function findOverstated(
  inventory: Inventory,
  { units }: Plan,
  {
    desired,
    live,
  }: { readonly desired: readonly DesiredUnit[]; readonly live: ReadonlyMap<string, unknown> },
): ReadonlySet<string> {
  const wanted = new Map(desired.map((unit) => [unit.address, unit]));
  const overstated = units.filter(({ address, intent, hold, blocked }) => {
    const unit = wanted.get(address);
    if (unit === undefined || intent !== "apply" || hold !== undefined || blocked !== undefined) return false;
    const keys = new Set(unit.manifests.map((manifest) => refKey(refOf(manifest))));
    const known = findRecord(inventory, address)?.objects ?? [];
    return known.some((ref) => !keys.has(refKey(ref)) && !live.has(refKey(ref)));
  });
  return new Set(overstated.map(({ address }) => address));
}

/** The inventory as it is once these parts are stored. */
export function withParts(inventory: Inventory, parts: readonly InventoryPart[]): Inventory {
  const all = new Map(inventory.parts);
  for (const part of parts) all.set(part.owner, part);
  return { ...inventory, parts: all };
}

/** What the cluster remembers of a unit. */
export function findRecord(inventory: Inventory, address: string): UnitRecord | undefined {
  return inventory.parts.get(ownerOf(address))?.units.find(({ unit }) => unit === address);
}

/** True when a unit's plan leaves nothing to write, the inventory included, or nothing that may be written. */
export function isSettled(unit: UnitPlan): boolean {
  return (
    unit.hold !== undefined ||
    unit.blocked !== undefined ||
    (unit.recovery === undefined &&
      unit.intent === "apply" &&
      unit.changes.every(({ action }) => action === "none"))
  );
}

/**
 * Keys that ever were secret stay so. A record from before they were written down keeps saying nothing, so that a plan
 * goes on hiding everything of that service.
 */
function secretKeysOf(
  known: UnitRecord | undefined,
  desired: DesiredUnit | undefined,
): Pick<UnitRecord, "secretKeys"> {
  if (desired?.service === undefined) return {};
  if (known !== undefined && known.objects.length > 0 && known.secretKeys === undefined) return {};
  return { secretKeys: [...new Set([...(known?.secretKeys ?? []), ...desired.service.secretKeys])].sort() };
}

function withHold(
  record: UnitRecord,
  address: string,
  holds: ReadonlyMap<string, Hold | undefined>,
): UnitRecord {
  return holds.has(address) ? { ...record, hold: holds.get(address) } : record;
}

function changedParts(
  inventory: Inventory,
  { records, removed }: { records: ReadonlyMap<string, UnitRecord>; removed: ReadonlySet<string> },
): InventoryPart[] {
  const owners = new Set([...records.keys(), ...removed].map(ownerOf));
  const changed: InventoryPart[] = [];
  for (const owner of [...owners].sort()) {
    const stored = inventory.parts.get(owner);
    const units = new Map((stored?.units ?? []).map((unit) => [unit.unit, unit]));
    for (const [address, record] of records) if (ownerOf(address) === owner) units.set(address, record);
    for (const address of removed) units.delete(address);
    const next = [...units.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1));
    if (describeUnits(next) === describeUnits(stored?.units ?? [])) continue;
    changed.push({ owner, units: next, resourceVersion: stored?.resourceVersion, uid: stored?.uid });
  }
  return changed;
}

/** The same text for the same records, in whatever order they were stored. */
function describeUnits(units: readonly UnitRecord[]): string {
  const texts = units.map(({ unit, objects, deploymentId, hold, secretKeys }) =>
    JSON.stringify([
      unit,
      objects.map(refKey).sort(),
      deploymentId ?? null,
      hold ?? null,
      secretKeys ?? null,
    ]),
  );
  return texts.sort().join("\n");
}

/** In one order always, so that the same set is the same text. */
function mergeRefs(a: readonly ObjectRef[], b: readonly ObjectRef[]): ObjectRef[] {
  const all = new Map(
    [...a, ...b].map(({ apiVersion, kind, namespace, name }) => {
      const ref: ObjectRef = { apiVersion, kind, namespace, name };
      return [refKey(ref), ref];
    }),
  );
  return [...all].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, ref]) => ref);
}

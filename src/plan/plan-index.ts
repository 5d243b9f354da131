import type { LiveObject } from "../cluster/live-object.ts";
import { refKey, refOf } from "../cluster/object-ref.ts";
import { chartsNamespace, namespaceName, systemNamespace } from "../model/names.ts";
import type { UnitRecord } from "./inventory.ts";
import { carriesOurLabel, ownerOfObject, unitOfObject } from "./ownership.ts";
import type { PlanInput } from "./plan-input.ts";

/** What planning looks up again and again, sorted once. */
export interface PlanIndex {
  readonly records: ReadonlyMap<string, UnitRecord>;
  /** Live objects that are ours, by the unit their label names. */
  readonly byUnit: ReadonlyMap<string, readonly LiveObject[]>;
  /** Live objects that carry our labels and are not ours, by the unit their label names. */
  readonly lookalikes: ReadonlyMap<string, readonly LiveObject[]>;
  /** refKeys of everything any unit of this plan wants. */
  readonly wanted: ReadonlySet<string>;
  readonly jobs: ReadonlyMap<string, readonly LiveObject[]>;
  readonly releases: ReadonlyMap<string, readonly LiveObject[]>;
}

export function indexInput(input: PlanInput): PlanIndex {
  const { units, observation, jobs, releases } = input;
  const parts = [...observation.inventory.parts.values()].flatMap((part) => part.units);
  const records = new Map(parts.map((record) => [record.unit, record]));
  return {
    records,
    ...sortByOwner(input, records),
    wanted: new Set(units.flatMap(({ manifests }) => manifests.map((manifest) => refKey(refOf(manifest))))),
    jobs: groupBy(jobs, ({ metadata }) => metadata.name),
    releases: groupBy(releases, ({ metadata }) => metadata.labels?.["name"]),
  };
}

/**
 * Whose the objects are that carry our label. One that the inventory does not name is ours only where its unit keeps
 * its own; and a unit that neither git nor the inventory knows is believed only by what no tenant can write: something
 * among the charts or beyond all namespaces.
 */
function sortByOwner(
  { units, observation, platform }: PlanInput,
  records: ReadonlyMap<string, UnitRecord>,
): Pick<PlanIndex, "byUnit" | "lookalikes"> {
  const known = new Set([...records.values()].flatMap(({ objects }) => objects.map(refKey)));
  const isOurs = (live: LiveObject) => {
    const isKnown = known.has(refKey(refOf(live)));
    if (ownerOfObject(live, platform, isKnown) !== "ours") return false;
    return isKnown || isPlaceOf(unitOfObject(live) ?? "", live.metadata.namespace);
  };
  const labelled = [...observation.objects.values()].filter((live) => carriesOurLabel(live, platform));
  const ours = labelled.filter(isOurs);
  const believed = new Set([
    ...units.map(({ address }) => address),
    ...records.keys(),
    ...ours.filter(({ metadata }) => !isTenantNamespace(metadata.namespace)).map(unitOfObject),
  ]);
  const isBelieved = (live: LiveObject) => believed.has(unitOfObject(live));
  const belongs = new Set(ours.filter(isBelieved));
  return {
    byUnit: groupBy([...belongs], unitOfObject),
    lookalikes: groupBy(
      labelled.filter((live) => !belongs.has(live)),
      (live) => unitOfObject(live) ?? "",
    ),
  };
}

const unitPattern = /^(platform|[a-z0-9]+(\/[a-z0-9-]+)?)$/;

function isPlaceOf(unit: string, namespace: string | undefined): boolean {
  if (!unitPattern.test(unit)) return false;
  return !isTenantNamespace(namespace) || namespace === namespaceName(workspaceOf(unit) ?? "");
}

function isTenantNamespace(namespace: string | undefined): boolean {
  return namespace !== undefined && namespace !== chartsNamespace && namespace !== systemNamespace;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** refKeys of what the inventory says a unit owns. */
export function knownObjects(address: string, { records }: PlanIndex): ReadonlySet<string> {
  return new Set((records.get(address)?.objects ?? []).map(refKey));
}

/** The live objects of a unit: what the inventory names and what carries its label. */
export function liveObjectsOf(address: string, index: PlanIndex, input: PlanInput): LiveObject[] {
  const named = (index.records.get(address)?.objects ?? []).flatMap(
    (ref) => input.observation.objects.get(refKey(ref)) ?? [],
  );
  const found = new Map(
    [...named, ...(index.byUnit.get(address) ?? [])].map((live) => [refKey(refOf(live)), live]),
  );
  return [...found.values()];
}

/** The workspace an address belongs to; undefined for the platform unit. */
export function workspaceOf(address: string): string | undefined {
  return address === "platform" ? undefined : address.split("/", 1)[0];
}

/** The namespaces that a unit's own objects make up. */
export function namespacesOf(address: string): readonly string[] {
  if (address === "platform") return [chartsNamespace, systemNamespace];
  return address.includes("/") ? [] : [namespaceName(address)];
}

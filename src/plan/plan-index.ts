import type { LiveObject } from "../cluster/live-object.ts";
import { refKey, refOf } from "../cluster/object-ref.ts";
import { chartsNamespace, namespaceName, systemNamespace } from "../model/names.ts";
import type { UnitRecord } from "./inventory.ts";
import { unitOfObject } from "./ownership.ts";
import type { PlanInput } from "./plan-input.ts";

/** What planning looks up again and again, sorted once. */
export interface PlanIndex {
  readonly records: ReadonlyMap<string, UnitRecord>;
  /** Live objects by the unit their label names. */
  readonly byUnit: ReadonlyMap<string, readonly LiveObject[]>;
  /** refKeys of everything any unit of this plan wants. */
  readonly wanted: ReadonlySet<string>;
  readonly jobs: ReadonlyMap<string, readonly LiveObject[]>;
  readonly releases: ReadonlyMap<string, readonly LiveObject[]>;
}

export function indexInput({ units, observation, jobs, releases }: PlanInput): PlanIndex {
  const records = [...observation.inventory.parts.values()].flatMap((part) => part.units);
  return {
    records: new Map(records.map((record) => [record.unit, record])),
    byUnit: groupBy([...observation.objects.values()], unitOfObject),
    wanted: new Set(units.flatMap(({ manifests }) => manifests.map((manifest) => refKey(refOf(manifest))))),
    jobs: groupBy(jobs, ({ metadata }) => metadata.name),
    releases: groupBy(releases, ({ metadata }) => metadata.labels?.["name"]),
  };
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

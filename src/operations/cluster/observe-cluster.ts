import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { managedTypes, resourceTypes } from "../../cluster/resource-types.ts";
import type { ResourceType } from "../../cluster/resource-types.ts";
import { readInventory } from "../../apply/inventory/inventory-store.ts";
import { labelPrefix } from "../../constructs/labels.ts";
import { OperationError } from "../../errors.ts";
import { chartsNamespace, systemNamespace } from "../../model/names.ts";
import type { Inventory } from "../../plan/inventory.ts";
import type { Observation } from "../../plan/observation.ts";
import { carriesOurLabel, ownerOfObject } from "../../plan/ownership.ts";

export interface ObserveOptions {
  /** Name of the platform: what carries its label is ours. */
  readonly platform: string;
  /** Kinds that the desired manifests have; those that the inventory names are looked at as well. */
  readonly kinds: ReadonlySet<string>;
  /** Only these units matter, so only their kinds are read. Left out: all. */
  readonly units?: ReadonlySet<string> | undefined;
}

/** Kinds that open a tenant when somebody adds one by hand, so they are listed whether labelled or not. */
const openingKinds: ReadonlySet<string> = new Set(["RoleBinding", "NetworkPolicy"]);

/**
 * Reads a cluster: one LIST per kind and two reads more, however many services there are. Errors: see ClusterClient;
 * an inventory that cannot be understood is an error, never an empty one. What charts made is still among `foreign`.
 */
export async function observeCluster(client: ClusterClient, options: ObserveOptions): Promise<Observation> {
  const first = managedTypes.filter(({ kind }) => options.kinds.has(kind));
  const [inventory, system, ...lists] = await Promise.all([
    readInventory(client),
    client.get({ apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "kube-system" }),
    ...first.map(async (type) => listKind(client, type, options.platform)),
  ]);
  if (system === undefined) {
    throw new OperationError("wrong-cluster", `${client.name}: there is no namespace kube-system`, {
      subject: client.name,
      hint: `${client.server} does not look like a Kubernetes cluster; check the context`,
    });
  }
  const refs = listRefs(inventory, options.units);
  const others = managedTypes.filter(
    ({ kind }) => !options.kinds.has(kind) && refs.some((ref) => ref.kind === kind),
  );
  lists.push(...(await Promise.all(others.map(async (type) => listKind(client, type, options.platform)))));
  const types = [...first, ...others];
  return {
    clusterUid: system.metadata.uid,
    serverVersion: undefined,
    inventory,
    ...(await sortObjects(client, {
      lists: lists.map(({ items }) => items),
      refs,
      known: new Set(listRefs(inventory, undefined).map(refKey)),
      platform: options.platform,
    })),
    missingKinds: new Set(types.filter((_, index) => lists[index]?.known === false).map(({ kind }) => kind)),
  };
}

interface KindList {
  readonly items: readonly LiveObject[];
  /** False: the API server does not know the kind. */
  readonly known: boolean;
}

async function listKind(client: ClusterClient, type: ResourceType, platform: string): Promise<KindList> {
  const labelSelector = openingKinds.has(type.kind) ? undefined : `${labelPrefix}/platform=${platform}`;
  try {
    const { items } = await client.list({ type, labelSelector });
    return { items, known: true };
  } catch (error) {
    if (error instanceof OperationError && error.code === "not-found") return { items: [], known: false };
    throw error;
  }
}

async function sortObjects(
  client: ClusterClient,
  {
    lists,
    refs,
    known,
    platform,
  }: {
    readonly lists: readonly (readonly LiveObject[])[];
    readonly refs: readonly ObjectRef[];
    /** refKeys of all that the inventory names. */
    readonly known: ReadonlySet<string>;
    readonly platform: string;
  },
): Promise<Pick<Observation, "objects" | "foreign" | "namespaces">> {
  const objects = new Map<string, LiveObject>();
  const others = new Map<string, LiveObject>();
  for (const object of lists.flat()) {
    const key = refKey(refOf(object));
    if (carriesOurLabel(object, platform)) objects.set(key, object);
    // a label is no proof: what opens a tenant is looked at all the same
    if (!objects.has(key) || isNobodys(object, { platform, known })) others.set(key, object);
  }
  // somebody took our label off: the inventory still knows the object
  const unlabelled = refs.filter((ref) => !objects.has(refKey(ref)));
  await Promise.all(
    unlabelled.map(async (ref) => {
      const live = others.get(refKey(ref)) ?? (await getIfKnown(client, ref));
      if (live === undefined) return;
      objects.set(refKey(ref), live);
      others.delete(refKey(ref));
    }),
  );
  const namespaces = new Map(
    [...objects.values()]
      .filter(({ kind }) => kind === "Namespace")
      .map((object) => [object.metadata.name, object]),
  );
  const foreign = [...others.values()].filter(
    ({ kind, metadata }) => openingKinds.has(kind) && isOurNamespace(metadata.namespace, namespaces),
  );
  return { objects, foreign, namespaces };
}

function isNobodys(
  live: LiveObject,
  { platform, known }: { readonly platform: string; readonly known: ReadonlySet<string> },
): boolean {
  return ownerOfObject(live, platform, known.has(refKey(refOf(live)))) === "nobody";
}

async function getIfKnown(client: ClusterClient, ref: ObjectRef): Promise<LiveObject | undefined> {
  try {
    return await client.get(ref);
  } catch (error) {
    if (error instanceof OperationError && error.code === "not-found") return undefined;
    throw error;
  }
}

function listRefs(inventory: Inventory, only: ReadonlySet<string> | undefined): ObjectRef[] {
  return [...inventory.parts.values()]
    .flatMap(({ units }) => units)
    .filter(({ unit }) => only === undefined || only.has(unit))
    .flatMap(({ objects }) => objects);
}

function isOurNamespace(name: string | undefined, known: ReadonlyMap<string, LiveObject>): boolean {
  return name !== undefined && (known.has(name) || name === chartsNamespace || name === systemNamespace);
}

/** The kinds in manifests; for the platform and workspaces also those that show what somebody added. */
export function kindsOf(
  manifests: Iterable<{ readonly kind: string }>,
  { withOpening }: { readonly withOpening: boolean },
): ReadonlySet<string> {
  const kinds = new Set<string>([resourceTypes.Namespace.kind, ...(withOpening ? openingKinds : [])]);
  for (const { kind } of manifests) kinds.add(kind);
  return kinds;
}

import { resourceTypes } from "../../../src/cluster/resource-types.ts";
import type { TestCluster } from "../test-cluster.ts";

/** An object without what no two runs have in common: times, versions, uids. */
export interface StateObject {
  readonly uid: string;
  /** For comparison: JSON with keys in order. */
  readonly text: string;
}

/** Every object of a cluster, of all kinds we write or look at, by `Kind namespace/name`. */
export type ClusterState = ReadonlyMap<string, StateObject>;

interface RawObject {
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly managedFields?: readonly Readonly<Record<string, unknown>>[];
  };
  readonly [field: string]: unknown;
}

/** Of the other end of a reference; an object's own is compared apart. */
const anyUid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Wherever it stands: of a deletion, in an annotation, in what the inventory says of a hold. */
const moment = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Reads everything, as the admin and past every proxy. */
export async function readState(cluster: TestCluster): Promise<ClusterState> {
  const state = new Map<string, StateObject>();
  await Promise.all(
    Object.values(resourceTypes).map(async ({ apiVersion, kind, plural }) => {
      const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const { status, body } = await cluster.request({ method: "GET", path: `${group}/${plural}` });
      if (status === 404) return;
      for (const item of (body as { items: RawObject[] }).items) {
        const { namespace, name, uid } = item.metadata;
        const place = namespace === undefined ? name : `${namespace}/${name}`;
        state.set(`${kind} ${place}`, {
          uid,
          text: JSON.stringify(sortKeys(withoutChance(item)))
            .replaceAll(moment, "(some time)")
            .replaceAll(anyUid, "(some uid)"),
        });
      }
    }),
  );
  return state;
}

function withoutChance(object: RawObject): object {
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const { creationTimestamp: _created, generation: _generation, ...rest } = metadata;
  return {
    ...object,
    metadata: {
      ...rest,
      managedFields: (metadata.managedFields ?? [])
        .map(({ time: _time, ...entry }) => sortKeys(entry))
        .map((entry) => JSON.stringify(entry))
        .sort(),
    },
  };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

import type { ClusterClient, ListQuery } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import type { ResourceType } from "../cluster/resource-types.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import { chartsNamespace } from "../model/names.ts";
import { textAt, timeAt } from "./read-fields.ts";
import { reduceClaim, reducePod } from "./reduce-workload.ts";
import type { EventFacts, PodFacts, ServiceDetails } from "./service-observation.ts";

export interface ObserveDetailsOptions {
  /** Namespaces of what does not run; chart jobs' own is always looked at. */
  readonly namespaces: ReadonlySet<string>;
  /** False: pods only, which is what a table of running services needs. */
  readonly causes: boolean;
}

/**
 * Why something does not run: pods, claims, Services and Warning events; four LIST requests, or eight when it is one
 * namespace only. What we may not read is left out: then the reason is less exact.
 */
export async function observeDetails(
  client: ClusterClient,
  { namespaces, causes }: ObserveDetailsOptions,
): Promise<ServiceDetails> {
  // one tenant's trouble is no reason to read everybody's pods
  const [only] = namespaces;
  const scopes: readonly (string | undefined)[] =
    namespaces.size === 1 && only !== undefined ? [chartsNamespace, only] : [undefined];
  const list = async <T>(query: ListQuery, reduce: (object: LiveObject) => T): Promise<T[]> => {
    const lists = await Promise.all(
      scopes.map(async (namespace) => listReadable(client, { ...query, namespace })),
    );
    return lists.flat().map(reduce);
  };
  const listCauses = async <T>(query: ListQuery, reduce: (object: LiveObject) => T): Promise<T[]> =>
    causes ? list(query, reduce) : [];
  const { Pod, PersistentVolumeClaim, Service, Event } = resourceTypes;
  const type = (one: ResourceType): ListQuery => ({ type: one });
  const [pods, claims, services, events] = await Promise.all([
    list(type(Pod), reducePod),
    listCauses(type(PersistentVolumeClaim), reduceClaim),
    listCauses({ type: Service, metadataOnly: true }, keyOf),
    listCauses({ type: Event, fieldSelector: "type=Warning" }, reduceEvent),
  ]);
  return {
    pods: groupPods(pods),
    claims: new Map(claims.map((claim) => [`${claim.ref.namespace ?? ""}/${claim.ref.name}`, claim])),
    services: new Set(services),
    events: groupEvents(events),
    helmErrors: new Map(),
  };
}

async function listReadable(client: ClusterClient, query: ListQuery): Promise<readonly LiveObject[]> {
  try {
    return (await client.list(query)).items;
  } catch (error) {
    if (error instanceof OperationError && error.code === "forbidden") return [];
    throw error;
  }
}

function groupPods(pods: readonly PodFacts[]): ReadonlyMap<string, readonly PodFacts[]> {
  const groups = new Map<string, PodFacts[]>();
  for (const pod of pods) {
    const namespace = pod.ref.namespace ?? "";
    const found = groups.get(namespace);
    if (found === undefined) groups.set(namespace, [pod]);
    else found.push(pod);
  }
  return groups;
}

function reduceEvent(object: LiveObject): readonly [string, EventFacts] {
  const about = object["involvedObject"];
  const key = `${textAt(about, "kind") ?? ""}/${textAt(about, "namespace") ?? ""}/${textAt(about, "name") ?? ""}`;
  const seenMs =
    timeAt(object, "series.lastObservedTime") ??
    timeAt(object, "lastTimestamp") ??
    timeAt(object, "eventTime") ??
    timeAt(object, "metadata.creationTimestamp") ??
    0;
  return [key, { reason: textAt(object, "reason") ?? "", message: textAt(object, "message") ?? "", seenMs }];
}

function groupEvents(
  events: readonly (readonly [string, EventFacts])[],
): ReadonlyMap<string, readonly EventFacts[]> {
  const groups = new Map<string, EventFacts[]>();
  for (const [key, event] of events) groups.set(key, [...(groups.get(key) ?? []), event]);
  for (const found of groups.values()) found.sort((a, b) => b.seenMs - a.seenMs);
  return groups;
}

function keyOf({ metadata }: LiveObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

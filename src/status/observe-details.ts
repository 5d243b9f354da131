import type { ClusterClient, ListQuery } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { refOf } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { ResourceType } from "../cluster/resource-types.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import { chartsNamespace } from "../model/names.ts";
import { conditionOf, textAt, timeAt } from "./read-fields.ts";
import { createdMs } from "./reduce-release.ts";
import { reduceClaim, reducePod } from "./reduce-workload.ts";
import type { EventFacts, HookFacts, ServiceDetails } from "./service-observation.ts";

export interface ObserveDetailsOptions {
  /** Namespaces of what does not run; chart jobs' own is always looked at. */
  readonly namespaces: ReadonlySet<string>;
  /** False: pods only, which is what a table of running services needs. */
  readonly causes: boolean;
}

/**
 * Why something does not run: pods, claims, Services, hooks and Warning events; five LIST requests, or ten when it is one
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
  const { Pod, PersistentVolumeClaim, Service, Event, Job } = resourceTypes;
  const type = (one: ResourceType): ListQuery => ({ type: one });
  const [pods, claims, services, events, jobs] = await Promise.all([
    list(type(Pod), reducePod),
    listCauses(type(PersistentVolumeClaim), reduceClaim),
    listCauses({ type: Service, metadataOnly: true }, keyOf),
    listCauses({ type: Event, fieldSelector: "type=Warning" }, reduceEvent),
    listCauses(type(Job), reduceHook),
  ]);
  return {
    pods: groupByNamespace(pods),
    claims: new Map(claims.map((claim) => [`${claim.ref.namespace ?? ""}/${claim.ref.name}`, claim])),
    services: new Set(services),
    events: groupEvents(events),
    hooks: groupByNamespace(jobs.filter((one) => one !== undefined)),
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

function groupByNamespace<T extends { readonly ref: ObjectRef }>(
  facts: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of facts) {
    const namespace = one.ref.namespace ?? "";
    const found = groups.get(namespace);
    if (found === undefined) groups.set(namespace, [one]);
    else found.push(one);
  }
  return groups;
}

function reduceHook(object: LiveObject): HookFacts | undefined {
  const kind = object.metadata.annotations?.["helm.sh/hook"];
  if (kind === undefined) return undefined;
  const hasFailed = conditionOf(object, "Failed")?.isTrue === true;
  return { ref: refOf(object), kind, createdMs: createdMs(object), hasFailed };
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

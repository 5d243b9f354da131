import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { ResourceType } from "../../cluster/resource-types.ts";
import { labelPrefix } from "../../constructs/labels.ts";
import { OperationError } from "../../errors.ts";
import { chartsNamespace, systemNamespace } from "../../model/names.ts";
import { backOffMs } from "./back-off.ts";
import { fingerprint, metadataOnlyKinds } from "./fingerprint.ts";

/** What a watch tells. */
export type WatchSign =
  /** An object of ours, or in a namespace of ours, is another than it was. */
  | { readonly type: "moved"; readonly owner: string; readonly ref: ObjectRef }
  | {
      readonly type: "lost";
      readonly kind: string;
      readonly error: OperationError;
      readonly retryInMs: number;
    }
  | { readonly type: "watching"; readonly kind: string };

export interface WatchDriftOptions {
  readonly client: ClusterClient;
  /** Name of the platform: what carries its label is ours. */
  readonly platform: string;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly random: () => number;
  readonly tell: (sign: WatchSign) => void;
  readonly signal: AbortSignal;
}

/** A binding or policy that somebody adds opens a tenant, so those are watched whether they are ours or not. */
const openingKinds: ReadonlySet<string> = new Set(["RoleBinding", "NetworkPolicy"]);

const retryTimes = { firstMs: 1000, maxMs: 60_000 } as const;
/** A kind the API server does not know may come later, with what installs it. */
const unknownKindMs = 300_000;

/**
 * Watches one kind until the signal aborts, and tells what moved; keeps a fingerprint of each object and nothing else.
 * After a break it lists again and compares, so that nothing that happened meanwhile is missed. Never throws for what
 * the world refuses.
 */
export async function watchDrift(options: WatchDriftOptions): Promise<void> {
  const { client, type, platform, clock, signal, tell, random } = options;
  const query = {
    type,
    metadataOnly: metadataOnlyKinds.has(type.kind),
    ...(openingKinds.has(type.kind) ? {} : { labelSelector: `${labelPrefix}/platform=${platform}` }),
  };
  const known = new Map<string, { readonly mark: string; readonly owner: string; readonly ref: ObjectRef }>();
  let isFirst = true;
  let failures = 0;

  const see = (object: LiveObject): void => {
    const owner = ownerOf(object, platform);
    const key = refKey(refOf(object));
    const before = known.get(key);
    if (owner === undefined) {
      // it was ours until somebody took our label off
      if (before !== undefined) forget(key);
      return;
    }
    const mark = fingerprint(object);
    known.set(key, { mark, owner, ref: refOf(object) });
    if (before?.mark !== mark && !isFirst) tell({ type: "moved", owner, ref: refOf(object) });
  };
  const forget = (key: string): void => {
    const before = known.get(key);
    if (before === undefined) return;
    known.delete(key);
    tell({ type: "moved", owner: before.owner, ref: before.ref });
  };

  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = await client.list(query);
      const there = new Set(items.map((object) => refKey(refOf(object))));
      for (const key of known.keys()) if (!there.has(key)) forget(key);
      for (const object of items) see(object);
      isFirst = false;
      failures = 0;
      tell({ type: "watching", kind: type.kind });
      for await (const event of client.watch(query, { resourceVersion, signal })) {
        if (event.type === "bookmark") continue;
        if (event.type === "deleted") forget(refKey(refOf(event.object)));
        else see(event.object);
      }
      // ended without a reason: list again, but never in a tight circle
      await clock.sleep(retryTimes.firstMs, signal);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (signal.aborted || error.code === "cancelled") return;
      // the server forgot that version: list again at once, but never in a tight circle
      const isUnknown = error.code === "not-found";
      failures += 1;
      const retryInMs =
        error.code === "expired" && failures === 1
          ? 0
          : isUnknown
            ? unknownKindMs
            : backOffMs(failures, retryTimes, random);
      if (!isUnknown && error.code !== "expired") tell({ type: "lost", kind: type.kind, error, retryInMs });
      if (isUnknown) tell({ type: "watching", kind: type.kind });
      await clock.sleep(retryInMs, signal);
    }
  }
}

/** `platform` or a workspace's id; undefined for what is none of our business. */
function ownerOf({ metadata }: LiveObject, platform: string): string | undefined {
  const { labels, namespace } = metadata;
  if (labels?.[`${labelPrefix}/platform`] === platform)
    return labels[`${labelPrefix}/workspace`] ?? "platform";
  if (namespace === chartsNamespace || namespace === systemNamespace) return "platform";
  return /^paas-ws-([a-z0-9]{1,20})$/.exec(namespace ?? "")?.[1];
}

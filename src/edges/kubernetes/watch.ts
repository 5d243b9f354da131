import type { ListQuery, WatchEvent, WatchOptions } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { OperationError } from "../../errors.ts";
import { collectionPath, withQuery } from "./api-path.ts";
import { statusOf } from "./api-status.ts";
import type { ApiStatus } from "./api-status.ts";
import type { ClientParts } from "./kubernetes-client.ts";
import { readLines } from "./read-lines.ts";
import { isPassing } from "./retry.ts";

/** How a part of the adapter says that the server refused. */
export type Refuse = (status: ApiStatus, about: { doing: string; subject: string }) => OperationError;

interface RawEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: LiveObject;
}

const metadataOne = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
/** The server ends a watch after this and we go on with a new one, spread so that not all end at once. */
const shortestSeconds = 300;
/** The server sends a bookmark each minute; a connection that is silent for longer is dead. */
const idleTimeoutMs = 150_000;
const longestDelayMs = 5_000;

/**
 * The events of a collection from a version on. A watch that ends or breaks is opened again where it was, for as long
 * as it takes, until the signal aborts.
 * Errors: `expired` when the server forgot that version, and what it refuses: `forbidden`, `not-found` ...
 */
export async function* watchCollection(
  parts: ClientParts,
  query: ListQuery,
  { resourceVersion, signal, refuse }: WatchOptions & { readonly refuse: Refuse },
): AsyncGenerator<WatchEvent> {
  const { sender, clock, random } = parts;
  const { type, namespace, labelSelector, fieldSelector, metadataOnly = false } = query;
  const { apiVersion, kind } = type;
  const about = { doing: `watch ${type.plural}`, subject: type.plural };
  const types = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;
  let version = resourceVersion;
  let failures = 0;
  while (!signal.aborted) {
    // what ends at once without an event is opened more and more slowly
    failures++;
    const path = withQuery(collectionPath(type, namespace), {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: version,
      timeoutSeconds: Math.round(shortestSeconds * (1 + random())),
      labelSelector,
      fieldSelector,
    });
    try {
      const request = {
        method: "GET" as const,
        path,
        signal,
        ...(metadataOnly ? { accept: metadataOne } : {}),
      };
      const response = await sender.open(request, idleTimeoutMs);
      if ("reason" in response) throw watchError(response, { about, refuse });
      for await (const line of readLines(response)) {
        const event = JSON.parse(line) as RawEvent;
        if (event.type === "ERROR") {
          throw watchError(statusOf(event.object, 500), { about, refuse });
        }
        failures = 0;
        version = event.object.metadata.resourceVersion;
        if (event.type === "BOOKMARK") yield { type: "bookmark", resourceVersion: version };
        else yield { type: types[event.type], object: { ...event.object, apiVersion, kind } };
      }
    } catch (error) {
      if (signal.aborted) return;
      const isTemporary =
        error instanceof OperationError
          ? error.code === "unreachable" || error.code === "unavailable"
          : isPassing(error);
      if (!isTemporary) throw error;
    }
    if (failures > 0) {
      const delayMs = Math.min(longestDelayMs, 100 * 2 ** failures) * (0.5 + random() / 2);
      await clock.sleep(delayMs, signal);
    }
  }
}

function watchError(
  status: ApiStatus,
  { about, refuse }: { readonly about: { doing: string; subject: string }; readonly refuse: Refuse },
): OperationError {
  // a version too old is told in either way
  if (status.reason === "Expired" || status.reason === "Gone")
    return refuse({ ...status, status: 410 }, about);
  return refuse(status, about);
}

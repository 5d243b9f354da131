import { createHash } from "node:crypto";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelPrefix } from "../../constructs/labels.ts";

/** Kinds of which only metadata is watched: the content is secret, or large. */
export const metadataOnlyKinds: ReadonlySet<string> = new Set(["Secret", "HelmChart"]);

/**
 * A short text that is another one when something that git has a say in changed: not for a status, a finalizer or a
 * note that a controller writes.
 */
export function fingerprint(object: LiveObject): string {
  const { apiVersion: _, kind, metadata, status: __, ...content } = object;
  const seen = {
    uid: metadata.uid,
    isGoing: metadata.deletionTimestamp !== undefined,
    labels: pick(metadata.labels),
    annotations: pick(metadata.annotations),
    content: metadataOnlyKinds.has(kind) ? metadataTraces(object) : content,
  };
  return createHash("sha256").update(JSON.stringify(seen)).digest("base64").slice(0, 16);
}

/** A Secret has no generation; every write of its data leaves its trace in managedFields. */
function metadataTraces({ kind, metadata }: LiveObject): unknown {
  if (kind !== "Secret") return metadata.generation;
  return (metadata.managedFields ?? []).map(({ manager, operation, time, fieldsV1 }) => [
    manager,
    operation,
    time,
    fieldsV1?.["f:data"],
  ]);
}

const telling = [`${labelPrefix}/`, "app.kubernetes.io/", "pod-security.kubernetes.io/"];

function pick(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {})
    .filter(([key]) => telling.some((prefix) => key.startsWith(prefix)))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

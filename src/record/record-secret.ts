import { gunzipSync, gzipSync, strFromU8, strToU8 } from "fflate";
import type { LiveObject } from "../cluster/live-object.ts";
import type { WritableObject } from "../cluster/cluster-client.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { labelRef, refOf } from "../cluster/object-ref.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { systemNamespace } from "../model/names.ts";
import { recordPlace, unitOfPlace } from "./record-place.ts";
import { damaged, isEnd, readBundle, readEnd, writeBundle } from "./revision-bundle.ts";
import type { Revision, RevisionEnd } from "./revision.ts";

/**
 * One run's revisions of one workspace (or of the platform unit), in one Secret: the first apply of a thousand services
 * in twenty workspaces writes twenty Secrets, not a thousand. What was begun never changes; ends are keys of their own, so
 * that completing needs no reading. It carries no label of the platform: plan neither sees nor prunes it.
 */
export interface RecordBatch {
  readonly owner: string;
  /** From 1, per owner; part of the name, so that the API server lets one writer have it. */
  readonly sequence: number;
  /** Short unit name -> number of its revision. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Who wrote it: tells a repeated POST of ours from another's. */
  readonly writer: string | undefined;
  readonly uid: string;
}

export const recordSecretType = `${labelPrefix}/revision`;
const kindLabel = `${labelPrefix}/record`;
const ownerLabel = `${labelPrefix}/record-of`;
const sequenceLabel = `${labelPrefix}/record-sequence`;
const writerAnnotation = `${labelPrefix}/record-writer`;
const unitLabelPrefix = `revision.${labelPrefix}/`;

/** A Secret holds 1 MiB; half of it, so that ends and the server's own fields always fit. */
export const maxBatchBytes = 512 * 1024;

/** The batches of one owner, of one of its units, or all. */
export interface BatchFilter {
  readonly owner?: string;
  readonly name?: string;
}

/** In kubectl's syntax. */
export function selectBatches({ owner, name }: BatchFilter): string {
  const parts = [`${kindLabel}=revision`];
  if (owner !== undefined) parts.push(`${ownerLabel}=${owner}`);
  if (name !== undefined) parts.push(`${unitLabelPrefix}${name}`);
  return parts.join(",");
}

/** The Secret of a batch. */
export function batchRef(owner: string, sequence: number): ObjectRef {
  const name = `revision-${owner}-${sequence}`;
  return { apiVersion: "v1", kind: "Secret", namespace: systemNamespace, name };
}

/** The key of a unit's end in its batch. */
export function endKey(unit: string): string {
  return `end.${recordPlace(unit).name}`;
}

/** A batch as it is written; nothing in it has ended. */
export function writeBatch(batch: {
  readonly owner: string;
  readonly sequence: number;
  readonly writer: string;
  readonly revisions: readonly Revision[];
  readonly body: string;
}): WritableObject {
  const { owner, sequence, writer, revisions, body } = batch;
  const ref = batchRef(owner, sequence);
  const numbers = revisions.map(({ unit, number }) => [
    `${unitLabelPrefix}${recordPlace(unit).name}`,
    String(number),
  ]);
  const ends = revisions.map(({ unit }) => [endKey(unit), ""]);
  return {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      labels: {
        // admission keeps what carries it from the platform's users, whatever rights they came by
        "app.kubernetes.io/managed-by": "woow",
        [kindLabel]: "revision",
        [ownerLabel]: owner,
        [sequenceLabel]: String(sequence),
        ...(Object.fromEntries(numbers) as Record<string, string>),
      },
      annotations: { [writerAnnotation]: writer },
    },
    type: recordSecretType,
    data: { revisions: body, ...(Object.fromEntries(ends) as Record<string, string>) },
  };
}

/** The compressed text of a batch, base64, and its size in bytes before base64. */
export function packRevisions(revisions: readonly Revision[]): {
  readonly body: string;
  readonly bytes: number;
} {
  const packed = gzipSync(strToU8(JSON.stringify(writeBundle(revisions))), { mtime: 0 });
  return { body: Buffer.from(packed).toString("base64"), bytes: packed.length };
}

/** What a batch's metadata say; undefined for an object that carries our label and is none of ours. */
export function readBatch({ metadata }: LiveObject): RecordBatch | undefined {
  const labels = metadata.labels ?? {};
  const owner = labels[ownerLabel];
  const sequence = Number(labels[sequenceLabel]);
  if (owner === undefined || !Number.isSafeInteger(sequence) || sequence < 1) return undefined;
  if (metadata.name !== batchRef(owner, sequence).name) return undefined;
  const numbers = new Map(
    Object.entries(labels)
      .filter(([key]) => key.startsWith(unitLabelPrefix))
      .map(([key, value]) => [key.slice(unitLabelPrefix.length), Number(value)] as const),
  );
  const writer = metadata.annotations?.[writerAnnotation];
  return { owner, sequence, numbers, writer, uid: metadata.uid };
}

/** The revisions of a batch that was read whole, with their ends. Errors: `unreadable` for a damaged one. */
export function readRevisions(secret: LiveObject): Revision[] {
  const place = labelRef(refOf(secret));
  const data = (secret["data"] ?? {}) as Readonly<Record<string, unknown>>;
  const bundle = parseJson(() => strFromU8(gunzipSync(decode(data["revisions"]))), place);
  return readBundle(bundle, place).map((revision) => ({
    ...revision,
    end: readStoredEnd(data[endKey(revision.unit)], place),
  }));
}

/** An end as the batch keeps it. */
export function writeEnd(end: RevisionEnd): string {
  return Buffer.from(JSON.stringify(readEnd(end)), "utf8").toString("base64");
}

/** The unit whose revision stands under a batch's short name. */
export function unitInBatch({ owner }: RecordBatch, name: string): string {
  return unitOfPlace({ owner, name });
}

function readStoredEnd(value: unknown, place: string): RevisionEnd | undefined {
  if (value === undefined || value === "") return undefined;
  const end = parseJson(() => strFromU8(decode(value)), place);
  if (!isEnd(end)) throw damaged(place);
  return readEnd(end);
}

function decode(value: unknown): Uint8Array {
  if (typeof value !== "string") throw new Error("no text");
  return new Uint8Array(Buffer.from(value, "base64"));
}

function parseJson(read: () => string, place: string): unknown {
  try {
    return JSON.parse(read());
  } catch (error) {
    throw damaged(place, error);
  }
}

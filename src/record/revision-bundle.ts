import { createHash } from "node:crypto";
import { OperationError } from "../errors.ts";
import type { NewRevision, Origin, RecordedChange, Revision, RevisionEnd } from "./revision.ts";

/** The format of stored revisions; raised when an older woow could misread a newer record. */
export const recordFormat = 1;

/**
 * Revisions as they are stored, in .woow/ and in the cluster alike. Texts stand once each, however many revisions were
 * made from them: most share platform.yaml and a template.
 */
export interface RevisionBundle {
  readonly format: typeof recordFormat;
  /** By the first half of their SHA-256. */
  readonly texts: Readonly<Record<string, string>>;
  readonly revisions: readonly StoredRevision[];
}

interface StoredRevision extends Omit<
  Partial<Revision>,
  "definition" | "unit" | "cluster" | "number" | "startedAt" | "origin" | "manifestDigest" | "changes"
> {
  readonly number: number;
  readonly unit: string;
  readonly cluster: string;
  readonly startedAt: string;
  readonly origin: Origin;
  readonly manifestDigest: string;
  readonly changes: readonly RecordedChange[];
  /** Path -> key of its text. */
  readonly files: Readonly<Record<string, string>>;
}

/** Revisions -> what is stored. */
export function writeBundle(revisions: readonly Revision[]): RevisionBundle {
  const texts: Record<string, string> = {};
  const stored = revisions.map(({ definition, ...rest }) => {
    const files: Record<string, string> = {};
    for (const [path, text] of Object.entries(definition.files)) {
      const key = createHash("sha256").update(text).digest("hex").slice(0, 32);
      texts[key] = text;
      files[path] = key;
    }
    return { ...rest, files };
  });
  return { format: recordFormat, texts, revisions: stored };
}

/**
 * What is stored -> revisions. Errors: `unreadable`, naming `place`, for what is damaged or from a newer woow: a
 * history that cannot be read must never look like an empty one.
 */
export function readBundle(value: unknown, place: string): Revision[] {
  const format = isMap(value) ? value["format"] : undefined;
  if (typeof format === "number" && format > recordFormat) {
    throw new OperationError("unreadable", `${place} was written by a newer woow (format ${format})`, {
      subject: place,
      hint: "use that version of woow; this one leaves the history alone",
    });
  }
  if (!isMap(value) || format !== recordFormat || !isMap(value["texts"])) throw damaged(place);
  const { texts, revisions } = value;
  if (!Array.isArray(revisions)) throw damaged(place);
  return revisions.map((item) => readRevision(item, { texts: texts as Plain, place }));
}

/** A damaged record; `place` is the file or object to look at. */
export function damaged(place: string, cause?: unknown): OperationError {
  return new OperationError("unreadable", `${place} is no readable revision history: it is damaged`, {
    subject: place,
    hint: "restore it from a copy, or move it away: then the history in it is gone and numbers begin anew",
    cause,
  });
}

type Plain = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readRevision(
  item: unknown,
  { texts, place }: { readonly texts: Plain; readonly place: string },
): Revision {
  if (!isMap(item) || !isStored(item)) throw damaged(place);
  const { files, ...rest } = item;
  const entries = Object.entries(files).map(([path, key]) => {
    const text = texts[key];
    if (typeof text !== "string") throw damaged(place);
    return [path, text] as const;
  });
  const base: Omit<NewRevision, "chartVersion" | "rollbackTo"> & { readonly number: number } = {
    number: rest.number,
    unit: rest.unit,
    cluster: rest.cluster,
    startedAt: rest.startedAt,
    origin: { ...rest.origin, gitCommit: rest.origin.gitCommit },
    definition: { files: Object.fromEntries(entries) },
    manifestDigest: rest.manifestDigest,
    changes: rest.changes.map(readChange),
  };
  return {
    ...base,
    chartVersion: rest.chartVersion,
    rollbackTo: rest.rollbackTo,
    end: rest.end === undefined ? undefined : readEnd(rest.end),
  };
}

/** JSON leaves out what is undefined; inside it has its key. */
function readChange({ action, ref, fields }: RecordedChange): RecordedChange {
  return { action, ref: { ...ref, namespace: ref.namespace }, fields };
}

/** An end as it was stored; the keys that JSON left out come back. */
export function readEnd(end: RevisionEnd): RevisionEnd {
  const { outcome, finishedAt, helmRevision, message, droppedRelease } = end;
  return { outcome, finishedAt, helmRevision, message, droppedRelease };
}

/** True for what has the shape of an end. */
export function isEnd(value: unknown): value is RevisionEnd {
  return isMap(value) && typeof value["outcome"] === "string" && typeof value["finishedAt"] === "string";
}

function isStored(item: Plain): item is Plain & StoredRevision {
  const texts = ["unit", "cluster", "startedAt", "manifestDigest"];
  return (
    Number.isSafeInteger(item["number"]) &&
    texts.every((key) => typeof item[key] === "string") &&
    isMap(item["origin"]) &&
    isMap(item["files"]) &&
    Object.values(item["files"]).every((key) => typeof key === "string") &&
    Array.isArray(item["changes"]) &&
    item["changes"].every((change) => isMap(change) && isMap(change["ref"])) &&
    (item["end"] === undefined || isEnd(item["end"]))
  );
}

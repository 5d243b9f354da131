import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { OperationError } from "../errors.ts";
import { damaged, readBundle, readEnd, writeBundle } from "../record/revision-bundle.ts";
import type { RevisionBundle } from "../record/revision-bundle.ts";
import { findRecordPlace, recordPlace } from "../record/record-place.ts";
import { maxRevisions } from "../record/revision-store.ts";
import type { RevisionFilter, RevisionRef, RevisionStore } from "../record/revision-store.ts";
import type { NewRevision, Revision, RevisionEnd } from "../record/revision.ts";
import { fileError } from "./file-error.ts";
import { PrivateJsonFile } from "./private-json-file.ts";
import { withProcessLock } from "./process-lock.ts";

/** Where the local history lies in a platform repository; git-ignored. */
export const revisionsFolder = ".woow/revisions";

export interface LocalRevisionsOptions {
  /** The platform repository. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The file of a workspace with its services, or of the platform unit. */
type OwnerFile = RevisionBundle & {
  /** By unit: the highest number so far. Stays when all its revisions should be gone one day. */
  readonly last: Readonly<Record<string, number>>;
};

interface Ending {
  readonly revision: RevisionRef;
  readonly end: RevisionEnd;
}

/**
 * The history in files of this clone (`records: local`), one per workspace, so that a run over a thousand services writes
 * twenty. Errors: `refused` in CI, where the next job would not find it.
 */
export function openLocalRevisions({ root, environment }: LocalRevisionsOptions): RevisionStore {
  const ci = environment["CI"] ?? "";
  if (ci !== "" && ci !== "false") {
    throw new OperationError("refused", "the revision history would stay on this CI machine and be lost", {
      subject: "platform.yaml",
      hint: "write `records: cluster` in platform.yaml; then every clone shares one history",
    });
  }
  const folder = join(root, revisionsFolder);
  let round: { readonly endings: Ending[]; readonly done: Promise<void> } | undefined;
  return {
    kind: "local",
    begin: async (revisions) => withProcessLock({ folder }, () => beginAll(folder, revisions)),
    finish: async (revision, end) => {
      if (round === undefined) {
        const endings: Ending[] = [];
        // those of one moment are written together
        const done = Promise.resolve().then(async () => {
          round = undefined;
          await withProcessLock({ folder }, () => finishAll(folder, endings));
        });
        round = { endings, done };
      }
      round.endings.push({ revision, end });
      await round.done;
    },
    list: async (filter) => listRevisions(folder, filter),
  };
}

function beginAll(folder: string, news: readonly NewRevision[]): readonly Revision[] {
  const files = groupByFile(folder, news);
  const begun = new Map<NewRevision, Revision>();
  for (const { file, items } of files) {
    const last = new Map(Object.entries(file.data.last));
    const revisions = readBundle(file.data, file.path);
    for (const item of items) {
      const number = (last.get(item.unit) ?? 0) + 1;
      last.set(item.unit, number);
      const revision: Revision = { ...item, number, end: undefined };
      revisions.push(revision);
      begun.set(item, revision);
    }
    const kept = revisions.filter(({ unit, number }) => number > (last.get(unit) ?? 0) - maxRevisions);
    file.write({ ...writeBundle(kept), last: Object.fromEntries(last) });
  }
  return news.flatMap((item) => begun.get(item) ?? []);
}

function finishAll(folder: string, endings: readonly Ending[]): void {
  const refs = endings.map(({ revision, end }) => ({ ...revision, end }));
  for (const { file, items } of groupByFile(folder, refs)) {
    const ends = new Map(items.map(({ unit, number, end }) => [`${unit} ${number}`, end]));
    const revisions = readBundle(file.data, file.path).map((revision) => {
      const { unit, number } = revision;
      const end = ends.get(`${unit} ${number}`);
      if (end === undefined) return revision;
      const isSame =
        revision.end === undefined || JSON.stringify(readEnd(revision.end)) === JSON.stringify(readEnd(end));
      if (!isSame) throw new Error(`revision ${number} of ${unit} was completed twice`);
      return { ...revision, end };
    });
    file.write({ ...writeBundle(revisions), last: file.data.last });
  }
}

function listRevisions(folder: string, { cluster, unit, newest }: RevisionFilter): readonly Revision[] {
  const owners = unit === undefined ? listOwners(join(folder, cluster)) : [recordPlace(unit).owner];
  const kept = Math.min(newest ?? maxRevisions, maxRevisions);
  return owners
    .flatMap((owner) => {
      const { data, path } = openOwnerFile(folder, { cluster, owner });
      const last = new Map(Object.entries(data.last));
      return readBundle(data, path).filter(
        (one) => (unit === undefined || one.unit === unit) && one.number > (last.get(one.unit) ?? 0) - kept,
      );
    })
    .sort((a, b) => (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : a.number - b.number));
}

interface OpenFile {
  readonly path: string;
  readonly data: OwnerFile;
  write(data: OwnerFile): void;
}

function groupByFile<T extends { readonly cluster: string; readonly unit: string }>(
  folder: string,
  all: readonly T[],
): readonly { readonly file: OpenFile; readonly items: readonly T[] }[] {
  const groups = Map.groupBy(all, ({ cluster, unit }) => `${cluster} ${recordPlace(unit).owner}`);
  return [...groups].map(([key, items]) => {
    const [cluster = "", owner = ""] = key.split(" ");
    return { file: openOwnerFile(folder, { cluster, owner }), items };
  });
}

function openOwnerFile(
  folder: string,
  { cluster, owner }: { readonly cluster: string; readonly owner: string },
): OpenFile {
  const path = join(folder, cluster, `${owner}.json`);
  const adapter = new PrivateJsonFile<OwnerFile>(path, {
    read: (value) => readOwnerFile(value, path),
    damaged: (cause) => damaged(path, cause),
  });
  const low = new LowSync<OwnerFile>(adapter, { ...writeBundle([]), last: {} });
  low.read();
  return {
    path,
    data: low.data,
    write: (data) => {
      low.data = data;
      low.write();
    },
  };
}

/** What is not as we write it is damaged, never empty. */
function readOwnerFile(value: unknown, path: string): OwnerFile {
  const revisions = readBundle(value, path);
  const { last } = value as { readonly last?: unknown };
  if (typeof last !== "object" || last === null || Array.isArray(last)) throw damaged(path);
  const highest = new Map(Object.entries(last as Readonly<Record<string, unknown>>));
  const isKnown = ({ unit, number }: Revision) => Number(highest.get(unit)) >= number;
  if (![...highest.values()].every(Number.isSafeInteger) || !revisions.every(isKnown)) throw damaged(path);
  return value as OwnerFile;
}

/** Workspaces of a cluster that have a history, and the platform. */
function listOwners(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw fileError(error, { subject: folder, doing: "read" });
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .filter((owner) => findRecordPlace(owner) !== undefined);
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { OperationError } from "../errors.ts";
import { damaged, readBundle, readEnd, writeBundle } from "../record/revision-bundle.ts";
import type { RevisionBundle } from "../record/revision-bundle.ts";
import { findRecordPlace, recordPlace, unitOfPlace } from "../record/record-place.ts";
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

/** One unit's file. Its highest number stays when all its revisions should be gone one day. */
type UnitFile = RevisionBundle & { readonly last: number };

/**
 * The history in files of this clone (`records: local`), one per unit, so that a run rewrites little. Errors: `refused`
 * in CI, where the next job would not find it.
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
  return {
    kind: "local",
    begin: (revisions) =>
      withProcessLock({ folder }, () => revisions.map((revision) => beginOne(folder, revision))),
    finish: (revision, end) => withProcessLock({ folder }, () => finishOne(folder, { revision, end })),
    list: async (filter) => listRevisions(folder, filter),
  };
}

function beginOne(folder: string, revision: NewRevision): Revision {
  const file = openUnitFile(folder, revision);
  const { last } = file.data;
  const begun: Revision = { ...revision, number: last + 1, end: undefined };
  const kept = [...readBundle(file.data, file.path), begun].slice(-maxRevisions);
  file.write({ ...writeBundle(kept), last: begun.number });
  return begun;
}

function finishOne(
  folder: string,
  { revision: ref, end }: { readonly revision: RevisionRef; readonly end: RevisionEnd },
): void {
  const file = openUnitFile(folder, ref);
  const revisions = readBundle(file.data, file.path);
  const index = revisions.findIndex(({ number }) => number === ref.number);
  const found = revisions[index];
  if (found === undefined) return;
  if (found.end !== undefined) {
    if (JSON.stringify(readEnd(found.end)) === JSON.stringify(readEnd(end))) return;
    throw new Error(`revision ${ref.number} of ${ref.unit} was completed twice`);
  }
  revisions[index] = { ...found, end };
  file.write({ ...writeBundle(revisions), last: file.data.last });
}

function listRevisions(folder: string, { cluster, unit, newest }: RevisionFilter): readonly Revision[] {
  const units = unit === undefined ? listUnits(join(folder, cluster)) : [unit];
  return units
    .filter((address) => findRecordPlace(address) !== undefined)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap((address) => {
      const file = openUnitFile(folder, { cluster, unit: address });
      return readBundle(file.data, file.path).slice(-Math.min(newest ?? maxRevisions, maxRevisions));
    });
}

function openUnitFile(
  folder: string,
  { cluster, unit }: { readonly cluster: string; readonly unit: string },
): { readonly path: string; readonly data: UnitFile; write(data: UnitFile): void } {
  const { owner, name } = recordPlace(unit);
  const path = join(folder, cluster, owner, `${name}.json`);
  const adapter = new PrivateJsonFile<UnitFile>(path, {
    read: (value) => readUnitFile(value, path),
    damaged: (cause) => damaged(path, cause),
  });
  const low = new LowSync<UnitFile>(adapter, { ...writeBundle([]), last: 0 });
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
function readUnitFile(value: unknown, path: string): UnitFile {
  const numbers = readBundle(value, path).map(({ number }) => number);
  const { last } = value as { readonly last?: unknown };
  if (typeof last !== "number" || !Number.isSafeInteger(last) || numbers.some((number) => number > last)) {
    throw damaged(path);
  }
  return value as UnitFile;
}

/** Units of a cluster that have a history. */
function listUnits(folder: string): string[] {
  return listNames(folder).flatMap((owner) =>
    listNames(join(folder, owner))
      .filter((name) => name.endsWith(".json"))
      .map((name) => unitOfPlace({ owner, name: name.slice(0, -".json".length) })),
  );
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw fileError(error, { subject: folder, doing: "read" });
  }
}

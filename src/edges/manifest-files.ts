import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { OperationError } from "../errors.ts";
import type { FolderChange, FolderFile, ManifestFolder } from "../manifests/manifest-folder.ts";
import { isUnitFileName } from "../manifests/unit.ts";
import { fileError } from "./file-error.ts";

/** Secrets stand in these files. */
const fileMode = 0o600;
const folderMode = 0o700;
/** K3s skips names that begin with a dot, so a half-written file is never read. */
const temporaryPrefix = ".woow-";

export interface ManifestFilesOptions {
  /** True for dist/: files lie in one folder per cluster, and the folders are ours to make and remove. */
  readonly perCluster: boolean;
  /** False when files are cheap to make again and need not survive a power cut. */
  readonly durable: boolean;
}

/** A folder of manifests on disk. */
export function openManifestFiles(root: string, options: ManifestFilesOptions): ManifestFolder {
  const read = (path: string): FolderFile | undefined => readFile(root, path);
  return {
    list: () => listPaths(root, options).flatMap((path) => read(path) ?? []),
    read,
    change: (change) => applyChange(root, change, options),
  };
}

function listPaths(root: string, options: ManifestFilesOptions): string[] {
  try {
    return listFolders(root, options).flatMap((folder) =>
      readdirSync(folder)
        .filter(isUnitFileName)
        .sort()
        .map((name) => (options.perCluster ? `${basename(folder)}/${name}` : name)),
    );
  } catch (error) {
    throw fileError(error, { subject: root, doing: "list" });
  }
}

/** The folders that hold manifests: the root itself, or one per cluster below it. */
function listFolders(root: string, { perCluster }: ManifestFilesOptions): string[] {
  if (!existsSync(root)) return [];
  if (!perCluster) return [root];
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name))
    .filter((path) => !basename(path).startsWith(".") && lstatSync(path).isDirectory());
}

function readFile(root: string, path: string): FolderFile | undefined {
  const absolute = join(root, path);
  try {
    const stat = lstatSync(absolute);
    // a link could point at somebody else's file: it is foreign, and never followed
    if (!stat.isFile()) return { path, text: undefined, modifiedMs: stat.mtimeMs };
    return { path, text: readFileSync(absolute, "utf8"), modifiedMs: stat.mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(error, { subject: absolute, doing: "read" });
  }
}

function applyChange(root: string, { writes, removes }: FolderChange, options: ManifestFilesOptions): void {
  const staged: { from: string; to: string }[] = [];
  const made: string[] = [];
  try {
    for (const folder of listFolders(root, options)) removeLeftovers(folder);
    if (writes.size === 0 && removes.length === 0) return;
    for (const folder of new Set([root, ...[...writes.keys()].map((path) => dirname(join(root, path)))])) {
      if (existsSync(folder)) continue;
      mkdirSync(folder, { recursive: true, mode: folderMode });
      made.push(folder);
    }
    for (const [path, text] of writes)
      staged.push({ from: stage(join(root, path), text, options), to: join(root, path) });
  } catch (error) {
    discard(staged, made);
    throw fileError(error, { subject: root, doing: "write to" });
  }
  try {
    for (const { from, to } of staged) renameSync(from, to);
    for (const path of removes) unlinkSync(join(root, path));
    if (options.durable) syncFolder(root);
    if (options.perCluster)
      for (const folder of new Set(removes.map((path) => dirname(join(root, path))))) removeIfEmpty(folder);
  } catch (error) {
    discard(staged, []);
    throw fileError(error, { subject: root, doing: "write to" });
  }
}

function stage(target: string, text: string, { durable }: ManifestFilesOptions): string {
  const path = join(
    dirname(target),
    `${temporaryPrefix}${basename(target)}-${randomBytes(4).toString("hex")}`,
  );
  const file = openSync(path, "wx", fileMode);
  try {
    const bytes = Buffer.from(text, "utf8");
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    if (durable) fsyncSync(file);
  } catch (error) {
    closeSync(file);
    unlinkSync(path);
    throw error;
  }
  closeSync(file);
  return path;
}

/** A run that was killed between writing and renaming leaves temporary files; the next one sweeps them. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${temporaryPrefix}paas-`)) unlinkSync(join(folder, name));
  }
}

function discard(staged: readonly { from: string }[], folders: readonly string[]): void {
  for (const { from } of staged) if (existsSync(from)) unlinkSync(from);
  for (const folder of [...folders].reverse()) removeIfEmpty(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty, so not ours alone
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Refuses a manifests directory that is missing or not writable before anything is rendered. */
export function requireFolder(path: string): void {
  if (!existsSync(path) || !lstatSync(path).isDirectory()) {
    throw new OperationError("not-found", `${path} is not a directory`, {
      subject: path,
      hint: "on a K3s server it is server/manifests below K3s' data directory; woow does not create it",
    });
  }
}

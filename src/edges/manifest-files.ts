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
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { OperationError } from "../errors.ts";
import type { FolderChange, FolderFile, ManifestFolder } from "../manifests/manifest-folder.ts";
import { isUnitFileName } from "../manifests/unit.ts";
import { fileError } from "./file-error.ts";
import { syncFolder } from "./sync-folder.ts";
import { makeRunSuffix, sweepLeftovers, temporaryFileName, temporaryFolderName } from "./temporary-names.ts";

/** Secrets stand in these files. */
const fileMode = 0o600;
const folderMode = 0o700;

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
      listNames(folder)
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
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => join(root, name))
    .sort();
}

/** Another run may have removed a folder that was listed a moment ago. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
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
  const moves: Move[] = [];
  let made: string | undefined;
  try {
    sweepAll(root, options);
    if (writes.size === 0 && removes.length === 0) return;
    for (const folder of new Set([...writes.keys()].map((path) => dirname(join(root, path))))) {
      if (folder !== join(root)) refuseLink(folder);
    }
    made = mkdirSync(root, { recursive: true, mode: folderMode });
    stageAll(root, writes, { ...options, moves });
  } catch (error) {
    discard(moves);
    if (made !== undefined) removeIfEmpty(root);
    throw fileError(error, { subject: root, doing: "write to" });
  }
  try {
    for (const move of moves) putInPlace(move);
    // another run may have removed the same file
    for (const path of removes) rmSync(join(root, path), { force: true });
    if (options.durable) syncFolder(root);
    if (options.perCluster)
      for (const folder of new Set(removes.map((path) => dirname(join(root, path))))) removeIfEmpty(folder);
  } catch (error) {
    discard(moves);
    throw fileError(error, { subject: root, doing: "write to" });
  }
}

/** What a rename will put in its place. */
interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Writes every file whole beside its place. A cluster's folder that is not there yet is written beside its place as
 * one folder: a thousand renames become one.
 */
function stageAll(
  root: string,
  writes: ReadonlyMap<string, string>,
  { durable, moves }: ManifestFilesOptions & { readonly moves: Move[] },
): void {
  const suffix = makeRunSuffix();
  const newFolders = new Map<string, string>();
  for (const [path, text] of writes) {
    const to = join(root, path);
    const folder = dirname(to);
    if (!newFolders.has(folder) && existsSync(folder)) {
      const from = join(folder, temporaryFileName(basename(to), suffix));
      moves.push({ from, to });
      writeWhole(from, text, { durable });
      continue;
    }
    let staged = newFolders.get(folder);
    if (staged === undefined) {
      staged = join(dirname(folder), temporaryFolderName(basename(folder), suffix));
      moves.push({ from: staged, to: folder });
      mkdirSync(staged, { mode: folderMode });
      newFolders.set(folder, staged);
    }
    writeWhole(join(staged, basename(to)), text, { durable });
  }
}

function writeWhole(path: string, text: string, { durable }: { readonly durable: boolean }): void {
  const file = openSync(path, "wx", fileMode);
  try {
    const bytes = Buffer.from(text, "utf8");
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function putInPlace({ from, to }: Move): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    // another run put the cluster's folder there meanwhile
    for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name));
    rmdirSync(from);
  }
}

/** Behind a link below dist/ lie somebody else's files, which were not looked at. */
function refuseLink(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new OperationError(
    "foreign-file",
    `${folder} is a symbolic link, which woow does not write through`,
    {
      subject: folder,
      hint: "nothing was changed; remove the link, or name the folder for all manifests with --output",
    },
  );
}

function sweepAll(root: string, options: ManifestFilesOptions): void {
  for (const folder of listFolders(root, options)) sweepLeftovers(folder, "files");
  if (options.perCluster) sweepLeftovers(root, "folders");
}

function discard(moves: readonly Move[]): void {
  for (const { from } of moves) rmSync(from, { recursive: true, force: true });
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // not empty, so not ours alone
  }
}

/** Refuses a folder that is not there before anything is rendered; `hint` says what belongs in it. */
export function requireFolder(path: string, hint: string): void {
  if (existsSync(path) && lstatSync(path).isDirectory()) return;
  throw new OperationError("not-found", `${path} is not a directory`, { subject: path, hint });
}

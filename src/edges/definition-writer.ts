import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DefinitionWriter, FileEdit, FileRemoval } from "../definitions/definition-writer.ts";
import { OperationError } from "../errors.ts";
import { fileError } from "./file-error.ts";
import { syncFolder } from "./sync-folder.ts";
import { makeRunSuffix, sweepLeftovers, temporaryFileName } from "./temporary-names.ts";

/** Writes definitions on disk. */
export function openDefinitionWriter(root: string): DefinitionWriter {
  return {
    create: (files) => createFiles(root, files),
    replace: (edits) => replaceFiles(root, edits),
    remove: (files) => removeFiles(root, files),
  };
}

function createFiles(root: string, files: ReadonlyMap<string, string>): void {
  for (const path of files.keys()) {
    if (existsSync(join(root, path))) throw alreadyExists(path);
  }
  const staged: { path: string; from: string }[] = [];
  sweepFolders(root, [...files.keys()]);
  try {
    for (const [path, text] of files) staged.push({ path, from: stage(join(root, path), text) });
    // a link, unlike a rename, fails when somebody else made the file meanwhile
    for (const { path, from } of staged) linkSync(from, join(root, path));
    syncFolders(root, [...files.keys()]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw alreadyExists(root);
    throw fileError(error, { subject: root, doing: "write to" });
  } finally {
    for (const { from } of staged) rmSync(from, { force: true });
  }
}

function replaceFiles(root: string, edits: readonly FileEdit[]): void {
  for (const { path, before } of edits) {
    if (readFileSync(join(root, path), "utf8") === before) continue;
    throw changedMeanwhile(path, "edited");
  }
  const staged: { path: string; from: string }[] = [];
  sweepFolders(
    root,
    edits.map(({ path }) => path),
  );
  try {
    for (const { path, after } of edits) {
      const from = stage(join(root, path), after);
      chmodSync(from, statSync(join(root, path)).mode & 0o777);
      staged.push({ path, from });
    }
    for (const { path, from } of staged) renameSync(from, join(root, path));
    syncFolders(
      root,
      edits.map(({ path }) => path),
    );
  } catch (error) {
    for (const { from } of staged) rmSync(from, { force: true });
    throw fileError(error, { subject: root, doing: "write to" });
  }
}

function removeFiles(root: string, files: readonly FileRemoval[]): void {
  const there = files.filter(({ path }) => existsSync(join(root, path)));
  try {
    for (const { path, before } of there) {
      if (readFileSync(join(root, path), "utf8") !== before) throw changedMeanwhile(path, "removed");
    }
    for (const { path } of there) rmSync(join(root, path));
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw fileError(error, { subject: root, doing: "remove a file from" });
  }
  // git knows no empty folders, and woow takes one without workspace.yaml for a mistake
  for (const folder of new Set(there.map(({ path }) => dirname(path)))) {
    try {
      if (folder !== ".") rmdirSync(join(root, folder));
    } catch {
      // something else is in it
    }
  }
}

/** Takes away what killed commands left half written; before anything is staged, for that is named alike. */
function sweepFolders(root: string, paths: readonly string[]): void {
  for (const folder of new Set(paths.map((path) => join(root, dirname(path))))) {
    sweepLeftovers(folder, "definitions");
  }
}

/** A password that was just made may be nowhere else: it must outlive a loss of power. */
function syncFolders(root: string, paths: readonly string[]): void {
  for (const folder of new Set(paths.map((path) => join(root, dirname(path))))) syncFolder(folder);
}

function stage(target: string, text: string): string {
  const folder = dirname(target);
  mkdirSync(folder, { recursive: true });
  const from = join(folder, temporaryFileName(basename(target), makeRunSuffix()));
  writeFileSync(from, text, { flag: "wx", flush: true });
  return from;
}

function changedMeanwhile(path: string, doing: string): OperationError {
  return new OperationError("changed-meanwhile", `${path} was changed while it was being ${doing}`, {
    subject: path,
    hint: "nothing was written; run the command again",
  });
}

function alreadyExists(path: string): OperationError {
  return new OperationError("already-exists", `${path} is already there`, {
    subject: path,
    hint: "nothing was written; choose another name, or edit the file",
  });
}

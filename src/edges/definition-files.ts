import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { DefinitionTree, TreeEntry } from "../definitions/definition-tree.ts";
import { rootFiles, topFolders } from "../definitions/layout.ts";
import { maxFileBytes } from "../definitions/parse.ts";

/** Reads a platform repository on disk; nothing outside the places that hold definitions is looked at. */
export function openDefinitionTree(root: string): DefinitionTree {
  const entries: TreeEntry[] = [];
  const unreadableFolders: { path: string; reason: string }[] = [];
  const realRoot = realpathOf(root) ?? root;
  const visit = (path: string): void => {
    let names: string[];
    try {
      names = readdirSync(join(root, path)).sort();
    } catch (error) {
      unreadableFolders.push({ path, reason: reasonOf(error) });
      return;
    }
    for (const name of names) {
      const entry = classify(root, realRoot, `${path}/${name}`);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.type === "folder") visit(entry.path);
    }
  };
  for (const name of rootFiles) {
    const entry = classify(root, realRoot, name);
    if (entry !== undefined) entries.push(entry);
  }
  for (const folder of topFolders) {
    const entry = classify(root, realRoot, folder);
    if (entry?.type === "folder") visit(folder);
    else if (entry !== undefined) entries.push(entry);
  }
  return { entries, unreadableFolders, read: (path) => readBytes(join(root, path)) };
}

function classify(root: string, realRoot: string, path: string): TreeEntry | undefined {
  const absolute = join(root, path);
  try {
    const stat = lstatSync(absolute);
    if (stat.isDirectory()) return { path, type: "folder" };
    if (stat.isFile()) return { path, type: "file" };
    if (!stat.isSymbolicLink()) return { path, type: "other" };
  } catch (error) {
    return isMissing(error) ? undefined : { path, type: "file" };
  }
  const target = realpathOf(absolute);
  if (target === undefined) return { path, type: "link-outside" };
  const way = relative(realRoot, target);
  if (way === ".." || way.startsWith(`..${sep}`)) return { path, type: "link-outside" };
  return { path, type: statSync(target).isDirectory() ? "link-to-folder" : "link-inside" };
}

function readBytes(path: string): { bytes: Uint8Array } | { reason: string } {
  try {
    // a file beyond the limit is not read whole: its size alone is the problem
    const { size } = statSync(path);
    if (size > maxFileBytes)
      return { bytes: new Uint8Array(size > 64 * maxFileBytes ? maxFileBytes + 1 : size) };
    return { bytes: readFileSync(path) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ENOENT") return "it is not there";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ELOOP") return "its symbolic links go in a circle";
  return code ?? "unknown reason";
}

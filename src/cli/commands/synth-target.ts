import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { OperationError } from "../../errors.ts";

/** Folders of a platform repository that hold what people write. */
const sourceFolders: readonly string[] = ["catalog", "workspaces", "charts", "schemas", "src", ".git"];

/** A folder for manifests as it was given. */
export interface GivenTarget {
  readonly folder: string;
  /** The flag or variable that says so. */
  readonly source: string;
  /** What a relative path starts from. */
  readonly base: string;
}

/**
 * The absolute path of a folder that manifests may be written to. Errors: `usage` for none, for the platform
 * repository itself or a folder around it, and for its folders of definitions: there manifests would be taken for
 * definitions or overwrite them.
 */
export function requireTarget(root: string, { folder, source, base }: GivenTarget): string {
  const refuse = (message: string) =>
    new OperationError("usage", message, {
      subject: folder,
      hint: `nothing was written; name ${source === "--manifests-dir" ? "K3s' auto-deploy directory" : "a folder for manifests alone, for example dist"}`,
    });
  if (folder.trim() === "") throw refuse(`${source} is empty, so it names no folder to write to`);
  const target = resolve(base, folder);
  const way = relative(followLinks(root), followLinks(target));
  const [first = ""] = way.split(sep);
  const isOutside = first === ".." || isAbsolute(way);
  if (way === "") throw refuse(`${source} names the platform repository itself: ${folder}`);
  if (isOutside && way.split(sep).every((step) => step === "..")) {
    throw refuse(`${source} names a folder that holds the platform repository: ${folder}`);
  }
  if (!isOutside && sourceFolders.includes(first)) {
    throw refuse(`${source} names ${folder}, but ${first}/ holds what people write, not manifests`);
  }
  return target;
}

/** The real path of a folder that need not be there yet. */
function followLinks(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(followLinks(dirname(path)), basename(path));
}

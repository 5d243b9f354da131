import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { FileRemoval } from "../../definitions/definition-writer.ts";
import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "./cluster-deps.ts";

/**
 * What defines a unit; of a workspace its own file first: without it nothing in the folder is believed.
 * Errors: `unreadable`.
 */
export function readFiles(tree: DefinitionTree, unit: string): readonly FileRemoval[] {
  const isWanted = (path: string) =>
    unit.includes("/") ? path === `workspaces/${unit}.yaml` : path.startsWith(`workspaces/${unit}/`);
  const own = `workspaces/${unit}/workspace.yaml`;
  return tree.entries
    .filter(({ path, type }) => type === "file" && isWanted(path))
    .map(({ path }) => path)
    .sort((a, b) => Number(b === own) - Number(a === own) || (a < b ? -1 : 1))
    .map((path) => {
      const read = tree.read(path);
      if ("bytes" in read) return { path, before: new TextDecoder().decode(read.bytes) };
      throw new OperationError("unreadable", `${path}: ${read.reason}`, {
        subject: path,
        hint: "make it readable, or remove it yourself; nothing was done",
      });
    });
}

/** The tree as it is without these files. */
export function withoutFiles(tree: DefinitionTree, files: readonly string[]): DefinitionTree {
  const gone = new Set(files);
  const left = tree.entries.filter(({ path }) => !gone.has(path));
  // a folder that is left empty goes too, as it does on disk
  const isEmpty = (folder: string) => !left.some(({ path }) => path.startsWith(`${folder}/`));
  const emptied = new Set(files.map((path) => path.slice(0, path.lastIndexOf("/"))).filter(isEmpty));
  return { ...tree, entries: left.filter(({ path }) => !emptied.has(path)) };
}

/**
 * A file goes with the passwords in it, which may be all that opens the data that is kept: git must have it as it is.
 * Errors: `refused`.
 */
export async function checkCommitted(
  deps: ClusterDeps,
  { unit, files }: { readonly unit: string; readonly files: readonly string[] },
): Promise<void> {
  const { changedFiles } = await deps.readGit();
  const edited = files.filter((path) => changedFiles.includes(path));
  if (edited.length === 0) return;
  throw new OperationError(
    "refused",
    `not committed, and would be gone with its passwords: ${edited.join(", ")}`,
    {
      subject: unit,
      hint: "commit first, so that git keeps it; or remove the file yourself. Nothing was done",
    },
  );
}

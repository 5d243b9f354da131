import type { DefinitionTree, TreeEntry } from "../definitions/definition-tree.ts";
import { compareText } from "../definitions/problem.ts";

/** Definitions that lie beside the folders. */
const listedAtTop: ReadonlySet<string> = new Set(["platform.yaml", "domains.yaml", "catalog.lock.yaml"]);

/** The same tree with these files as they would be, so that a change is checked before anything is written. */
export function overlayTree(tree: DefinitionTree, files: ReadonlyMap<string, string>): DefinitionTree {
  const entries = new Map<string, TreeEntry>(tree.entries.map((entry) => [entry.path, entry]));
  for (const path of files.keys()) {
    // as on disk: what is no definition can be read, and is not listed
    if (!path.includes("/") && !listedAtTop.has(path)) continue;
    for (const folder of foldersOf(path)) {
      if (!entries.has(folder)) entries.set(folder, { path: folder, type: "folder" });
    }
    entries.set(path, { path, type: "file" });
  }
  return {
    entries: [...entries.values()].sort((a, b) => compareText(a.path, b.path)),
    unreadableFolders: tree.unreadableFolders,
    read: (path) => {
      const text = files.get(path);
      return text === undefined ? tree.read(path) : { bytes: new TextEncoder().encode(text) };
    },
  };
}

/** A tree without a file, to begin with. */
export const emptyTree: DefinitionTree = {
  entries: [],
  unreadableFolders: [],
  read: () => ({ reason: "it is not there" }),
};

/** The folders above a path, the topmost first; the top level itself has no entries for folders. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/")).slice(1);
}

import type { DefinitionTree, TreeEntry } from "../../src/definitions/definition-tree.ts";
import type { FolderFile, ManifestFolder } from "../../src/manifests/manifest-folder.ts";
import { isUnitFileName } from "../../src/manifests/unit.ts";

/** Path below the repository's root -> content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** What a real disk can hold beside plain files. */
export interface OddEntries {
  /** Links and devices, by path. */
  readonly entries?: readonly TreeEntry[];
  /** Files that stand there and cannot be read: path -> reason. */
  readonly unreadable?: Readonly<Record<string, string>>;
  /** Folders that cannot be listed: path -> reason. */
  readonly unreadableFolders?: Readonly<Record<string, string>>;
}

/**
 * A repository in memory: folders come from the paths, entries are sorted as the disk's adapter sorts them, and as there
 * .sops.yaml can be read and is not listed.
 */
export function memoryTree(files: Files, odd: OddEntries = {}): DefinitionTree {
  const { entries: oddEntries = [], unreadable = {}, unreadableFolders = {} } = odd;
  const entries = new Map<string, TreeEntry>();
  for (const path of [...Object.keys(files), ...Object.keys(unreadable)]) {
    const parts = path.split("/");
    for (let depth = 2; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      entries.set(folder, { path: folder, type: "folder" });
    }
    if (path !== ".sops.yaml") entries.set(path, { path, type: "file" });
  }
  for (const entry of oddEntries) entries.set(entry.path, entry);
  return {
    entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    unreadableFolders: Object.entries(unreadableFolders).map(([path, reason]) => ({ path, reason })),
    read: (path) => {
      const reason = unreadable[path];
      if (reason !== undefined) return { reason };
      const content = files[path];
      if (content === undefined) return { reason: "it is not there" };
      return { bytes: typeof content === "string" ? new TextEncoder().encode(content) : content };
    },
  };
}

/** A folder of manifests in memory. */
export interface MemoryFolder extends ManifestFolder {
  /** Path -> file, as it stands now; tests may put foreign files in. */
  readonly files: Map<string, { text: string | undefined; modifiedMs: number }>;
}

/** A folder of manifests in memory; `nowMs` stamps what is written. Lists only what could be ours, as the disk does. */
export function memoryFolder(
  initial: Readonly<Record<string, string | undefined>> = {},
  { nowMs = () => 0 }: { nowMs?: () => number } = {},
): MemoryFolder {
  const files: MemoryFolder["files"] = new Map(
    Object.entries(initial).map(([path, text]) => [path, { text, modifiedMs: nowMs() }]),
  );
  const read = (path: string): FolderFile | undefined => {
    const file = files.get(path);
    return file === undefined ? undefined : { path, ...file };
  };
  return {
    files,
    read,
    list: () =>
      [...files.keys()]
        .filter((path) => isUnitFileName(path.slice(path.lastIndexOf("/") + 1)))
        .sort()
        .flatMap((path) => read(path) ?? []),
    change: ({ writes, removes }) => {
      for (const path of removes) files.delete(path);
      for (const [path, text] of writes) files.set(path, { text, modifiedMs: nowMs() });
    },
  };
}

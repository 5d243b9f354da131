/** One file, folder or link below the repository's root, with `/` between the parts. */
export interface TreeEntry {
  readonly path: string;
  readonly type: "file" | "folder" | "link-inside" | "link-outside" | "link-to-folder" | "other";
}

/**
 * Port to the repository on disk: what stands in platform.yaml, domains.yaml, catalog/, workspaces/ and charts/.
 * The adapter lives in edges/; tests pass a tree from memory.
 */
export interface DefinitionTree {
  /** Every entry below those places, sorted by path; folders that cannot be listed come with their reason. */
  readonly entries: readonly TreeEntry[];
  readonly unreadableFolders: readonly { readonly path: string; readonly reason: string }[];
  /** The bytes of a file, or why it cannot be read. Never throws. */
  read(path: string): { readonly bytes: Uint8Array } | { readonly reason: string };
}

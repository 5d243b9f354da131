/** A file that stands in a folder of manifests. */
export interface FolderFile {
  /** Name, or `cluster/name` below dist/. */
  readonly path: string;
  /** The whole text; undefined when it cannot be read or is no plain file. */
  readonly text: string | undefined;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
}

/** What to write and what to remove, in one go. */
export interface FolderChange {
  readonly writes: ReadonlyMap<string, string>;
  readonly removes: readonly string[];
}

/**
 * Port to a folder that manifests are written to. The adapter first puts every new file whole beside its place and
 * only then renames, so that a full disk changes nothing and a kill leaves whole old or whole new files.
 */
export interface ManifestFolder {
  /** Every visible file that could be ours, by name; errors `unreadable`. */
  list(): readonly FolderFile[];
  /** The file at a path, or undefined when there is none. */
  read(path: string): FolderFile | undefined;
  /** Errors: `not-writable`, `disk-full`; then nothing was changed. */
  change(change: FolderChange): void;
}

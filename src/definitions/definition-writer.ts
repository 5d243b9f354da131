/** A change of one definition file; `before` is the text the change was made from. */
export interface FileEdit {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** A file that is to go; `before` is its text as it was when that was decided. */
export interface FileRemoval {
  readonly path: string;
  readonly before: string;
}

/**
 * Port to writing in a platform repository. Paths are relative to its root, with `/`. Each file is written whole
 * beside its place and renamed, so that a crash leaves the old or the new one.
 */
export interface DefinitionWriter {
  /** Writes new files (folders are made). Errors: `already-exists` when any is there; then none is written. */
  create(files: ReadonlyMap<string, string>): void;
  /** Replaces files. Errors: `changed-meanwhile` when one is not what the edit was made from; then none is written. */
  replace(edits: readonly FileEdit[]): void;
  /**
   * Removes files, and folders this leaves empty; a file that is gone already is none the worse. Errors:
   * `changed-meanwhile` when one is not what its removal was decided on; then none is removed.
   */
  remove(files: readonly FileRemoval[]): void;
}

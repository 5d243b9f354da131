/** What a unit's file was made of, and what came out; neither can be turned back into a text. */
export interface RenderRecord {
  /** `fingerprintUnit` of the unit. */
  readonly input: string;
  /** `sign` of the file's text. */
  readonly output: string;
}

/**
 * Port to the memory of an earlier run: a unit whose inputs are the same and whose file still is what was written then
 * need not be rendered again (decision 0004). The adapter gives nothing rather than something doubtful, and a memory
 * that cannot be kept is no error.
 */
export interface RenderCache {
  /** By the file's path below dist/. */
  find(path: string): RenderRecord | undefined;
  /** A keyed hash of a file's text. Keyed, because weak passwords in the text could be guessed from a plain one. */
  sign(text: string): string;
  /** Replaces everything that was kept before. */
  save(records: ReadonlyMap<string, RenderRecord>): void;
}

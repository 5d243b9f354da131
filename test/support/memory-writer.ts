import type { DefinitionWriter } from "../../src/definitions/definition-writer.ts";

/** A writer that keeps what it is given, and refuses an edit made from another text as the disk's adapter does. */
export function memoryWriter(present: Readonly<Record<string, string>>): DefinitionWriter & {
  /** What was written, by path. */
  readonly written: Record<string, string>;
  /** Paths that were removed. */
  readonly removed: string[];
} {
  const written: Record<string, string> = {};
  const removed: string[] = [];
  return {
    written,
    removed,
    create: (files) => {
      for (const path of files.keys()) if (path in present) throw new Error(`${path} is already there`);
      for (const [path, text] of files) written[path] = text;
    },
    replace: (edits) => {
      for (const { path, before } of edits) {
        if (present[path] !== before) throw new Error(`${path} is not what the edit was made from`);
      }
      for (const { path, after } of edits) written[path] = after;
    },
    remove: (files) => {
      for (const { path, before } of files) {
        if (path in present && present[path] !== before)
          throw new Error(`${path} is not what its removal was decided on`);
      }
      removed.push(...files.map(({ path }) => path));
    },
  };
}

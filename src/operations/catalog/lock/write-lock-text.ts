import { stringify } from "yaml";
import type { LockEntry } from "./make-lock.ts";

/** The text of catalog.lock.yaml: one line per fact, sorted, so that a diff shows what changed and nothing else. */
export function writeLockText(charts: readonly LockEntry[]): string {
  const body = stringify(
    { kind: "CatalogLock", charts },
    { lineWidth: 0, aliasDuplicateObjects: false, schema: "yaml-1.1" },
  );
  return `# yaml-language-server: $schema=schemas/catalog-lock.schema.json
# The charts that woow catalog verify looked into, byte for byte. Written by woow catalog verify --write-lock.
${body}`;
}

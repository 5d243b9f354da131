import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes sure that renames in a folder outlive a loss of power. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

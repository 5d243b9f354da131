import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { lockedChartPath, lockFile } from "../../definitions/layout.ts";
import { fileError } from "../file-error.ts";
import { makeRunSuffix, temporaryFileName } from "../temporary-names.ts";

/** What the lock file and the folder beside it are to hold. */
export interface LockContent {
  readonly text: string;
  /** Packed charts by their SHA-256. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  /** SHA-256 of packed charts that are there and stay. */
  readonly kept: ReadonlySet<string>;
}

/**
 * Writes catalog.lock.yaml and charts/.verified: the bytes first, what nobody names any more is removed last, so that
 * the lock file never names bytes that are not there. Errors: `not-writable`, `disk-full`, `unreadable`.
 */
export function writeLockFiles(root: string, { text, bytes, kept }: LockContent): void {
  for (const [sha256, content] of bytes) writeWhole(join(root, lockedChartPath(sha256)), content);
  writeWhole(join(root, lockFile), text);
  const folder = dirname(join(root, lockedChartPath("")));
  for (const name of listNames(folder)) {
    const sha256 = /^([0-9a-f]{64})\.tgz$/.exec(name)?.[1];
    if (sha256 !== undefined && !bytes.has(sha256) && !kept.has(sha256))
      rmSync(join(folder, name), { force: true });
  }
}

function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = join(dirname(path), temporaryFileName(basename(path), makeRunSuffix()));
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content, { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(error, { subject: path, doing: "write" });
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

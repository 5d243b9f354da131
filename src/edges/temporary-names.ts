import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import type { Dirent } from "node:fs";
import { join } from "node:path";

/** K3s skips names that begin with a dot, so a half-written file is never read. */
const filePrefix = ".woow-";
/** A cluster's folder while it is being written for the first time. */
const folderPrefix = ".woow-new-";

/** What tells the temporary names of one run from those of others: its process, and chance. */
export function makeRunSuffix(): string {
  return `${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** The name a manifest, or a definition, is written under before it is renamed. */
export function temporaryFileName(name: string, suffix: string): string {
  return `${filePrefix}${name}-${suffix}`;
}

/** The name a cluster's folder is written under before it is renamed. */
export function temporaryFolderName(name: string, suffix: string): string {
  return `${folderPrefix}${name}-${suffix}`;
}

/**
 * Removes what killed runs left in a folder between writing and renaming. What a process that still runs may be
 * writing stays, and so does everything that is no plain file, or no folder where folders are wanted. The caller has
 * nothing of its own there yet.
 */
export function sweepLeftovers(folder: string, wanted: keyof typeof namePatterns): void {
  for (const entry of listEntries(folder)) {
    const isKind = wanted === "folders" ? entry.isDirectory() : entry.isFile();
    const isOurs = isKind && namePatterns[wanted].test(entry.name);
    if (!isOurs || isOfLiveProcess(entry.name)) continue;
    // forced, because two runs may sweep at once
    rmSync(join(folder, entry.name), { recursive: true, force: true });
  }
}

const namePatterns = {
  files: /^\.woow-paas-.+\.yaml-(?:[0-9]+-)?[0-9a-f]{8}$/,
  folders: /^\.woow-new-.+-[0-9a-f]{8}$/,
  definitions: /^\.woow-.+-[0-9]+-[0-9a-f]{8}$/,
};

/** Nothing when another run has removed the folder. */
function listEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function isOfLiveProcess(name: string): boolean {
  const pid = Number(/-([1-9][0-9]{0,8})-[0-9a-f]{8}$/.exec(name)?.[1]);
  // an earlier version's name has no process; ours in another run's name is a number that was given out again
  if (Number.isNaN(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

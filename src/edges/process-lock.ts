import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OperationError } from "../errors.ts";
import { fileError } from "./file-error.ts";

export interface ProcessLockOptions {
  /** Where the claims lie; made when it is not there. */
  readonly folder: string;
  /** How long another process may hold it. The work below a lock is short and never waits. */
  readonly patienceMs?: number;
}

const claimPrefix = "lock-";
const pauseMs = 15;
const defaultPatienceMs = 20_000;

/**
 * Runs `work` while no other process does. A claim is a file whose name nobody else has; whoever made one and then sees
 * no other living claim holds the lock. Of two that see each other both step back. The claim of a process that is gone
 * (no such pid, or one that started at another time) counts for nothing and is removed, which is safe because names are
 * never used again. `work` is synchronous, so within a process there is nothing to wait for.
 * Errors: `lock-held`, naming the claim.
 */
export async function withProcessLock<T>(options: ProcessLockOptions, work: () => T): Promise<T> {
  const { folder, patienceMs = defaultPatienceMs } = options;
  makeFolder(folder);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const own = makeClaim(folder);
    let other: string | undefined;
    try {
      other = findLivingClaim(folder, own);
      if (other === undefined) return work();
    } finally {
      rmSync(join(folder, own), { force: true });
    }
    if (performance.now() > deadline) throw lockHeld(join(folder, other));
    await sleep(pauseMs * (1 + Math.random()));
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, { subject: folder, doing: "write to" });
  }
}

function makeClaim(folder: string): string {
  const { pid } = process;
  const name = `${claimPrefix}${hostName()}-${pid}-${startOf(pid) ?? 0}-${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(join(folder, name), "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw fileError(error, { subject: folder, doing: "write to" });
  }
  return name;
}

function findLivingClaim(folder: string, own: string): string | undefined {
  for (const name of readdirSync(folder)) {
    if (name === own || !name.startsWith(claimPrefix)) continue;
    if (isLiving(name)) return name;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

function isLiving(name: string): boolean {
  const match = /^lock-(.*)-([0-9]+)-([0-9]+)-[0-9a-f]{12}$/.exec(name);
  // another machine's process cannot be asked; a person can
  if (match === null || match[1] !== hostName()) return true;
  const pid = Number(match[2]);
  if (!isRunning(pid)) return false;
  const start = startOf(pid);
  return start === undefined || match[3] === "0" || match[3] === start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** When a process began, in the kernel's ticks; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the program's name stands in brackets and may hold anything
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function hostName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.-]/g, "");
}

function lockHeld(path: string): OperationError {
  return new OperationError("lock-held", `another woow is writing there: ${path}`, {
    subject: path,
    hint: "wait for it; when no woow runs on the machine the name says, remove that file",
  });
}

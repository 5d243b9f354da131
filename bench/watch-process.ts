import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** A command line and what is added to its environment. */
export interface WatchedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Exit statuses that are no failure; 0 unless given. kubectl diff ends with 1 where it finds a difference. */
  readonly statuses?: readonly number[];
}

export interface ProcessFigures {
  /** From spawn to exit. */
  readonly wallMs: number;
  /** Highest resident memory as the kernel last told it. */
  readonly peakMiB: number;
}

const pollMs = 10;

/** Runs a command to its end and reads its memory from the kernel meanwhile. Throws when it fails. */
export async function watchProcess(watched: WatchedCommand): Promise<ProcessFigures> {
  const { command, args, env, statuses = [0] } = watched;
  const started = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let peakMiB = 0;
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const poll = setInterval(() => {
    peakMiB = Math.max(peakMiB, readPeak(child.pid));
  }, pollMs);
  const wallMs = await new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("exit", (status) => {
      if (statuses.includes(status ?? -1)) done(performance.now() - started);
      else fail(new Error(`${command} ${args.join(" ")} ended with ${status}:\n${errors.slice(-2000)}`));
    });
  }).finally(() => clearInterval(poll));
  return { wallMs, peakMiB };
}

function readPeak(pid: number | undefined): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    // it has ended
    return 0;
  }
}

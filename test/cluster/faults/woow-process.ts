import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { builtCli, cleanEnvironment, type Ran } from "../../support/woow.ts";

/** A run of the built CLI that a test can stop, let go on and kill at any moment. */
export interface WoowProcess {
  readonly pid: number;
  /** SIGKILL to it and everything it started. */
  kill(): void;
  /** SIGSTOP, as a laptop does that is closed. */
  pause(): void;
  resume(): void;
  /** Its command line and those of the programs it started, as anybody on the machine sees them now. */
  commandLines(): Promise<readonly string[]>;
  /** What it gave; status undefined when it was killed. */
  readonly ended: Promise<Ran>;
}

export interface WoowOptions {
  readonly cwd: string;
  readonly kubeconfig: string;
  readonly env?: Readonly<Record<string, string>>;
}

const waitLimitMs = 120_000;

/** Starts the built CLI in a process group of its own. */
export function startWoow(args: readonly string[], { cwd, kubeconfig, env = {} }: WoowOptions): WoowProcess {
  const child = spawn(process.execPath, [builtCli, ...args], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: cleanEnvironment(cwd, { KUBECONFIG: kubeconfig, ...env }),
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${builtCli} did not start`);
  const signalAll = (signal: NodeJS.Signals) => {
    try {
      process.kill(-pid, signal);
    } catch {
      // it has ended already
    }
  };
  // never leave one behind: a hang is a failure, and the test run may be interrupted
  const limit = setTimeout(() => signalAll("SIGKILL"), waitLimitMs);
  const onExit = () => signalAll("SIGKILL");
  process.once("exit", onExit);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const ended = once(child, "close").then(([code]): Ran => {
    clearTimeout(limit);
    process.off("exit", onExit);
    return {
      status: (code as number | null) ?? undefined,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    };
  });
  return {
    pid,
    kill: () => signalAll("SIGKILL"),
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
    commandLines: () => readGroup(pid),
    ended,
  };
}

/** Runs the built CLI to its end. */
export async function runWoowOn(args: readonly string[], options: WoowOptions): Promise<Ran> {
  return startWoow(args, options).ended;
}

/** The processes of a group: the fifth field of /proc/PID/stat, after the name in brackets. */
async function readGroup(group: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[2]) !== group) return "";
      return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    }),
  );
  return lines.filter((line) => line !== "").map((line) => line.replaceAll("\0", " ").trim());
}

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A command line, always run by this very Node. */
export interface Program {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One whole process, from spawn to exit. */
export interface Measurement {
  readonly wallMs: number;
  /** Highest resident memory in MiB, as the process itself read it from the kernel when it ended. */
  readonly peakMiB: number | undefined;
}

const reporter = pathToFileURL(join(import.meta.dirname, "report-memory.ts")).href;

/** Runs a program to its end. Throws when it fails, with what it wrote to standard error. */
export async function measureProcess(
  program: Program,
  { memory }: { readonly memory: boolean } = { memory: false },
): Promise<Measurement> {
  const folder = memory ? mkdtempSync(join(tmpdir(), "woow-bench-memory-")) : undefined;
  const report = folder === undefined ? undefined : join(folder, "peak");
  const args = report === undefined ? program.args : ["--import", reporter, ...program.args];
  const env = {
    ...process.env,
    ...program.env,
    ...(report === undefined ? {} : { BENCH_MEMORY_FILE: report }),
  };
  const started = performance.now();
  const wallMs = await new Promise<number>((done, fail) => {
    const child = spawn(process.execPath, args, {
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", fail);
    child.on("close", (status) => {
      const ended = performance.now() - started;
      if (status === 0) done(ended);
      else fail(new Error(`${program.args.join(" ")} ended with ${status}\n${stderr.slice(-2000)}`));
    });
  });
  const peakMiB = report === undefined ? undefined : Number(readFileSync(report, "utf8")) / 1024;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  return { wallMs, peakMiB };
}

/** A program with a name, and what makes the machine ready before each of its runs. */
export interface Contender {
  readonly name: string;
  readonly program: Program;
  readonly prepare?: () => void;
}

/** Runs all programs in turn, round by round, so that a slow minute of the machine hits all of them. */
export async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, program, prepare } of contenders) {
      prepare?.();
      const { wallMs } = await measureProcess(program);
      times.get(name)?.push(wallMs);
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** The middle of the sorted values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

import { join } from "node:path";
import { execa } from "execa";

/** The built CLI: one file. `WOOW_TEST_CLI` names another one, for example an installed one. */
export const builtCli =
  process.env["WOOW_TEST_CLI"] ?? join(import.meta.dirname, "..", "..", "build", "woow.js");

/** What a run of the CLI gave. */
export interface Ran {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** On top of an environment in which no key of this machine can be found. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built CLI with this Node; a failure is an exit status, never an exception. */
export async function runWoow(args: readonly string[], { cwd, env = {} }: RunOptions): Promise<Ran> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [builtCli, ...args], {
    cwd,
    env: cleanEnvironment(cwd, env),
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status: exitCode, stdout, stderr };
}

/** PATH and a home that holds nothing, so that a test never depends on who runs it. */
export function cleanEnvironment(
  home: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, XDG_CONFIG_HOME: join(home, ".config"), ...more };
}

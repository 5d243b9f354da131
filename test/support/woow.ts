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
  /** True: file modes count for root too, as they do for everybody else. */
  readonly obeysModes?: boolean;
  /** On top of an environment in which no key of this machine can be found. */
  readonly env?: Readonly<Record<string, string>>;
}

/** util-linux: root without the right to pass over file modes. */
const withoutOverride = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

/** Runs the built CLI with this Node; a failure is an exit status, never an exception. */
export async function runWoow(
  args: readonly string[],
  { cwd, env = {}, obeysModes = false }: RunOptions,
): Promise<Ran> {
  const command = [process.execPath, builtCli, ...args];
  const [program = "", ...rest] =
    obeysModes && process.getuid?.() === 0 ? [...withoutOverride, ...command] : command;
  const { exitCode, stdout, stderr } = await execa(program, rest, {
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

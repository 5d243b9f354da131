import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { OperationError } from "../errors.ts";

/** What a command knows of the terminal and the machine it runs on. Made once, in run.ts. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  /** True when questions may be asked: a terminal on both sides and not in CI. */
  readonly canAsk: boolean;
  /** Colours on standard output and standard error. */
  readonly colors: { readonly stdout: boolean; readonly stderr: boolean };
}

/** Flags every command takes. */
export interface GlobalFlags {
  /** Directory of the platform repository. */
  readonly directory?: string;
  /** One JSON event a line instead of text. */
  readonly json?: boolean;
}

/** The context of this process. Colours only on a terminal and never with NO_COLOR. */
export function createContext(): CliContext {
  const environment = process.env;
  const stdoutIsTty = process.stdout.isTTY === true;
  const stderrIsTty = process.stderr.isTTY === true;
  const allowed = (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
  const inCi = (environment["CI"] ?? "") !== "" && environment["CI"] !== "false";
  return {
    environment,
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdoutIsTty,
    stderrIsTty,
    canAsk: process.stdin.isTTY === true && stdoutIsTty && !inCi,
    colors: { stdout: allowed && stdoutIsTty, stderr: allowed && stderrIsTty },
  };
}

/** The platform repository: `-C`, `WOOW_DIRECTORY`, else the nearest folder upwards that has a platform.yaml. */
export function findRoot(flags: GlobalFlags, context: CliContext): string {
  const named = flags.directory ?? context.environment["WOOW_DIRECTORY"];
  if (named !== undefined && named !== "") return requireDirectory(resolve(named));
  const start = process.cwd();
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "platform.yaml"))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

function requireDirectory(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return path;
  const what = stat === undefined ? "does not exist" : "is a file, not a folder";
  throw new OperationError("usage", `${path} ${what}`, {
    subject: path,
    hint: "name the platform's folder, the one with platform.yaml in it",
  });
}

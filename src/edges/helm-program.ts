import { join } from "node:path";
import { execa } from "execa";
import { OperationError } from "../errors.ts";

/** `helm template --api-versions` and every flag we use are there since this one. */
const oldestHelm = { major: 3, minor: 14 };
const versionTimeoutMs = 30_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** How one run of helm ended. */
export interface Outcome {
  readonly failed: boolean;
  readonly stdout: string;
  /** What helm said on standard error, without warnings and our own paths. */
  readonly words: string;
}

/** Runs helm. Errors: `program-missing`, and `program-failed` when it does not end by itself. */
export type Runner = (args: readonly string[], timeoutMs: number) => Promise<Outcome>;

/** Of the user's environment, only what programs need to reach the network. */
const passedOn = [
  "PATH",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

/** A runner whose home is a folder of ours: no plugins, no repositories, no logins, no cluster of the user's. */
export function makeRunner(
  { program, environment }: { program: string; environment: Readonly<Record<string, string | undefined>> },
  home: string,
): Runner {
  const env: Record<string, string> = {
    HOME: home,
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
    KUBECONFIG: join(home, "no-cluster"),
  };
  for (const name of passedOn) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  return async (args, timeoutMs) => {
    const result = await execa(program, args, {
      env,
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: timeoutMs,
      maxBuffer: maxOutputBytes,
      stripFinalNewline: false,
    });
    if (result.failed && result.exitCode === undefined) throw startError(result, { program, timeoutMs });
    return { failed: result.failed, stdout: result.stdout, words: cleanWords(result.stderr, home) };
  };
}

function startError(
  result: { readonly code?: string | undefined; readonly timedOut: boolean; readonly isMaxBuffer: boolean },
  { program, timeoutMs }: { program: string; timeoutMs: number },
): OperationError {
  if (result.timedOut) {
    return new OperationError("program-failed", `${program} gave no answer in ${timeoutMs / 1000} s`, {
      subject: program,
      hint: "check the network, or fetch the charts yourself and use --charts-dir",
    });
  }
  if (result.code === "ENOENT" || result.code === "EACCES" || result.code === "ENOTDIR") {
    return new OperationError(
      "program-missing",
      result.code === "EACCES" ? `${program} cannot be run` : `there is no program ${program}`,
      {
        subject: program,
        hint: "install Helm 3.14 or newer (https://helm.sh/docs/intro/install/), or name it with --helm PATH or WOOW_HELM",
      },
    );
  }
  return new OperationError("program-failed", `${program} was stopped before it was done`, {
    subject: program,
    hint: result.isMaxBuffer ? "the chart renders more than 64 MiB" : "run again",
  });
}

/** What helm calls itself. Errors: `program-missing` for one that is too old, `program-failed` for another program. */
export async function readVersion(run: Runner, program: string): Promise<string> {
  const { stdout, words, failed } = await run(["version", "--short"], versionTimeoutMs);
  const match = /v?([0-9]+)\.([0-9]+)[^\s+]*/.exec(stdout);
  if (failed || match === null) {
    throw new OperationError("program-failed", `${program} version --short says: ${words || stdout.trim()}`, {
      subject: program,
      hint: "it must be Helm (https://helm.sh), 3.14 or newer",
    });
  }
  const [text, major, minor] = [match[0], Number(match[1]), Number(match[2])];
  if (major < oldestHelm.major || (major === oldestHelm.major && minor < oldestHelm.minor)) {
    throw new OperationError("program-missing", `${program} is Helm ${text}, which is too old`, {
      subject: program,
      hint: "install Helm 3.14 or newer (https://helm.sh/docs/intro/install/), or name it with --helm PATH or WOOW_HELM",
    });
  }
  return text;
}

/** Helm's error without its warnings, its advice, and the paths of our temporary folder. */
function cleanWords(stderr: string, home: string): string {
  return stderr
    .split("\n")
    .filter((line) => !/^(WARNING|walk\.go|level=|time=|coalesce\.go|I[0-9]{4} )/.test(line))
    .filter((line) => !line.startsWith("Use --debug flag"))
    .join("\n")
    .replace(/^Error: /, "")
    .replaceAll(`${home}/`, "")
    .trim();
}

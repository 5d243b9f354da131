import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { OperationError } from "../errors.ts";
import type { DefinitionSource, SourceState } from "../operations/reconcile/definition-source.ts";
import { fileError } from "./file-error.ts";
import { checkGitUrl, makeGitEnvironment } from "./git-environment.ts";
import type { GitAccess } from "./git-environment.ts";
import { readGitTree } from "./git-tree.ts";
import type { RunGit } from "./git-tree.ts";

export interface FollowOptions {
  readonly url: string;
  readonly branch: string;
  /** Where the clone is kept, by this process alone; undefined: a temporary folder that goes with `close`. */
  readonly folder: string | undefined;
  readonly access: GitAccess;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long one fetch may take. */
  readonly timeoutMs: number;
  /** The commit a person accepts although the branch was rewritten: its full id. */
  readonly accepted?: string | undefined;
}

/** A branch that is followed. `close` takes the temporary folder away. */
export interface GitFollower extends DefinitionSource {
  close(): void;
}

const remoteRef = "refs/woow/remote";
const maxOutputBytes = 256 * 1024 * 1024;
const commitPattern = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/**
 * Follows one branch of a repository with the real git: a bare clone of that branch alone, read without a checkout.
 * Only commits that come after the last one are taken over. Errors: `usage` for a URL or branch git must not be given,
 * `program-missing` without git.
 */
export function followBranch(options: FollowOptions): GitFollower {
  const { url, branch, access, environment, timeoutMs } = options;
  checkGitUrl(url);
  checkBranch(branch);
  const name = `branch ${branch} of ${withoutQuery(url)}`;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "woow-git-"));
  const repository = join(folder, "repository.git");
  const followedFile = join(folder, "followed.json");
  const env = makeGitEnvironment(url, { access, environment, home: folder });
  const run: RunGit = async (args, { input, signal } = {}) =>
    runGit(args, { input, signal, env, repository, timeoutMs, name });
  const known = new Map<string, Uint8Array>();
  let state: SourceState | undefined;
  let isReady = false;

  const prepare = async (signal: AbortSignal): Promise<void> => {
    if (isReady) return;
    prepareFolder(folder, options.folder !== undefined);
    removeLocks(repository);
    const isSound = existsSync(repository) && (await isRepository(run, signal));
    if (!isSound) {
      rmSync(repository, { recursive: true, force: true });
      await run(["init", "--quiet", "--bare", "--template=", repository], { signal });
    }
    isReady = true;
  };

  const fetch = async (signal: AbortSignal): Promise<string> => {
    const refspec = `+refs/heads/${branch}:${remoteRef}`;
    await run(
      ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--", url, refspec],
      { signal },
    );
    return (await run(["rev-parse", "--verify", "--quiet", `${remoteRef}^{commit}`], { signal }))
      .toString("latin1")
      .trim();
  };

  // a person's word holds for what comes after that commit, too
  const comesAfter = async (before: string, { commit, signal }: { commit: string; signal: AbortSignal }) => {
    for (const known of [before, options.accepted]) {
      if (known === commit) return true;
      if (known !== undefined && (await isAncestor(run, { before: known, commit, signal }))) return true;
    }
    return false;
  };

  const refresh = async (signal: AbortSignal): Promise<SourceState> => {
    await prepare(signal);
    const commit = await fetch(signal);
    if (state?.id === commit) return state;
    const before = state?.id ?? readFollowed(followedFile, { url, branch });
    if (before !== undefined && !(await comesAfter(before, { commit, signal })))
      throw rewrittenBranch({ name, before, commit });
    const tree = await readGitTree(run, { commit, known, signal });
    writeFollowed(followedFile, { url, branch, commit });
    state = { id: commit, git: { commit, changedFiles: [], absentFiles: [] }, tree };
    return state;
  };

  return {
    name,
    refresh,
    // a server tells nobody: only the interval finds something new
    changes: async function* () {},
    follows: async (before, signal) =>
      state !== undefined && comesAfter(before, { commit: state.id, signal }),
    close: () => {
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function runGit(
  args: readonly string[],
  options: {
    readonly input: string | undefined;
    readonly signal: AbortSignal | undefined;
    readonly env: Readonly<Record<string, string>>;
    readonly repository: string;
    readonly timeoutMs: number;
    readonly name: string;
  },
): Promise<Buffer> {
  const { input, signal, env, repository, timeoutMs, name } = options;
  const inRepository = args[0] === "init" ? [] : [`--git-dir=${repository}`];
  const result = await execa("git", [...inRepository, ...args], {
    env,
    extendEnv: false,
    reject: false,
    encoding: "buffer",
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    timeout: timeoutMs,
    forceKillAfterDelay: 2000,
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
  });
  if (!result.failed) return Buffer.from(result.stdout);
  if (result.isCanceled) throw new OperationError("cancelled", `${name}: stopped`, { subject: name });
  if (result.code === "ENOENT") {
    throw new OperationError("program-missing", "there is no program git", {
      subject: "git",
      hint: "install git; reconcile --git needs it",
    });
  }
  const words = result.timedOut
    ? `no answer in ${timeoutMs / 1000} s`
    : cleanWords(Buffer.from(result.stderr).toString("utf8"));
  throw new OperationError("unreadable", `cannot read ${name}: ${words}`, {
    subject: name,
    hint: hintFor(words),
  });
}

/** The first thing git says that is no progress and names no folder of ours. */
function cleanWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^(remote: |fatal: |error: )+/, "").trim());
  return lines.find((line) => line !== "" && !line.startsWith("warning: ")) ?? "git failed without a word";
}

function hintFor(words: string): string {
  if (/host key verification/i.test(words))
    return "give the server's public keys with --git-known-hosts FILE";
  if (/permission denied|authentication failed|could not read username|401|403/i.test(words))
    return "check the deploy key (--git-key) or token (--git-token-file), and that it may read the repository";
  if (/couldn't find remote ref/i.test(words)) return "check the branch's name";
  return "it is tried again; check the address and the network";
}

function rewrittenBranch({
  name,
  before,
  commit,
}: {
  name: string;
  before: string;
  commit: string;
}): OperationError {
  return new OperationError(
    "history-rewritten",
    `${name} was rewritten: its newest commit ${commit.slice(0, 12)} does not come after ${before.slice(0, 12)}, which was followed`,
    {
      subject: name,
      hint: `nothing of it is applied; if it is meant, start again with --accept-rewritten ${commit}`,
    },
  );
}

async function isAncestor(
  run: RunGit,
  { before, commit, signal }: { before: string; commit: string; signal: AbortSignal },
): Promise<boolean> {
  if (!commitPattern.test(before)) return false;
  // exit status 1 says no, others that a commit is not there: no as well
  return run(["merge-base", "--is-ancestor", before, commit], { signal }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof OperationError && error.code === "cancelled") throw error;
      return false;
    },
  );
}

async function isRepository(run: RunGit, signal: AbortSignal): Promise<boolean> {
  return run(["rev-parse", "--is-bare-repository"], { signal }).then(
    (output) => output.toString("latin1").trim() === "true",
    (error: unknown) => {
      if (error instanceof OperationError && error.code === "unreadable") return false;
      throw error;
    },
  );
}

function checkBranch(branch: string): void {
  const isUsable =
    /^[A-Za-z0-9_][A-Za-z0-9_./+@-]*$/.test(branch) && !/\.\.|\/\/|\/\.|@\{|\.lock(\/|$)|[./]$/.test(branch);
  if (isUsable) return;
  throw new OperationError("usage", "--branch is not the name of a branch", {
    subject: "--branch",
    hint: "give the short name, for example main",
  });
}

/** The folder holds the clone and nothing else; one that holds something else is left alone. */
function prepareFolder(folder: string, isGiven: boolean): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, { subject: folder, doing: "make" });
  }
  const foreign = readdirSync(folder).filter(
    (entry) => !/^(repository\.git|followed\.json(\..*)?|lost\+found)$/.test(entry),
  );
  if (!isGiven || foreign.length === 0) return;
  throw new OperationError("foreign-file", `--git-dir ${folder} holds ${foreign[0]}, which is not of woow`, {
    subject: folder,
    hint: "name an empty or new folder: reconcile keeps its own clone there",
  });
}

/** A killed fetch leaves its lock; the folder is this process' own, so nobody holds it. */
function removeLocks(repository: string): void {
  if (!existsSync(repository)) return;
  for (const entry of readdirSync(repository, { recursive: true, encoding: "utf8" }))
    if (entry.endsWith(".lock")) rmSync(join(repository, entry), { force: true });
}

interface Followed {
  readonly url: string;
  readonly branch: string;
  readonly commit: string;
}

function readFollowed(file: string, { url, branch }: Omit<Followed, "commit">): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const found = JSON.parse(readFileSync(file, "utf8")) as Followed;
    return found.url === url && found.branch === branch ? found.commit : undefined;
  } catch (error) {
    throw new OperationError("unreadable", `${file} cannot be understood`, {
      subject: file,
      cause: error,
      hint: "remove the folder given with --git-dir; it is only a copy",
    });
  }
}

function writeFollowed(file: string, followed: Followed): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(followed)}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, file);
}

/** Some servers take tokens as a query; it is no part of the name. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

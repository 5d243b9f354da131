import { execa } from "execa";
import type { GitState } from "../operations/cluster/cluster-deps.ts";
import { OperationError } from "../errors.ts";

const timeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** What git says where there is no repository, or no git. */
const noRepository: GitState = { commit: undefined, changedFiles: [], absentFiles: [] };

/**
 * What git says of the folder: the commit that is checked out, what differs from it, and what a sparse checkout left
 * out. Only looks: git takes no lock and runs no hook or file system monitor. Errors: `program-failed` when git is there
 * and cannot tell, because what is uncommitted must not be overlooked.
 */
export async function gitState(root: string): Promise<GitState> {
  const git = (args: readonly string[]) => runGit(root, args);
  const inside = await git(["rev-parse", "--is-inside-work-tree", "--show-prefix"]);
  if (inside === "missing") return noRepository;
  if (inside.status !== 0) {
    if (/not a git repository/i.test(inside.words)) return noRepository;
    throw gitFailed(root, inside.words);
  }
  const [isInside, prefix = ""] = inside.stdout.split("\n");
  if (isInside !== "true") return noRepository;
  const [head, status, tracked] = await Promise.all([
    git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]),
    git(["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."]),
    git(["ls-files", "-t", "-z", "--", "."]),
  ]);
  if (head === "missing" || status === "missing" || tracked === "missing") return noRepository;
  for (const answer of [status, tracked]) {
    if (answer.status !== 0) throw gitFailed(root, answer.words);
  }
  return {
    // a repository without a commit has none
    commit: head.status === 0 ? head.stdout.trim() : undefined,
    changedFiles: listChanged(status.stdout, prefix),
    absentFiles: listAbsent(tracked.stdout),
  };
}

/**
 * A file as the checked-out commit has it, byte for byte; undefined when it has none, and where there is no repository.
 * Errors: `program-failed`.
 */
export async function committedFile(root: string, path: string): Promise<Uint8Array | undefined> {
  const entry = await runGit(root, ["ls-tree", "-z", "HEAD", "--", path]);
  // no commit yet, or no repository
  if (entry === "missing" || entry.status !== 0 || entry.stdout === "") return undefined;
  const id = /^\S+ blob ([0-9a-f]+)\t/.exec(entry.stdout)?.[1];
  if (id === undefined) return undefined;
  const result = await execa("git", ["cat-file", "blob", id], {
    ...gitOptions,
    cwd: root,
    encoding: "buffer",
  });
  if (result.exitCode !== 0) throw gitFailed(root, `it cannot read ${path} of the commit`);
  return result.stdout;
}

/** What woow itself writes beside the definitions; it is no part of them, ignored by git or not. */
const ownFolders = [".woow/", "dist/"];

/** `XY path` per entry; paths are from the top of the repository, ours from the folder. */
function listChanged(text: string, prefix: string): string[] {
  return text
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice(3))
    .map((path) => (path.startsWith(prefix) ? path.slice(prefix.length) : path))
    .filter((path) => !ownFolders.some((folder) => path.startsWith(folder)))
    .sort();
}

/** `S path`: tracked, and left out of the working tree. */
function listAbsent(text: string): string[] {
  return text
    .split("\0")
    .filter((entry) => entry.startsWith("S "))
    .map((entry) => entry.slice(2))
    .sort();
}

/** Inside a git hook the variables that are taken away would point at another repository than the folder's. */
const gitVariables: Readonly<Record<string, string | undefined>> = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  GIT_OPTIONAL_LOCKS: "0",
  LC_ALL: "C",
};

/** How git is run that only looks. */
export const gitOptions = {
  env: gitVariables,
  reject: false,
  stdin: "ignore",
  timeout: timeoutMs,
  maxBuffer: maxOutputBytes,
  stripFinalNewline: false,
} as const;

interface GitAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly words: string;
}

async function runGit(root: string, args: readonly string[]): Promise<GitAnswer | "missing"> {
  const result = await execa("git", ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false", ...args], {
    ...gitOptions,
    cwd: root,
  });
  if (result.code === "ENOENT") return "missing";
  if (result.exitCode === undefined) throw gitFailed(root, "it did not end by itself");
  return { status: result.exitCode, stdout: result.stdout, words: result.stderr };
}

/** Git cannot say what is asked. */
export function gitFailed(root: string, words: string): OperationError {
  const [line = ""] = words.trim().split("\n");
  const isOwnership = /dubious ownership/.test(words);
  return new OperationError("program-failed", `git cannot say what is committed in ${root}: ${line}`, {
    subject: root,
    hint: isOwnership
      ? `the folder belongs to another user: git config --global --add safe.directory ${root}`
      : "run `git status` there and mend what it says",
  });
}

import { execa } from "execa";
import { decodeText, maxFileBytes } from "../definitions/parse.ts";
import { OperationError } from "../errors.ts";
import type { SecretHistory } from "../operations/secrets/find-exposed-secrets.ts";
import { gitFailed, gitOptions } from "./git.ts";
import { readBlobs } from "./git-tree.ts";
import type { RunGit } from "./git-tree.ts";

/**
 * Every sealed text that the repository still has, wherever it lies or lay: on any branch, in any stash, replaced by an
 * amended commit, staged once, named by nothing any more; undefined where there is no repository. Only looks.
 * Errors: `program-missing` without git, `program-failed`.
 */
export async function readSecretHistory(root: string): Promise<SecretHistory | undefined> {
  const inside = await execa("git", ["rev-parse", "--is-shallow-repository", "--show-prefix"], {
    ...gitOptions,
    cwd: root,
  });
  if (inside.code === "ENOENT") {
    throw new OperationError("program-missing", "there is no program git", {
      subject: "git",
      hint: "install git: what was known once stands in its history",
    });
  }
  if (inside.exitCode !== 0) {
    if (/not a git repository/i.test(inside.stderr)) return undefined;
    throw gitFailed(root, inside.stderr);
  }
  const [isShallow, prefix = ""] = inside.stdout.split("\n");
  const run = createRun(root);
  const paths = await listPaths(run, prefix);
  const sizes = await listSizes(run, [...paths.keys()]);
  const versions: { path: string; text: string }[] = [];
  for (const ids of makeBatches(sizes)) {
    for (const [id, bytes] of await readBlobs(run, ids, new AbortController().signal)) {
      const path = paths.get(id) ?? `git object ${id.slice(0, 12)}`;
      const decoded = decodeText(path, bytes);
      if (!("text" in decoded) || !isSealed(decoded.text)) continue;
      versions.push({ path, text: decoded.text });
    }
  }
  return { versions, isWhole: isShallow !== "true" };
}

/** Most of what a repository keeps holds no secret, and is not kept in memory. */
function isSealed(text: string): boolean {
  return text.includes("ENC[") && text.includes("sops");
}

/**
 * One path of each file version that branches, tags, stashes, the reflog and the index name. Git says the first one it
 * meets, so a path says nothing about where else the same bytes lay: it is for people only.
 */
async function listPaths(run: RunGit, prefix: string): Promise<Map<string, string>> {
  const what = ["--all", "--reflog", "--indexed-objects", "--filter=object:type=blob"];
  const listed = (await run(["rev-list", "--objects", ...what, "--filter-provided-objects"])).toString(
    "utf8",
  );
  const paths = new Map<string, string>();
  for (const line of listed.split("\n")) {
    const [, id, path = ""] = /^([0-9a-f]+) ?(.*)$/.exec(line) ?? [];
    if (id === undefined) continue;
    const own = path.startsWith(prefix) ? path.slice(prefix.length) : path;
    paths.set(id, own === "" ? `git object ${id.slice(0, 12)}` : own);
  }
  return paths;
}

/** Bytes by id of what could be a definition: what is named, and what git merely still has, such as a dropped stash. */
async function listSizes(run: RunGit, named: readonly string[]): Promise<Map<string, number>> {
  const check = `--batch-check=%(objectname) %(objecttype) %(objectsize)`;
  const kept = await run(["cat-file", check, "--batch-all-objects", "--unordered"]);
  // a partial clone does not have all it names; asked by name, git gets it
  const asked = named.length === 0 ? "" : await run(["cat-file", check], { input: `${named.join("\n")}\n` });
  const sizes = new Map<string, number>();
  for (const line of `${kept.toString("latin1")}${asked.toString("latin1")}`.split("\n")) {
    const [id = "", type = "", size] = line.split(" ");
    if (type === "missing")
      throw new OperationError("program-failed", `git names an object that it does not have: ${id}`, {
        hint: "git fetch it, or run this in a whole clone",
      });
    if (type === "blob" && Number(size) <= maxFileBytes) sizes.set(id, Number(size));
  }
  return sizes;
}

/** What one answer of git may hold is limited. */
const batchBytes = 16 * 1024 * 1024;

function makeBatches(sizes: ReadonlyMap<string, number>): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const [id, size] of sizes) {
    // the line before each blob counts too
    const needed = size + 100;
    if (needed > room) {
      batches.push([]);
      room = batchBytes;
    }
    batches.at(-1)?.push(id);
    room -= needed;
  }
  return batches;
}

function createRun(root: string): RunGit {
  return async (args, { input } = {}) => {
    const { stdin, ...options } = gitOptions;
    const result = await execa("git", [...args], {
      ...options,
      cwd: root,
      encoding: "buffer",
      ...(input === undefined ? { stdin } : { input }),
    });
    if (result.exitCode !== 0) throw gitFailed(root, Buffer.from(result.stderr).toString("utf8"));
    return Buffer.from(result.stdout);
  };
}

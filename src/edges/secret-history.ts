import { execa } from "execa";
import { decodeText, maxFileBytes } from "../definitions/parse.ts";
import { OperationError } from "../errors.ts";
import type { SecretHistory } from "../operations/secrets/find-exposed-secrets.ts";
import { gitFailed, gitOptions } from "./git.ts";
import { readBlobs } from "./git-tree.ts";
import type { RunGit } from "./git-tree.ts";

/**
 * Every version of every service file that the repository remembers, on any branch and in any stash; undefined where
 * there is no repository. Only looks. Errors: `program-missing` without git, `program-failed`.
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
  const listed = (
    await run(["rev-list", "--objects", "--all", "--filter=object:type=blob", "--filter-provided-objects"])
  ).toString("utf8");
  const place = new RegExp(String.raw`^([0-9a-f]+) ${escapeRegExp(prefix)}(workspaces/[^/]+/[^/]+\.yaml)$`);
  const found = listed.split("\n").flatMap((line) => {
    const [, id, path] = place.exec(line) ?? [];
    return id === undefined || path === undefined ? [] : [{ id, path }];
  });
  const ids = [...new Set(found.map(({ id }) => id))];
  const blobs = await readBlobs(run, ids, new AbortController().signal);
  const versions = found.flatMap(({ id, path }) => {
    const bytes = blobs.get(id);
    if (bytes === undefined || bytes.length > maxFileBytes) return [];
    const decoded = decodeText(path, bytes);
    return "text" in decoded ? [{ path, text: decoded.text }] : [];
  });
  return { versions, isWhole: isShallow !== "true" };
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

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

import type { DefinitionTree, TreeEntry } from "../definitions/definition-tree.ts";
import { rootFiles, topFolders } from "../definitions/layout.ts";
import { maxFileBytes } from "../definitions/parse.ts";

/** Runs git in one repository; standard output as bytes. Errors: OperationError. */
export type RunGit = (
  args: readonly string[],
  options?: { readonly input?: string; readonly signal?: AbortSignal },
) => Promise<Buffer>;

const readAlso = [".sops.yaml"];

/** One line of `git ls-tree`. */
interface TreeLine {
  readonly mode: string;
  readonly id: string;
  readonly bytes: number;
  readonly path: string;
}

/**
 * The definitions of one commit, read from git's own store: nothing is checked out, so no hook and no filter of the
 * repository runs, no link is followed on disk and no attribute hides a file. `known` holds the contents of an
 * earlier commit by their id, so that only what changed is read; it is brought up to date.
 */
export async function readGitTree(
  run: RunGit,
  {
    commit,
    known,
    signal,
  }: { readonly commit: string; readonly known: Map<string, Uint8Array>; readonly signal: AbortSignal },
): Promise<DefinitionTree> {
  const list = async (paths: readonly string[]) => {
    const args = ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit, "--", ...paths];
    const listed = (await run(args, { signal })).toString("utf8").split("\0");
    return listed.filter((line) => line !== "").map(parseLine);
  };
  const shown = await list([...rootFiles, ...topFolders, ...readAlso]);
  // a link may point to a file anywhere in the repository
  const lines = shown.some(isLink) ? await list([]) : shown;
  const take = async (wanted: readonly TreeLine[]) => {
    const missing = [...new Set(wanted.map(({ id }) => id))].filter((id) => !known.has(id));
    for (const [id, bytes] of await readBlobs(run, missing, signal)) known.set(id, bytes);
  };
  const links = lines.filter(isLink);
  await take(links);
  const tree = makeTree({ shown, lines, contents: known });
  const files = shown.flatMap((line) => tree.follow(line) ?? []).filter(isFile);
  const needed = files.filter(({ bytes }) => bytes <= maxFileBytes);
  await take(needed);
  const kept = new Set([...links, ...needed].map(({ id }) => id));
  for (const id of known.keys()) if (!kept.has(id)) known.delete(id);
  return makeTree({ shown, lines, contents: new Map(known) }).tree;
}

function parseLine(line: string): TreeLine {
  const match = /^([0-7]{6}) \w+ ([0-9a-f]+) +(-|[0-9]+)\t(.*)$/s.exec(line);
  if (match === null) throw new Error("git ls-tree writes lines of another shape");
  const [, mode = "", id = "", bytes = "", path = ""] = match;
  return { mode, id, bytes: bytes === "-" ? 0 : Number(bytes), path };
}

function isFile({ mode }: TreeLine): boolean {
  return mode === "100644" || mode === "100755" || mode === "100664";
}

function isLink({ mode }: TreeLine): boolean {
  return mode === "120000";
}

/** The contents of blobs by their ids, from one run of git. */
export async function readBlobs(
  run: RunGit,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const blobs = new Map<string, Uint8Array>();
  if (ids.length === 0) return blobs;
  const output = await run(["cat-file", "--batch"], { input: `${ids.join("\n")}\n`, signal });
  let at = 0;
  for (const id of ids) {
    const end = output.indexOf(10, at);
    const [, type, size] = output.subarray(at, end).toString("latin1").split(" ");
    if (end < 0 || type !== "blob") throw new Error(`git cat-file has no blob ${id}`);
    const start = end + 1;
    blobs.set(id, new Uint8Array(output.subarray(start, start + Number(size))));
    at = start + Number(size) + 1;
  }
  return blobs;
}

/** Links that go on to links; more is a circle. */
const maxLinks = 8;

function makeTree({
  shown,
  lines,
  contents,
}: {
  readonly shown: readonly TreeLine[];
  readonly lines: readonly TreeLine[];
  readonly contents: ReadonlyMap<string, Uint8Array>;
}): { readonly tree: DefinitionTree; readonly follow: (line: TreeLine) => TreeLine | undefined } {
  const byPath = new Map(lines.map((line) => [line.path, line]));
  /** What stands at the end of links; undefined outside the repository, and for a circle. */
  const follow = (from: TreeLine | undefined): TreeLine | undefined => {
    let line = from;
    for (let step = 0; line !== undefined && isLink(line); step += 1) {
      const target = resolveLink(line.path, Buffer.from(contents.get(line.id) ?? []).toString("utf8"));
      line = target === undefined || step === maxLinks ? undefined : byPath.get(target);
    }
    return line;
  };
  const entryOf = (line: TreeLine): TreeEntry => {
    const { path } = line;
    if (isFolder(line)) return { path, type: "folder" };
    if (isFile(line)) return { path, type: "file" };
    // a submodule is a folder whose content we do not have
    if (!isLink(line)) return { path, type: "other" };
    const found = follow(line);
    if (found === undefined) return { path, type: "link-outside" };
    return { path, type: isFile(found) ? "link-inside" : "link-to-folder" };
  };
  const tree: DefinitionTree = {
    entries: shown
      .filter((line) => !readAlso.includes(line.path) && !(isFolder(line) && topFolders.includes(line.path)))
      .map(entryOf)
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    unreadableFolders: [],
    read: (path) => {
      const line = follow(byPath.get(path));
      if (line === undefined) return { reason: "it is not there" };
      if (isFolder(line)) return { reason: "it is a folder" };
      if (!isFile(line)) return { reason: "it is no plain file" };
      // a file beyond the limit is not read: its size alone is the problem
      if (line.bytes > maxFileBytes) return { bytes: new Uint8Array(maxFileBytes + 1) };
      const bytes = contents.get(line.id);
      return bytes === undefined ? { reason: "git does not have it" } : { bytes };
    },
  };
  return { tree, follow };
}

function isFolder({ mode }: TreeLine): boolean {
  return mode === "040000";
}

/** Where a link points, from the repository's root; undefined when it leaves it. */
function resolveLink(path: string, target: string): string | undefined {
  if (target.startsWith("/")) return undefined;
  const parts = path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

import { createHash } from "node:crypto";
import { existsSync, lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { OperationError } from "../errors.ts";
import type { GitState } from "../operations/cluster/cluster-deps.ts";
import type { DefinitionSource, SourceState } from "../operations/reconcile/definition-source.ts";
import { openDefinitionTree } from "./definition-files.ts";
import { watchFolders } from "./watch-folders.ts";

export interface FolderOptions {
  readonly root: string;
  readonly readGit: () => Promise<GitState>;
  /** How long nothing may change before what stands there counts. */
  readonly settleMs: number;
  /** The same when files went away: an editor or a checkout may be about to write them again. */
  readonly settleAfterRemovalMs: number;
  /** How long it may go on changing before that is an error. */
  readonly patienceMs: number;
}

export const defaultFolderTimes = { settleMs: 200, settleAfterRemovalMs: 3000, patienceMs: 60_000 } as const;

/** Read like definitions, but not listed among them. */
const readAlso = ".sops.yaml";

/** A folder that people edit: what stands there counts once it has stopped changing, and is read whole. */
export function watchDefinitionFolder(options: FolderOptions): DefinitionSource {
  const { root } = options;
  let last: { readonly state: SourceState; readonly paths: ReadonlySet<string> } | undefined;

  const refresh = async (signal: AbortSignal): Promise<SourceState> => {
    let patienceMs = options.patienceMs;
    for (;;) {
      const before = takeFingerprint(root);
      const { tree, id } = readWhole(root);
      const paths = new Set(tree.entries.map(({ path }) => path));
      const gone = [...(last?.paths ?? [])].some((path) => !paths.has(path));
      if (last?.state.id !== id || gone) {
        const settleMs = gone ? options.settleAfterRemovalMs : options.settleMs;
        if (!(await isQuiet(settleMs, { root, before, signal }))) {
          patienceMs -= settleMs;
          if (patienceMs <= 0) throw keepsChanging(root);
          continue;
        }
      }
      const state = { id, git: await options.readGit(), tree };
      last = { state, paths };
      return state;
    }
  };

  return {
    name: `folder ${basename(root)}`,
    refresh,
    changes: (signal) => watchFolders(root, signal),
  };
}

/** True when nothing changed for a while and git is not at work. Errors: `cancelled`. */
async function isQuiet(
  settleMs: number,
  { root, before, signal }: { root: string; before: string; signal: AbortSignal },
): Promise<boolean> {
  try {
    await sleep(settleMs, undefined, { signal });
  } catch (error) {
    throw new OperationError("cancelled", "stopped", { cause: error });
  }
  return !existsSync(indexLock(root)) && takeFingerprint(root) === before;
}

/** There while git writes the working tree. */
function indexLock(root: string): string {
  return join(root, ".git", "index.lock");
}

function keepsChanging(root: string): OperationError {
  const isGit = existsSync(indexLock(root));
  return new OperationError("unreadable", `folder ${basename(root)} keeps changing`, {
    subject: root,
    hint: isGit
      ? "git is at work there; if it is not, remove .git/index.lock"
      : "it is read again; what is applied stays as it is until then",
  });
}

/** What tells one moment from the next without reading the files. */
function takeFingerprint(root: string): string {
  const hash = createHash("sha256");
  const { entries, unreadableFolders } = openDefinitionTree(root);
  for (const path of [...entries.map((entry) => entry.path), readAlso]) {
    const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
    hash.update(`${path}\0${stat?.ino}\0${stat?.size}\0${stat?.mtimeMs}\0${stat?.ctimeMs}\n`);
  }
  hash.update(JSON.stringify(unreadableFolders));
  return hash.digest("hex");
}

/** The folder as it is now, in memory: a pass sees one state, whatever is edited meanwhile. */
function readWhole(root: string): { readonly tree: DefinitionTree; readonly id: string } {
  const disk = openDefinitionTree(root);
  const { entries, unreadableFolders } = disk;
  const hash = createHash("sha256");
  const contents = new Map<string, ReturnType<DefinitionTree["read"]>>();
  for (const { path, type } of [...entries, { path: readAlso, type: "file" as const }]) {
    hash.update(`${type}\0${path}\0`);
    if (type === "folder") continue;
    const content = disk.read(path);
    contents.set(path, content);
    hash.update("bytes" in content ? createHash("sha256").update(content.bytes).digest() : content.reason);
  }
  hash.update(JSON.stringify(unreadableFolders));
  const tree: DefinitionTree = {
    entries,
    unreadableFolders,
    read: (path) => contents.get(path) ?? { reason: "it is not there" },
  };
  return { tree, id: hash.digest("hex") };
}

import { readdirSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rootFiles, topFolders } from "../definitions/layout.ts";

/** Beside the definitions: a change of it changes who can read them. */
const readAlso = [".sops.yaml"];

/** Several changes at once, such as a checkout's, are told together. */
const gatherMs = 100;
/** How often is looked where the system cannot watch. */
const pollMs = 5000;

/**
 * An item whenever something changes below a repository's definitions. One watch per folder, so that their number
 * does not grow with the files; folders that come and go are followed.
 */
export async function* watchFolders(root: string, signal: AbortSignal): AsyncGenerator<void> {
  const watchers = new Map<string, FSWatcher>();
  let wake = (): void => {};
  let isChanged = false;
  let canWatch = true;
  const changed = (): void => {
    isChanged = true;
    wake();
  };
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        const isOther =
          folder === root && name !== null && ![...topFolders, ...rootFiles, ...readAlso].includes(name);
        if (!isOther) changed();
      });
      watcher.on("error", () => {
        drop(folder);
        changed();
      });
      watchers.set(folder, watcher);
    } catch (error) {
      // out of watches; a folder that has just gone is none of our business
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") canWatch = false;
    }
  };
  const follow = (): void => {
    const wanted = new Set([root, ...topFolders.flatMap((name) => listFolders(join(root, name)))]);
    for (const folder of watchers.keys()) if (!wanted.has(folder)) drop(folder);
    for (const folder of wanted) if (!watchers.has(folder)) add(folder);
  };
  const stop = (): void => wake();
  signal.addEventListener("abort", stop);
  try {
    follow();
    while (!signal.aborted) {
      if (!isChanged) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (!canWatch) void sleep(pollMs, undefined, { ref: false }).then(changed);
        });
      }
      if (signal.aborted) return;
      await sleep(gatherMs);
      isChanged = false;
      // a folder that was made again under its old name needs a new watch
      for (const folder of watchers.keys()) if (folder !== root) drop(folder);
      follow();
      yield;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    for (const watcher of watchers.values()) watcher.close();
  }
}

/** A folder and all below it. */
function listFolders(folder: string): string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true });
    return [
      folder,
      ...below.filter((entry) => entry.isDirectory()).flatMap(({ name }) => listFolders(join(folder, name))),
    ];
  } catch {
    return [];
  }
}

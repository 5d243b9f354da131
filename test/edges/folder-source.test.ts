import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { watchDefinitionFolder } from "../../src/edges/folder-source.ts";
import { watchFolders } from "../../src/edges/watch-folders.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function makeFolder() {
  const root = mkdtempSync(join(tmpdir(), "woow-folder-test-"));
  folders.push(root);
  mkdirSync(join(root, "workspaces/a"), { recursive: true });
  writeFileSync(join(root, "platform.yaml"), "one\n");
  writeFileSync(join(root, "workspaces/a/workspace.yaml"), "one\n");
  writeFileSync(join(root, "workspaces/a/web-01.yaml"), "one\n");
  const source = watchDefinitionFolder({
    root,
    readGit: async () => ({
      commit: "made-up",
      changedFiles: ["platform.yaml"],
      absentFiles: ["workspaces/b/x.yaml"],
    }),
    settleMs: 40,
    settleAfterRemovalMs: 400,
    patienceMs: 2000,
  });
  return { root, source };
}

const never = new AbortController().signal;
const textOf = (read: { bytes: Uint8Array } | { reason: string }) =>
  "bytes" in read ? new TextDecoder().decode(read.bytes) : read;

test("what was read stays as it was, and what git says comes with it", async () => {
  const { root, source } = makeFolder();
  const state = await source.refresh(never);
  expect(state).toMatchObject({
    git: { commit: "made-up", changedFiles: ["platform.yaml"], absentFiles: ["workspaces/b/x.yaml"] },
  });
  writeFileSync(join(root, "platform.yaml"), "two\n");
  expect(textOf(state.tree.read("platform.yaml"))).toBe("one\n");
  const next = await source.refresh(never);
  expect(textOf(next.tree.read("platform.yaml"))).toBe("two\n");
  expect(next.id).not.toBe(state.id);
});

test("written again with the same content is no change", async () => {
  const { root, source } = makeFolder();
  const { id } = await source.refresh(never);
  cpSync(join(root, "platform.yaml"), join(root, "copy"));
  renameSync(join(root, "copy"), join(root, "platform.yaml"));
  expect((await source.refresh(never)).id).toBe(id);
});

test("a file that is away for a moment was not deleted", async () => {
  const { root, source } = makeFolder();
  await source.refresh(never);
  const file = join(root, "workspaces/a/web-01.yaml");
  rmSync(file);
  const looking = source.refresh(never);
  await sleep(150);
  writeFileSync(file, "two\n");
  const { tree } = await looking;
  expect(textOf(tree.read("workspaces/a/web-01.yaml"))).toBe("two\n");
});

test("a file that stays away was", async () => {
  const { root, source } = makeFolder();
  await source.refresh(never);
  rmSync(join(root, "workspaces/a/web-01.yaml"));
  const { tree } = await source.refresh(never);
  expect(tree.entries.map(({ path }) => path)).toEqual([
    "platform.yaml",
    "workspaces/a",
    "workspaces/a/workspace.yaml",
  ]);
});

test("while git writes the folder it is not believed", async () => {
  const { root, source } = makeFolder();
  mkdirSync(join(root, ".git"));
  writeFileSync(join(root, ".git/index.lock"), "");
  await expect(source.refresh(never)).rejects.toMatchObject({ code: "unreadable" });
  rmSync(join(root, ".git/index.lock"));
  expect(textOf((await source.refresh(never)).tree.read("platform.yaml"))).toBe("one\n");
});

test("stops when it is told to", async () => {
  const { source } = makeFolder();
  const stop = new AbortController();
  stop.abort();
  await expect(source.refresh(stop.signal)).rejects.toMatchObject({ code: "cancelled" });
});

test("changes are told, in new folders too, and the end comes with the signal", async () => {
  const { root } = makeFolder();
  const stop = new AbortController();
  const told = watchFolders(root, stop.signal);
  const next = async (change: () => void) => {
    const item = told.next();
    await sleep(20);
    change();
    expect((await item).done).toBe(false);
    // what the change still stirs up belongs to it
    await sleep(50);
  };
  await next(() => writeFileSync(join(root, "platform.yaml"), "two\n"));
  await next(() => mkdirSync(join(root, "workspaces/b")));
  await next(() => writeFileSync(join(root, "workspaces/b/workspace.yaml"), "one\n"));
  await next(() => {
    rmSync(join(root, "workspaces"), { recursive: true });
    mkdirSync(join(root, "workspaces/c"), { recursive: true });
  });
  await next(() => writeFileSync(join(root, "workspaces/c/workspace.yaml"), "one\n"));
  const last = told.next();
  stop.abort();
  expect((await last).done).toBe(true);
});

test("what is no definition says nothing", async () => {
  const { root } = makeFolder();
  const stop = new AbortController();
  const told = watchFolders(root, stop.signal);
  const item = told.next();
  await sleep(20);
  writeFileSync(join(root, "notes.txt"), "x\n");
  mkdirSync(join(root, "dist"));
  writeFileSync(join(root, "dist/x.yaml"), "x\n");
  await sleep(400);
  stop.abort();
  expect((await item).done).toBe(true);
});

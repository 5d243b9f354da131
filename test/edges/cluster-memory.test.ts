import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clusterMemoryPath, openClusterMemory } from "../../src/edges/cluster-memory.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "woow-memory-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

test("a clone remembers which cluster was behind a name", async () => {
  expect(openClusterMemory(root).recall("default")).toBeUndefined();
  openClusterMemory(root).remember("default", "uid-1");
  openClusterMemory(root).remember("edge", "uid-2");
  expect(openClusterMemory(root).recall("default")).toBe("uid-1");
  expect(openClusterMemory(root).recall("edge")).toBe("uid-2");
  expect(openClusterMemory(root).recall("toString")).toBeUndefined();
  expect((await stat(join(root, clusterMemoryPath))).mode & 0o777).toBe(0o600);
});

test("what it knows already is not written again", async () => {
  openClusterMemory(root).remember("default", "uid-1");
  const before = await stat(join(root, clusterMemoryPath));
  openClusterMemory(root).remember("default", "uid-1");
  expect((await stat(join(root, clusterMemoryPath))).ino).toBe(before.ino);
});

test.each(["", "{", "[]", '{"clusters":{"default":1}}'])(
  "a damaged file (%j) is an error that names it, never empty",
  async (text) => {
    openClusterMemory(root).remember("default", "uid-1");
    const path = join(root, clusterMemoryPath);
    await writeFile(path, text);
    for (const act of [
      () => openClusterMemory(root).recall("default"),
      () => openClusterMemory(root).remember("default", "uid-2"),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: "unreadable", subject: path }));
    }
    expect(await readFile(path, "utf8")).toBe(text);
  },
);

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openReleaseMemory, releaseMemoryPath } from "../../src/edges/release-memory.ts";
import type { ReleaseContent } from "../../src/status/release-content.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "woow-releases-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const content: ReleaseContent = {
  workloads: [],
  services: [{ apiVersion: "v1", kind: "Service", namespace: "paas-ws-a", name: "web" }],
};

test("what was read is known to the next run; what is no release only to this one", () => {
  const memory = openReleaseMemory(root);
  expect(memory.recall("a")).toBeUndefined();
  memory.remember(
    new Map<string, ReleaseContent | "unreadable">([
      ["a", content],
      ["b", "unreadable"],
    ]),
  );
  expect([memory.recall("a"), memory.recall("b")]).toEqual([content, "unreadable"]);
  const next = openReleaseMemory(root);
  expect([next.recall("a"), next.recall("b")]).toEqual([content, undefined]);
});

test.each(["", "[]", "{", '{"format":2,"releases":{}}', '{"format":1,"releases":{"a":{"workloads":5}}}'])(
  "a file that says %j is nothing, and is written anew",
  (text) => {
    openReleaseMemory(root).remember(new Map([["a", content]]));
    writeFileSync(join(root, releaseMemoryPath), text);
    const memory = openReleaseMemory(root);
    expect(memory.recall("a")).toBeUndefined();
    memory.remember(new Map([["b", content]]));
    expect(openReleaseMemory(root).recall("b")).toEqual(content);
  },
);

test("a folder that may not be written to costs the memory and nothing else", () => {
  writeFileSync(join(root, ".woow"), "a file where a folder is needed");
  const memory = openReleaseMemory(root);
  memory.remember(new Map([["a", content]]));
  expect(memory.recall("a")).toEqual(content);
});

test("the oldest are forgotten", () => {
  const uids = Array.from({ length: 2001 }, (_, index) => `uid-${index}`);
  openReleaseMemory(root).remember(new Map(uids.map((uid) => [uid, content])));
  const next = openReleaseMemory(root);
  expect([next.recall("uid-0"), next.recall("uid-1"), next.recall("uid-2000")]).toEqual([
    undefined,
    content,
    content,
  ]);
  expect(readFileSync(join(root, releaseMemoryPath), "utf8")).toContain("uid-2000");
});

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openDefinitionWriter } from "../../src/edges/definition-writer.ts";
import { openLocalRevisions } from "../../src/edges/lowdb-store.ts";
import { newRevision, revisionEnd } from "../record/builders.ts";
import { tempPlatform } from "../support/temp-platform.ts";

type Call = readonly ["sync" | "rename", string];

/** What is synced and renamed meanwhile, in order: `sync` of a file or folder by its path, `rename` by its target. */
async function recordCalls(work: () => Promise<unknown> | void): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const { fsyncSync, renameSync } = fs;
  fs.fsyncSync = (descriptor) => {
    calls.push(["sync", fs.readlinkSync(`/proc/self/fd/${descriptor}`)]);
    fsyncSync(descriptor);
  };
  fs.renameSync = (from, to) => {
    expect(calls, "synced before it is put in place").toContainEqual(["sync", String(from)]);
    calls.push(["rename", String(to)]);
    renameSync(from, to);
  };
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    Object.assign(fs, { fsyncSync, renameSync });
    syncBuiltinESMExports();
  }
  return calls;
}

function expectSynced(calls: readonly Call[], path: string): void {
  const at = calls.findLastIndex(([what, where]) => what === "rename" && where === path);
  expect(at).toBeGreaterThan(0);
  expect(calls.slice(at)).toContainEqual(["sync", dirname(path)]);
}

const isLinux = process.platform === "linux";

test.skipIf(!isLinux)(
  "a revision in this clone is on the disk before the work goes on, and its end too",
  async () => {
    const root = fs.realpathSync(tempPlatform({}));
    const path = join(root, ".woow/revisions/default/acme.json");
    const store = openLocalRevisions({ root, environment: {} });
    const [begun] = await store.begin([newRevision("acme/n8n-01")]);
    if (begun === undefined) throw new Error("nothing was begun");
    expectSynced(await recordCalls(() => store.finish(begun, revisionEnd())), path);
    expectSynced(await recordCalls(() => store.begin([newRevision("acme/n8n-01")])), path);
  },
);

test.skipIf(!isLinux)("an edited definition is on the disk when its command ends", async () => {
  const root = fs.realpathSync(tempPlatform({ "workspaces/acme/db-01.yaml": "kind: CloudService\n" }));
  const edit = {
    path: "workspaces/acme/db-01.yaml",
    before: "kind: CloudService\n",
    after: "kind: CloudService # 2\n",
  };
  const calls = await recordCalls(() => openDefinitionWriter(root).replace([edit]));
  expectSynced(calls, join(root, edit.path));
});

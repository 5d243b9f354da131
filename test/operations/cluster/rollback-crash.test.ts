import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { DefinitionTree } from "../../../src/definitions/definition-tree.ts";
import { applyPlatform } from "../../../src/operations/cluster/apply.ts";
import type { ClusterDeps } from "../../../src/operations/cluster/cluster-deps.ts";
import { rollbackUnit } from "../../../src/operations/cluster/rollback/rollback.ts";
import { readInventory } from "../../../src/apply/inventory/inventory-store.ts";
import { noDecisions } from "../../../src/plan/plan-decisions.ts";
import { createClusterRevisions } from "../../../src/record/cluster-revision-store.ts";
import type { Revision } from "../../../src/record/revision.ts";
import { identity } from "../../secrets/fixtures.ts";
import { samplePlatform } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster } from "../../support/fake-cluster.ts";
import { memoryTree } from "../../support/memory-tree.ts";

const unit = "acme/web-01";
const path = "workspaces/acme/web-01.yaml";

/** A process that is gone: nothing after this happens. */
class Killed extends Error {}

interface World {
  readonly cluster: FakeCluster;
  readonly files: Record<string, string>;
  readonly committed: Record<string, string>;
}

function depsOf(world: World, run: string): ClusterDeps {
  const readTree = (): DefinitionTree => memoryTree(world.files);
  return {
    readTree,
    writer: {
      create: (files) => void Object.assign(world.files, Object.fromEntries(files)),
      replace: (edits) => {
        for (const { path: file, before, after } of edits) {
          expect(world.files[file]).toBe(before);
          world.files[file] = after;
        }
      },
      remove: () => {
        throw new Error("a rollback removes no file");
      },
    },
    identities: () => [identity],
    connect: async () => world.cluster,
    openRevisions: ({ client, cluster }) =>
      createClusterRevisions({ client: client ?? world.cluster, cluster: cluster.name, writer: run }),
    memory: { recall: () => undefined, remember: () => undefined },
    readGit: async () => ({
      commit: "0123abc",
      changedFiles: Object.keys(world.files).filter((file) => world.files[file] !== world.committed[file]),
      absentFiles: [],
    }),
    readCommitted: async (file) => new TextEncoder().encode(world.committed[file] ?? ""),
    clock: {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, Math.min(ms, 5));
          signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve();
          });
        }),
    },
    randomBytes: (size) => randomBytes(size),
    actor: "ada@desk",
    processName: run,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}

const options = {
  cluster: undefined,
  decisions: noDecisions,
  wait: undefined,
  // a dead holder is taken over at once, or every run would wait
  lock: { waitMs: 60_000, termMs: 40 },
};

async function drain<R>(run: AsyncGenerator<unknown, R>): Promise<R> {
  for (;;) {
    const next = await run.next();
    if (next.done === true) return next.value;
  }
}

async function apply(world: World, run: string): Promise<void> {
  const report = await drain(
    applyPlatform(depsOf(world, run), {
      ...options,
      selection: { clusters: [], workspaces: [], services: [] },
      command: "apply",
      removal: { mode: "keep-data" },
      confirm: async () => "unseen",
    }),
  );
  expect(report.type).toBe("done");
}

const rollback = (world: World, run: string) =>
  drain(rollbackUnit(depsOf(world, run), { ...options, unit, number: 1, confirm: async () => "unseen" }));

/** Applied twice, the second time with another message; both committed. */
async function makeWorld(): Promise<World> {
  const files = samplePlatform();
  files[path] = `${files[path] ?? ""}helm_values: { ui.message: first }\n`;
  const cluster = createFakeCluster();
  const world: World = { cluster, files, committed: { ...files } };
  await apply(world, "first");
  files[path] = (files[path] ?? "").replace("first", "second");
  Object.assign(world.committed, files);
  await apply(world, "second");
  return world;
}

function messageOf({ cluster }: World): unknown {
  const ref = {
    apiVersion: "v1",
    kind: "Secret",
    namespace: "paas-charts",
    name: "paas-ws-acme-web-01-values",
  };
  const data = cluster.object(ref)?.["data"] as Record<string, string>;
  const values = parse(Buffer.from(data["values.yaml"] ?? "", "base64").toString()) as {
    ui?: { message?: unknown };
  };
  return values.ui?.message;
}

const historyOf = (world: World) =>
  createClusterRevisions({ client: world.cluster, cluster: "default", writer: "reader" }).list({
    cluster: "default",
    unit,
  });

async function expectRolledBack(world: World): Promise<readonly Revision[]> {
  expect(messageOf(world)).toBe("first");
  expect(world.files[path]).toContain("ui.message: first");
  const { parts } = await readInventory(world.cluster);
  const record = parts.get("acme")?.units.find((one) => one.unit === unit);
  expect(record?.hold).toMatchObject({ type: "rollback", revision: 1 });
  return historyOf(world);
}

/** How many requests a rollback makes when nothing happens to it. */
async function countRequests(): Promise<number> {
  const world = await makeWorld();
  const before = world.cluster.requests.length;
  await rollback(world, "third");
  return world.cluster.requests.length - before;
}

describe("killed at any request, the same command goes on", async () => {
  const total = await countRequests();
  const all = Array.from({ length: total }, (_, index) => index + 1);

  test("there is something to kill", () => {
    expect(total).toBeGreaterThan(15);
  });

  test.each(["before", "after"] as const)("%s the server has done it", async (side) => {
    // every second one: before the next and after this one is the same moment for the server
    for (const point of all.filter((one) => one % 2 === (side === "before" ? 0 : 1))) {
      const world = await makeWorld();
      let seen = 0;
      let isDead = false;
      const hook = (at: number) => {
        if (isDead || at === point) {
          isDead = true;
          throw new Killed();
        }
      };
      if (side === "before") world.cluster.beforeRequest(() => hook((seen += 1)));
      else {
        world.cluster.beforeRequest(() => {
          if (isDead) throw new Killed();
        });
        world.cluster.afterRequest(() => hook((seen += 1)));
      }
      await rollback(world, "killed").catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      world.cluster.beforeRequest(undefined);
      world.cluster.afterRequest(undefined);
      // whatever happened, nobody who follows git may undo a half of it
      const wasRolledBack = messageOf(world) === "first";
      if (wasRolledBack) {
        const { parts } = await readInventory(world.cluster);
        expect(
          parts.get("acme")?.units.find((one) => one.unit === unit)?.hold,
          `${side} ${point}`,
        ).toBeDefined();
      } else expect(world.files[path], `${side} ${point}`).toContain("ui.message: second");

      await rollback(world, "again");
      const history = await expectRolledBack(world);
      const [first, second, ...rollbacks] = history;
      expect([first?.end?.outcome, second?.end?.outcome]).toEqual(["applied", "applied"]);
      expect(rollbacks.length, `${side} ${point}`).toBeGreaterThan(0);
      expect(rollbacks.every(({ rollbackTo }) => rollbackTo === 1)).toBe(true);
      expect(history.map(({ number }) => number)).toEqual(history.map((_, index) => index + 1));
    }
  });
});

test("a run that was killed stays in the history as interrupted", async () => {
  const world = await makeWorld();
  world.cluster.beforeRequest(({ verb, kind, dryRun }) => {
    if (verb === "apply" && kind === "Secret" && !dryRun) throw new Killed();
  });
  await rollback(world, "killed").catch(() => undefined);
  world.cluster.beforeRequest(undefined);
  await rollback(world, "again");
  const history = await expectRolledBack(world);
  expect(history.map(({ end }) => end?.outcome ?? "interrupted")).toEqual([
    "applied",
    "applied",
    "interrupted",
    "applied",
  ]);
});

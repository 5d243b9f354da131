import { setTimeout as realSleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { OperationError } from "../../../src/errors.ts";
import { createClusterRevisions } from "../../../src/record/cluster-revision-store.ts";
import { defaultFlapTimes } from "../../../src/operations/reconcile/flap-breaker.ts";
import { reconcile } from "../../../src/operations/reconcile/reconcile.ts";
import type { ReconcileOptions } from "../../../src/operations/reconcile/loop-context.ts";
import type { ReconcileEvent } from "../../../src/operations/reconcile/reconcile-event.ts";
import { samplePlatform } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import { memoryTree } from "../../support/memory-tree.ts";
import { careDeps } from "../cluster/care-world.ts";

type Files = Readonly<Record<string, string>>;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const startFiles = (): Files => {
  const files = samplePlatform();
  const { "catalog/database.yaml": _, ...rest } = files;
  return {
    ...rest,
    "platform.yaml": `${files["platform.yaml"]}records: cluster\n`,
    "workspaces/beta/workspace.yaml": (files["workspaces/acme/workspace.yaml"] ?? "").replace("acme", "beta"),
  };
};

/** The loop on a cluster in memory, a repository in memory, and a clock that the test turns. */
function startWorld(more: Partial<ReconcileOptions> = {}) {
  const cluster = createFakeCluster();
  const stop = new AbortController();
  const deps = careDeps(cluster, {
    signal: stop.signal,
    memory: { recall: () => undefined, remember: () => undefined },
    openRevisions: () => createClusterRevisions({ client: cluster, cluster: "default", writer: "test" }),
  });
  const { clock } = deps;
  const source = { files: startFiles(), version: 1, fault: undefined as OperationError | undefined };
  let trigger = (): void => {};
  const events: ReconcileEvent[] = [];
  const run = reconcile(
    {
      cluster: deps,
      source: {
        name: "made up",
        refresh: async () => {
          if (source.fault !== undefined) throw source.fault;
          const git = { commit: `commit-${source.version}`, changedFiles: [], absentFiles: [] };
          return { id: String(source.version), git, tree: memoryTree(source.files) };
        },
        changes: async function* () {},
      },
      onTrigger: (listener) => {
        trigger = listener;
        return () => undefined;
      },
    },
    {
      cluster: undefined,
      once: false,
      intervalMs: 60_000,
      resyncMs: 600_000,
      lock: { waitMs: 0, termMs: 15_000 },
      times: { backOff: { firstMs: 1000, maxMs: 64_000 }, flap: defaultFlapTimes, gatherMs: 100 },
      countsServices: true,
      canKeepRecords: true,
      ...more,
    },
  );
  let report: unknown;
  const ended = (async () => {
    for (;;) {
      const step = await run.next();
      if (step.done === true) {
        report = step.value;
        return;
      }
      events.push(step.value);
    }
  })();
  stops.push(async () => {
    stop.abort();
    for (let turn = 0; turn < 50; turn += 1) await clock.advance(0);
    await ended;
  });
  /** Lets the world's time pass in steps, so that long chains of work keep up with it. */
  const pass = async (ms: number, stepMs = Math.min(ms, 500)) => {
    for (let gone = 0; gone < ms; gone += stepMs) {
      await clock.advance(stepMs);
      await realSleep(0);
    }
  };
  const until = async (what: () => boolean) => {
    // small steps: on a busy machine work that is done outside of this thread must not fall behind the clock
    for (let turn = 0; turn < 20_000 && !what(); turn += 1) {
      await clock.advance(2);
      await realSleep(0);
    }
    expect(what(), JSON.stringify(events, undefined, 1)).toBe(true);
  };
  const all = <T extends ReconcileEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<ReconcileEvent, { type: T }> => event.type === type);
  const passes = () => all("pass-finished");
  return {
    cluster,
    source,
    events,
    all,
    passes,
    pass,
    until,
    clock,
    ended,
    trigger: () => trigger(),
    report: () => report,
  };
}

const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  namespace: "paas-ws-acme",
  name: "default-deny",
};

test("a first pass, then silence: everything is planned anew only at the long interval, and nothing is written", async () => {
  const world = startWorld();
  await world.until(() => world.passes().length === 1);
  expect(world.passes()[0]).toMatchObject({ reason: "start", outcome: "applied", failedOwners: [] });
  await world.pass(40_000, 5000);
  // counted when they have had time to come up
  expect(world.all("services")).toMatchObject([{ byState: { pending: 1 } }]);
  const writes = world.cluster.writes().length;
  const before = world.passes().length;
  const after = world.events.length;
  await world.pass(640_000, 20_000);
  expect(world.passes().slice(before)).toMatchObject([{ reason: "interval", outcome: "unchanged" }]);
  expect(world.cluster.writes().length).toBe(writes);
  // a look that found nothing new says nothing
  expect(
    world.events
      .slice(after)
      .map(({ type }) => type)
      .filter((type) => type === "source-read"),
  ).toEqual([]);
});

test("a source that cannot be read is told once, asked again, and taken over when it is back", async () => {
  const world = startWorld();
  await world.until(() => world.passes().length === 1);
  world.source.fault = new OperationError("unreadable", "the server is away");
  await world.pass(400_000, 5000);
  expect(world.all("source-failed")).toMatchObject([{ message: "the server is away", isFinal: false }]);
  // what was read last is still kept up
  const passes = world.passes().length;
  world.cluster.edit(policy, (object) =>
    Object.assign(object, { spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] } }),
  );
  await world.until(() => world.all("drift").length > 0 && world.passes().length > passes);
  world.source.fault = undefined;
  world.source.version = 2;
  await world.pass(70_000, 1000);
  expect(world.all("source-read").at(-1)).toMatchObject({ commit: "commit-2", isNew: true });
});

test("definitions nobody can be served from change nothing; what was sound before is kept up", async () => {
  const world = startWorld();
  await world.until(() => world.passes().length === 1);
  world.source.files = { ...world.source.files, "platform.yaml": "kind: Platform\nname: [\n" };
  world.source.version = 2;
  await world.pass(61_000, 1000);
  expect(world.all("definition-problems").at(-1)).toMatchObject({ blocksAll: true });
  world.cluster.edit(policy, (object) =>
    Object.assign(object, { spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] } }),
  );
  await world.until(() => world.all("drift").length > 0);
  await world.until(() => JSON.stringify(world.cluster.object(policy)?.["spec"]).includes('"ingress":[]'));
});

test("one workspace that fails is tried less and less often, and the others are served", async () => {
  const world = startWorld();
  world.cluster.beforeRequest(({ verb, namespace, dryRun }) => {
    if (verb === "apply" && namespace === "paas-ws-beta" && !dryRun)
      throw new OperationError("invalid", "made-up refusal");
  });
  await world.until(() => world.passes().length === 1);
  expect(world.passes()[0]).toMatchObject({ outcome: "partly", failedOwners: ["beta"] });
  await world.pass(200_000, 500);
  const retries = world.all("owner-failed").map(({ owner, retryInMs }) => [owner, retryInMs] as const);
  expect(new Set(retries.map(([owner]) => owner))).toEqual(new Set(["beta"]));
  const waits = retries.map(([, wait]) => wait);
  expect(waits.length).toBeGreaterThan(4);
  expect(waits.length).toBeLessThan(14);
  for (const [index, wait] of waits.entries())
    expect(wait).toBeLessThanOrEqual(1.2 * Math.min(64_000, 1000 * 2 ** index));
  expect(waits.at(-1)).toBeGreaterThan(30_000);
  // the other's drift does not wait
  const before = world.all("drift").length;
  world.cluster.edit(policy, (object) =>
    Object.assign(object, { spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] } }),
  );
  await world.until(() => world.all("drift").length > before);
  world.cluster.beforeRequest(undefined);
  await world.pass(80_000, 500);
  expect(world.all("owner-recovered")).toMatchObject([{ owner: "beta" }]);
});

test("a cluster that is away fails passes, less and less often, and comes back by itself", async () => {
  const world = startWorld();
  await world.until(() => world.passes().length === 1);
  await world.pass(5000);
  world.cluster.beforeRequest(() => {
    throw new OperationError("unreachable", "away");
  });
  world.trigger();
  const before = world.passes().length;
  await world.pass(100_000, 500);
  const failed = world.passes().slice(before);
  expect(failed.length).toBeGreaterThan(3);
  expect(failed.length).toBeLessThan(12);
  expect(failed[0]).toMatchObject({ outcome: "failed", error: { code: "unreachable" } });
  expect(world.all("cluster-lost").length).toBe(1);
  world.cluster.beforeRequest(undefined);
  await world.pass(90_000, 500);
  expect(world.passes().at(-1)).toMatchObject({ outcome: "unchanged" });
  expect(world.all("cluster-back").length).toBe(1);
});

test("a lock that somebody else holds is waited for, not fought for", async () => {
  const world = startWorld();
  await world.until(() => world.passes().length === 1);
  await world.pass(5000);
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    namespace: "paas-system",
    name: "woow",
  };
  const renew = () =>
    world.cluster.edit(lease, (object) => {
      const spec = object["spec"] as Record<string, unknown>;
      Object.assign(object, {
        spec: { ...spec, holderIdentity: "somebody", renewTime: String(world.clock.monotonicMs()) },
      });
    });
  renew();
  const keeping = [...Array(20).keys()];
  world.source.files = {
    ...world.source.files,
    "workspaces/gamma/workspace.yaml": "kind: Workspace\nname: Gamma\n",
  };
  world.source.version = 2;
  world.trigger();
  for (const _ of keeping) {
    renew();
    await world.pass(2000, 500);
  }
  expect(world.passes().filter(({ outcome }) => outcome === "failed").length).toBeGreaterThan(1);
  expect(world.passes().at(-1)).toMatchObject({ error: { code: "lock-held" } });
  expect(world.cluster.names()).not.toContain("Namespace paas-ws-gamma");
  world.cluster.edit(lease, (object) => Object.assign(object, { spec: { holderIdentity: "" } }));
  await world.pass(100_000, 500);
  expect(world.cluster.names().join("\n")).toContain("paas-ws-gamma");
});

test("local records have no place in a branch that is followed", async () => {
  const world = startWorld({ canKeepRecords: false });
  await world.until(() => world.passes().length === 1);
  world.source.files = {
    ...world.source.files,
    "platform.yaml": (world.source.files["platform.yaml"] ?? "").replace(
      "records: cluster",
      "records: local",
    ),
  };
  world.source.version = 2;
  await world.pass(65_000, 1000);
  expect(world.all("source-failed")).toMatchObject([{ code: "refused", isFinal: true }]);
});

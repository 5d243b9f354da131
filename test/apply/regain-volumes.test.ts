import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/cluster/clock.ts";
import { createVolumeRegainer } from "../../src/apply/volumes/regain-volumes.ts";
import { removeService } from "../../src/apply/remove/remove-service.ts";
import { drain, makeRemovalWorld } from "./removal-world.ts";
import type { RemovalWorld } from "./removal-world.ts";

async function keep(world: RemovalWorld): Promise<void> {
  const { service, deps, objects } = world;
  await drain(removeService({ ...service, mode: "keep-data", objects: objects() }, deps));
}

const volume = (world: RemovalWorld, name: string) =>
  world.cluster.object({ apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name });

const claimOf = (world: RemovalWorld, name: string) =>
  (volume(world, name) as unknown as { spec: { claimRef?: object } }).spec.claimRef;

async function regain(world: RemovalWorld, unit = "a/db", platform = "p") {
  const run = createVolumeRegainer({ ...world.deps, platform });
  return drain(run(unit, { namespace: "paas-ws-a" }));
}

test("a kept volume is reserved for the claim it came from, and stays Retain", async () => {
  const world = makeRemovalWorld();
  await keep(world);
  const { result, events } = await regain(world);
  expect(result.map(({ name }) => name)).toEqual(["pv-chart"]);
  expect(events).toEqual([expect.objectContaining({ type: "step", unit: "a/db" })]);
  // the namespace and name stay, so no other tenant's claim can have it
  expect(claimOf(world, "pv-chart")).toEqual({ namespace: "paas-ws-a", name: "files" });
  expect(volume(world, "pv-chart")).toMatchObject({
    spec: { persistentVolumeReclaimPolicy: "Retain" },
    status: { phase: "Available" },
  });
  // its claim outlived the release, as those of a StatefulSet do: there is nothing to give back
  expect(claimOf(world, "pv-set")).toMatchObject({ uid: "claim-of-pv-set" });
});

test("once is enough: a second run writes nothing", async () => {
  const world = makeRemovalWorld();
  await keep(world);
  await regain(world);
  const before = world.cluster.writes().length;
  await regain(world);
  expect(world.cluster.writes()).toHaveLength(before);
});

test.each([
  ["another service", "a/db-2", "p"],
  ["another platform", "a/db", "other"],
])("%s gets nothing", async (_, unit, platform) => {
  const world = makeRemovalWorld();
  await keep(world);
  const before = world.cluster.writes().length;
  expect((await regain(world, unit, platform)).result).toEqual([]);
  expect(world.cluster.writes()).toHaveLength(before);
});

test("of two volumes of one claim the one kept last is given back, the other left alone", async () => {
  const world = makeRemovalWorld();
  await keep(world);
  const old = volume(world, "pv-chart");
  if (old === undefined) throw new Error("no volume");
  const { uid: _uid, resourceVersion: _version, managedFields: _fields, ...metadata } = old.metadata;
  const since = { ...metadata.annotations, "paas.woowtech.com/kept-since": "2025-01-01T00:00:00Z" };
  world.cluster.put({ ...old, metadata: { ...metadata, name: "pv-older", annotations: since } });
  const { result } = await regain(world);
  expect(result.map(({ name }) => name)).toEqual(["pv-chart"]);
  expect(claimOf(world, "pv-older")).toMatchObject({ uid: "claim-of-pv-chart" });
});

describe("a volume that does not become free", () => {
  test("stops the service, which would start empty", async () => {
    const world = makeRemovalWorld();
    await keep(world);
    // a controller that does not run: nothing changes while we wait
    const clock = clockOfNobody(world);
    const run = createVolumeRegainer({ ...world.deps, clock, platform: "p" });
    await expect(drain(run("a/db", { namespace: "paas-ws-a" }))).rejects.toMatchObject({
      code: "unavailable",
      subject: "PersistentVolume pv-chart",
    });
  });
});

/** Time passes, and nobody acts. */
function clockOfNobody({ deps }: RemovalWorld): Clock {
  let time = deps.clock.monotonicMs();
  return {
    nowMs: () => deps.clock.nowMs(),
    monotonicMs: () => time,
    sleep: async (ms) => {
      time += ms;
    },
  };
}

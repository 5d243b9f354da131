import { expect, test } from "vitest";
import { createChartPreparer } from "../../src/apply/prepare-chart.ts";
import { removeService } from "../../src/apply/remove/remove-service.ts";
import { refOf } from "../../src/cluster/object-ref.ts";
import type { Change, UnitPlan } from "../../src/plan/change.ts";
import { drain, makeRemovalWorld, release } from "./removal-world.ts";

const ref = { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: release };
const place = { releaseName: release, namespace: "paas-ws-a", storageKeys: ["persistence.size"] };

function planOf(change: Change): UnitPlan {
  return {
    address: "a/db",
    workspaceId: "a",
    intent: "apply",
    changes: [change],
    recovery: undefined,
    hold: undefined,
    notes: [],
    costBefore: undefined,
    costAfter: undefined,
  };
}

test("a HelmChart that is being deleted goes with its data kept, and the data waits for the new one", async () => {
  const world = makeRemovalWorld();
  const live = world.cluster.object(ref);
  if (live === undefined) throw new Error("no HelmChart");
  await world.cluster.delete(ref, { uid: live.metadata.uid });
  const deleting = world.cluster.object(ref);
  if (deleting === undefined) throw new Error("gone at once");
  const desired = { ...ref, metadata: { name: release, namespace: "paas-charts" }, spec: { chart: "db" } };
  const prepare = createChartPreparer({ ...world.deps, platform: "p" });
  await drain(
    prepare(
      planOf({
        action: "replace",
        ref: refOf(deleting),
        reason: "missing",
        fields: [],
        desired,
        live: deleting,
      }),
      place,
    ),
  );
  expect(world.cluster.object(ref)).toBeUndefined();
  expect([...world.data].sort()).toEqual(["pv-chart", "pv-neighbour", "pv-set"]);
  const kept = world.cluster.object({
    apiVersion: "v1",
    kind: "PersistentVolume",
    namespace: undefined,
    name: "pv-chart",
  });
  expect(kept).toMatchObject({
    spec: { persistentVolumeReclaimPolicy: "Retain", claimRef: { namespace: "paas-ws-a", name: "files" } },
    status: { phase: "Available" },
  });
});

test.each([
  ["4Gi", []],
  ["5Gi", []],
  ["10Gi", ["pv-chart"]],
])("a chart that asks for %s: what was kept and is smaller is warned of", async (size, expected) => {
  const world = makeRemovalWorld();
  const { service, deps, objects } = world;
  await drain(removeService({ ...service, mode: "keep-data", objects: objects() }, deps));
  const desired = {
    ...ref,
    metadata: { name: release, namespace: "paas-charts" },
    spec: { chart: "db", valuesContent: `persistence: { size: ${size} }\n` },
  };
  const prepare = createChartPreparer({ ...deps, platform: "p" });
  const { events } = await drain(
    prepare(
      planOf({ action: "create", ref, reason: "definition", fields: [], desired, predicted: false }),
      place,
    ),
  );
  const warnings = events.flatMap((event) => (event.type === "step" ? [event.message] : []));
  const warned = warnings.filter((message) => message.startsWith("warning: persistence.size asks for"));
  expect(warned.map((message) => /volume (\S+)/.exec(message)?.[1])).toEqual(expected);
});

test("nothing is asked or written for a HelmChart that stays", async () => {
  const world = makeRemovalWorld();
  const live = world.cluster.object(ref);
  if (live === undefined) throw new Error("no HelmChart");
  const desired = { ...ref, metadata: { name: release, namespace: "paas-charts" }, spec: { chart: "db" } };
  const prepare = createChartPreparer({ ...world.deps, platform: "p" });
  await drain(
    prepare(planOf({ action: "none", ref, reason: "definition", fields: [], desired, live }), place),
  );
  expect(world.cluster.requests).toEqual([]);
});

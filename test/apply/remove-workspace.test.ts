import { expect, test } from "vitest";
import type { RemovalMode } from "../../src/apply/remove/removal.ts";
import { removeService } from "../../src/apply/remove/remove-service.ts";
import { removeWorkspace } from "../../src/apply/remove/remove-workspace.ts";
import { drain, makeRemovalWorld } from "./removal-world.ts";
import type { RemovalWorld } from "./removal-world.ts";

const home = { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-ws-a" };

async function removeHome(world: RemovalWorld, mode: RemovalMode) {
  const namespace = world.cluster.object(home);
  const objects = namespace === undefined ? [] : [namespace];
  const removal = { workspaceId: "a", namespace: "paas-ws-a", objects, mode };
  return (await drain(removeWorkspace(removal, world.deps))).result;
}

/** A workspace whose neighbour never was, and whose service has gone as the mode says. */
async function emptied(mode: RemovalMode): Promise<RemovalWorld> {
  const world = makeRemovalWorld();
  for (const object of world.cluster.objects()) {
    const { name, labels } = object.metadata;
    const isNeighbour = name.includes("db-2") || labels?.["name"]?.includes("db-2") === true;
    if (isNeighbour || name === "pv-neighbour")
      world.cluster.remove({ ...object, ...object.metadata, namespace: object.metadata.namespace });
  }
  world.data.delete("pv-neighbour");
  const { service, deps, objects } = world;
  await drain(removeService({ ...service, mode, objects: objects() }, deps));
  return world;
}

test("a namespace goes when nothing is kept in it", async () => {
  const world = await emptied("delete-data");
  expect(await removeHome(world, "keep-data")).toMatchObject({ outcome: "removed" });
  expect(world.cluster.object(home)).toBeUndefined();
});

test("a namespace that holds kept data stays, and says what it is and how to delete it", async () => {
  const world = await emptied("keep-data");
  const result = await removeHome(world, "keep-data");
  expect(result.outcome).toBe("kept");
  expect(result.kept.map(({ name }) => name).sort()).toEqual(["pv-chart", "pv-set"]);
  expect(result.message).toContain("pv-set (a/db, data-paas-ws-a-db-0, 5Gi)");
  expect(result.hint).toContain("woow volumes delete");
  expect(world.cluster.object(home)?.metadata.deletionTimestamp).toBeUndefined();
  expect([...world.data].sort()).toEqual(["pv-chart", "pv-set"]);
});

test("with delete-data its volumes go before it", async () => {
  const world = await emptied("keep-data");
  expect(await removeHome(world, "delete-data")).toMatchObject({ outcome: "removed" });
  expect([...world.data]).toEqual([]);
  expect(world.cluster.object(home)).toBeUndefined();
});

test.each(["keep-data", "delete-data"] as const)(
  "a HelmChart that installs into it keeps it (%s)",
  async (mode) => {
    const world = await emptied("keep-data");
    world.cluster.put({
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name: "foreign", namespace: "paas-charts" },
      spec: { chart: "db", targetNamespace: "paas-ws-a" },
    });
    const result = await removeHome(world, mode);
    expect(result).toMatchObject({ outcome: "kept" });
    expect(result.message).toContain("paas-charts/foreign");
    expect([...world.data].sort()).toEqual(["pv-chart", "pv-set"]);
    expect(world.cluster.object(home)).toBeDefined();
  },
);

const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "u" }];

test.each<[string, string, object]>([
  ["apps/v1", "Deployment", {}],
  ["apps/v1", "StatefulSet", {}],
  ["apps/v1", "DaemonSet", {}],
  ["batch/v1", "CronJob", {}],
  ["batch/v1", "Job", {}],
  ["v1", "Pod", {}],
  ["v1", "PersistentVolumeClaim", {}],
  ["v1", "Secret", {}],
  ["v1", "ConfigMap", {}],
  ["v1", "Service", {}],
  ["networking.k8s.io/v1", "Ingress", {}],
  ["v1", "Secret", { annotations: { "helm.sh/hook": "x", "helm.sh/resource-policy": "keep" } }],
])("somebody's own %s %s keeps it, and is named", async (apiVersion, kind, metadata) => {
  const world = await emptied("delete-data");
  world.cluster.put({ apiVersion, kind, metadata: { name: "by-hand", namespace: "paas-ws-a", ...metadata } });
  const result = await removeHome(world, "keep-data");
  expect(result).toMatchObject({ outcome: "kept" });
  expect(result.message).toContain(`${kind} by-hand`);
  expect(world.cluster.object(home)?.metadata.deletionTimestamp).toBeUndefined();
});

test.each<[string, string, object]>([
  ["Kubernetes' own certificate", "ConfigMap", { name: "kube-root-ca.crt" }],
  ["what something else makes", "Secret", { name: "x", ownerReferences }],
  [
    "a certificate that is issued anew",
    "Secret",
    { name: "x", annotations: { "cert-manager.io/certificate-name": "x" } },
  ],
  ["what a hook left", "ConfigMap", { name: "x", annotations: { "helm.sh/hook": "pre-install" } }],
])("%s does not keep it", async (_, kind, metadata) => {
  const world = await emptied("delete-data");
  world.cluster.put({
    apiVersion: "v1",
    kind,
    metadata: { name: "x", namespace: "paas-ws-a", ...metadata },
  });
  expect(await removeHome(world, "keep-data")).toMatchObject({ outcome: "removed" });
});

test("a copy of the namespace, labels and all, is not deleted with it", async () => {
  const world = await emptied("delete-data");
  const copy = world.cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "copy" } });
  const namespace = world.cluster.object(home);
  if (namespace === undefined) throw new Error("no namespace");
  const removal = {
    workspaceId: "a",
    namespace: "paas-ws-a",
    objects: [copy, namespace],
    mode: "keep-data" as const,
  };
  expect((await drain(removeWorkspace(removal, world.deps))).result.outcome).toBe("removed");
  expect(world.cluster.object({ ...home, name: "copy" })).toBeDefined();
});

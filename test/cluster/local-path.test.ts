import { access } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { applyChart, collections, createNamespace, list, mustRequest } from "./on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
const namespace = "paas-charts";
const target = "tenant";

beforeAll(async () => {
  await createNamespace(cluster(), namespace);
  await createNamespace(cluster(), target);
});

interface Claim {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly volumeName?: string };
  readonly status: { readonly phase: string };
}

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly persistentVolumeReclaimPolicy: string;
    readonly claimRef?: { readonly uid?: string };
  };
  readonly status: { readonly phase: string };
}

const claimPath = (name: string) => `${collections.claims(target)}/${name}`;
const volumePath = (name: string) => `${collections.volumes()}/${name}`;

async function boundVolume(claim: string): Promise<string> {
  return waitUntil(`${claim} is bound`, async () => {
    const { status, body } = await cluster().request({ method: "GET", path: claimPath(claim) });
    const found = body as Claim;
    return status === 200 && found.status.phase === "Bound" && found.spec.volumeName;
  });
}

async function findVolume(name: string): Promise<Volume | undefined> {
  const { status, body } = await cluster().request({ method: "GET", path: volumePath(name) });
  return status === 200 ? (body as Volume) : undefined;
}

const untilReleased = (name: string) =>
  waitUntil(`${name} is released`, async () => (await findVolume(name))?.status.phase === "Released");

async function hasData(volume: string): Promise<boolean> {
  return access(join(cluster().volumesDir, volume, "data")).then(
    () => true,
    () => false,
  );
}

async function removeChart(name: string): Promise<void> {
  const path = `${collections.charts(namespace)}/${name}`;
  await mustRequest(cluster(), { method: "DELETE", path });
  await waitUntil(
    `${name} has gone`,
    async () => (await cluster().request({ method: "GET", path })).status === 404,
  );
}

async function retain(volume: string): Promise<void> {
  await mustRequest(cluster(), {
    method: "PATCH",
    path: volumePath(volume),
    contentType: "application/merge-patch+json",
    body: { spec: { persistentVolumeReclaimPolicy: "Retain" } },
  });
}

test("a claim waits for a pod, gets a volume with data, and takes both along", async () => {
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.claims(target),
    body: {
      metadata: { name: "unused" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    },
  });
  await applyChart(cluster(), { name: "gone", namespace, target, values: "{persistence: {enabled: true}}" });
  const volume = await boundVolume("gone-data");
  expect(await hasData(volume)).toBe(true);
  expect(await findVolume(volume)).toMatchObject({ spec: { persistentVolumeReclaimPolicy: "Delete" } });
  const claims = await list<Claim>(cluster(), collections.claims(target));
  expect(claims.find(({ metadata }) => metadata.name === "unused")?.status.phase).toBe("Pending");

  await removeChart("gone");
  await waitUntil("the volume has gone", async () => (await findVolume(volume)) === undefined);
  await waitUntil("its data has gone", async () => !(await hasData(volume)));
});

test("a volume that is retained stays with its data, and goes back to a claim of the same name", async () => {
  const values = "{persistence: {enabled: true}}";
  await applyChart(cluster(), { name: "back", namespace, target, values });
  const volume = await boundVolume("back-data");
  await retain(volume);
  await removeChart("back");
  await untilReleased(volume);
  expect(await hasData(volume)).toBe(true);

  await mustRequest(cluster(), {
    method: "PATCH",
    path: volumePath(volume),
    contentType: "application/merge-patch+json",
    body: { spec: { claimRef: { uid: null, resourceVersion: null } } },
  });
  await waitUntil("it is reserved", async () => (await findVolume(volume))?.status.phase === "Available");
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.claims(target),
    body: {
      metadata: {
        name: "back-data",
        labels: { "app.kubernetes.io/managed-by": "Helm" },
        annotations: { "meta.helm.sh/release-name": "back", "meta.helm.sh/release-namespace": target },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "local-path",
        volumeName: volume,
        resources: { requests: { storage: "1Gi" } },
      },
    },
  });
  await applyChart(cluster(), { name: "back", namespace, target, values });
  expect(await boundVolume("back-data")).toBe(volume);
  expect(await hasData(volume)).toBe(true);
});

test("a chart's keep annotation leaves the claim, and a StatefulSet its own", async () => {
  await applyChart(cluster(), {
    name: "kept",
    namespace,
    target,
    values: "{persistence: {enabled: true, keep: true}}",
  });
  await applyChart(cluster(), { name: "orders", namespace, target, chart: "db" });
  const volumes = [await boundVolume("kept-data"), await boundVolume("data-orders-0")];
  await removeChart("kept");
  await removeChart("orders");
  for (const claim of ["kept-data", "data-orders-0"]) {
    expect((await cluster().request({ method: "GET", path: claimPath(claim) })).status, claim).toBe(200);
  }
  for (const volume of volumes) expect(await hasData(volume)).toBe(true);
});

test("deleting a namespace deletes its data, but for what is retained", async () => {
  await createNamespace(cluster(), "leaving");
  await applyChart(cluster(), { name: "leaver", namespace, target: "leaving", chart: "db" });
  await applyChart(cluster(), { name: "stayer", namespace, target: "leaving", chart: "db" });
  const bound = async (claim: string) =>
    waitUntil(`${claim} is bound`, async () => {
      const claims = await list<Claim>(cluster(), collections.claims("leaving"));
      const found = claims.find(({ metadata }) => metadata.name === claim);
      return found?.status.phase === "Bound" && found.spec.volumeName;
    });
  const leaving = await bound("data-leaver-0");
  const staying = await bound("data-stayer-0");
  await retain(staying);
  await mustRequest(cluster(), { method: "DELETE", path: `${collections.namespaces()}/leaving` });
  await waitUntil("the namespace has gone", async () => {
    const path = `${collections.namespaces()}/leaving`;
    return (await cluster().request({ method: "GET", path })).status === 404;
  });
  await waitUntil("its data has gone", async () => !(await hasData(leaving)));
  await untilReleased(staying);
  expect(await hasData(staying)).toBe(true);
});

import { describe, expect, test } from "vitest";
import {
  claimName,
  readInventory,
  writeClaim,
  writeInventoryPart,
} from "../../src/apply/inventory/inventory-store.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import type { ClusterClaim, InventoryPart, UnitRecord } from "../../src/plan/inventory.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";

const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } };
const claim: ClusterClaim = {
  platform: "p",
  clusterUid: "uid-of-kube-system",
  records: "local",
  lastDeploymentId: 12,
  resourceVersion: undefined,
  uid: undefined,
};
const service = (name: string): UnitRecord => ({
  unit: `123/${name}`,
  objects: [
    { apiVersion: "v1", kind: "Secret", namespace: "paas-charts", name: `paas-ws-123-${name}-values` },
    {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      namespace: "paas-charts",
      name: `paas-ws-123-${name}`,
    },
    {
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      namespace: "paas-ws-123",
      name: `paas-ws-123-${name}-private`,
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      namespace: "paas-ws-123",
      name: `paas-ws-123-${name}`,
    },
  ],
  deploymentId: "#12",
  hold: undefined,
  secretKeys: ["main.secret.key"],
});
const part = (units: readonly UnitRecord[]): InventoryPart => ({
  owner: "123",
  units,
  resourceVersion: undefined,
  uid: undefined,
});
const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "paas-system", name });

async function makeWorld() {
  const cluster = createFakeCluster([system]);
  await writeClaim(cluster, claim);
  return cluster;
}
const edit = (cluster: Awaited<ReturnType<typeof makeWorld>>, name: string, text: string | undefined) =>
  cluster.edit(ref(name), (object) => {
    const data = object["data"] as Record<string, string>;
    const [key = ""] = Object.keys(data);
    if (text === undefined) delete object["data"];
    else data[key] = text;
  });

describe("what was written is read", () => {
  test("nothing before the first apply, not even a namespace", async () => {
    expect(await readInventory(createFakeCluster())).toEqual({ claim: undefined, parts: new Map() });
  });

  test("claim and parts, in one request", async () => {
    const cluster = await makeWorld();
    const holds: readonly UnitRecord["hold"][] = [
      { type: "suspended", by: "anna", at: "2026-01-01T00:00:00Z", reason: "holiday" },
      { type: "rollback", by: "anna", at: "2026-01-01T00:00:00Z", revision: 3, whileDefinition: "abc" },
      undefined,
    ];
    const units = holds.map((hold, index) => ({ ...service(`s-${index}`), hold }));
    const bare: UnitRecord = {
      unit: "123",
      objects: [
        { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-ws-123" },
        {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "ClusterRole",
          namespace: undefined,
          name: "odd:name",
        },
      ],
      deploymentId: undefined,
      hold: undefined,
    };
    const stored = await writeInventoryPart(cluster, part([bare, ...units]));
    const before = cluster.requests.length;
    const inventory = await readInventory(cluster);
    expect(cluster.requests.length - before).toBe(1);
    expect(inventory.parts).toEqual(new Map([["123", stored]]));
    expect(inventory.parts.get("123")?.units.map(({ unit }) => unit)).toEqual([
      "123",
      "123/s-0",
      "123/s-1",
      "123/s-2",
    ]);
    for (const [index, unit] of [bare, ...units].entries()) {
      const read = inventory.parts.get("123")!.units[index]!;
      expect({ ...read, objects: new Set(read.objects) }).toEqual({
        ...unit,
        objects: new Set(unit.objects),
      });
    }
    expect(inventory.claim).toEqual({
      ...claim,
      resourceVersion: expect.stringMatching(/./) as string,
      uid: expect.stringMatching(/./) as string,
    });
  });

  test("a label that was taken off hides nothing", async () => {
    const cluster = await makeWorld();
    await writeInventoryPart(cluster, part([service("a")]));
    for (const name of [claimName, "woow-inventory-123"])
      cluster.edit(ref(name), ({ metadata }) => void delete metadata["labels"]);
    const { claim: read, parts } = await readInventory(cluster);
    expect([read?.platform, parts.get("123")?.units.length]).toEqual(["p", 1]);
  });

  test("200 services of six objects take a fraction of a ConfigMap", async () => {
    const cluster = await makeWorld();
    const units = Array.from({ length: 200 }, (_, index) => {
      const one = service(`service-with-a-long-name-${index}`);
      return { ...one, objects: [...one.objects, ...one.objects.slice(0, 2)] };
    });
    await writeInventoryPart(cluster, part(units));
    const size = JSON.stringify(cluster.object(ref("woow-inventory-123"))).length;
    expect(size).toBeLessThan(250_000);
  });

  test("no label of a platform: the plan would take it for an object that nobody defines", async () => {
    const cluster = await makeWorld();
    await writeInventoryPart(cluster, part([service("a")]));
    for (const { metadata } of cluster.objects("ConfigMap"))
      expect(Object.keys(metadata.labels ?? {})).not.toContain("paas.woowtech.com/platform");
  });
});

describe("what cannot be understood is an error, never empty", () => {
  const good = JSON.stringify({ version: 1, owner: "123", units: [] });
  const unit = (rest: object) =>
    JSON.stringify({ version: 1, owner: "123", units: [{ unit: "123", objects: {}, ...rest }] });
  test.each<[string, string | undefined]>([
    ["no data", undefined],
    ["no text", ""],
    ["half a text", good.slice(0, 20)],
    ["a list", "[]"],
    ["no format", JSON.stringify({ owner: "123", units: [] })],
    ["a format of tomorrow", JSON.stringify({ version: 2, owner: "123", units: [] })],
    ["somebody else's", JSON.stringify({ version: 1, owner: "124", units: [] })],
    ["no units", JSON.stringify({ version: 1, owner: "123" })],
    ["a unit without objects", unit({ objects: undefined })],
    ["objects without a kind", unit({ objects: { Secret: ["a"] } })],
    ["objects that are no texts", unit({ objects: { "v1/Secret": [1] } })],
    ["a kind that we do not know", unit({ objects: { "v1/Nonsense": ["x/y"] } })],
    ["a kind that JavaScript knows", unit({ objects: { "v1/constructor": ["x"] } })],
    ["a kind of another group", unit({ objects: { "apps/v1/Secret": ["x/y"] } })],
    ["a path for a name", unit({ objects: { "v1/Secret": ["x/../../namespaces/y/secrets/z"] } })],
    ["an object in no namespace", unit({ objects: { "v1/Secret": ["x"] } })],
    ["a namespace in a namespace", unit({ objects: { "v1/Namespace": ["x/y"] } })],
    ["an address that is none", unit({ unit: "123/../x" })],
    ["an address with controls", unit({ unit: "123/\u001b[2Jx" })],
    ["a unit of another workspace", unit({ unit: "124/a" })],
    ["a hold of tomorrow", unit({ hold: { type: "paused", by: "a", at: "b" } })],
    ["a number for an id", unit({ id: 12 })],
  ])("%s", async (_, text) => {
    const cluster = await makeWorld();
    await writeInventoryPart(cluster, part([service("a")]));
    edit(cluster, "woow-inventory-123", text);
    await expect(readInventory(cluster)).rejects.toMatchObject({
      code: "unreadable",
      subject: "ConfigMap paas-system/woow-inventory-123",
    });
  });

  test.each<[string, object]>([
    ["no platform", { platform: "" }],
    ["no cluster", { clusterUid: undefined }],
    ["records nowhere", { records: "elsewhere" }],
    ["no number", { lastDeploymentId: -1 }],
  ])("a claim with %s", async (_, wrong) => {
    const cluster = await makeWorld();
    edit(cluster, claimName, JSON.stringify({ version: 1, ...claim, ...wrong }));
    await expect(readInventory(cluster)).rejects.toMatchObject({ code: "unreadable" });
  });

  test("parts whose claim is gone", async () => {
    const cluster = await makeWorld();
    await writeInventoryPart(cluster, part([service("a")]));
    cluster.remove(ref(claimName));
    await expect(readInventory(cluster)).rejects.toMatchObject({
      code: "unreadable",
      subject: "ConfigMap paas-system/woow-platform",
    });
  });
});

describe("writing", () => {
  test("each write needs the version of the last", async () => {
    const cluster = await makeWorld();
    const first = await writeInventoryPart(cluster, part([service("a")]));
    const second = await writeInventoryPart(cluster, { ...first, units: [service("b")] });
    expect(second.resourceVersion).not.toBe(first.resourceVersion);
    for (const stale of [first, part([service("c")])]) {
      await expect(writeInventoryPart(cluster, { ...stale, units: [service("c")] })).rejects.toMatchObject({
        code: "changed-meanwhile",
      });
    }
    expect((await readInventory(cluster)).parts.get("123")?.units[0]?.unit).toBe("123/b");
    await expect(writeClaim(cluster, { ...claim, lastDeploymentId: 13 })).rejects.toMatchObject({
      code: "changed-meanwhile",
    });
  });

  test("an answer that was lost is no change of somebody else's", async () => {
    const cluster = await makeWorld();
    const twice: ClusterClient = {
      ...cluster,
      create: async (...input) => cluster.create(...input).then(() => cluster.create(...input)),
      update: async (...input) => cluster.update(...input).then(() => cluster.update(...input)),
    };
    const first = await writeInventoryPart(twice, part([service("a")]));
    const second = await writeInventoryPart(twice, { ...first, units: [service("b")] });
    expect(second).toEqual((await readInventory(cluster)).parts.get("123"));
  });

  test("one without units is deleted, if it is the one that was read", async () => {
    const cluster = await makeWorld();
    const first = await writeInventoryPart(cluster, part([service("a")]));
    const second = await writeInventoryPart(cluster, { ...first, units: [service("b")] });
    await expect(writeInventoryPart(cluster, { ...first, units: [] })).rejects.toMatchObject({
      code: "changed-meanwhile",
    });
    const gone = await writeInventoryPart(cluster, { ...second, units: [] });
    expect([gone.resourceVersion, gone.uid]).toEqual([undefined, undefined]);
    expect((await readInventory(cluster)).parts.size).toBe(0);
    await writeInventoryPart(cluster, { ...gone, units: [service("c")] });
    expect((await readInventory(cluster)).parts.size).toBe(1);
  });

  test("too much for a ConfigMap is refused before it is sent", async () => {
    const cluster = await makeWorld();
    const before = cluster.requests.length;
    const units = Array.from({ length: 4_000 }, (_, index) => service(`service-${index}`));
    await expect(writeInventoryPart(cluster, part(units))).rejects.toMatchObject({ code: "refused" });
    expect(cluster.requests.length).toBe(before);
  });
});

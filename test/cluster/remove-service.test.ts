import { describe, expect, test } from "vitest";
import { collections, list, mustRequest } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { findVolume, makeScene, traces } from "./removal-scene.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();

const withVolume = "fullnameOverride: web\npersistence: { enabled: true, size: 1Gi }\n";

describe("keep-data", () => {
  test("a chart's own volume outlives the release, and a service of the same name gets it back", async () => {
    const scene = await makeScene(cluster(), "keep");
    await scene.create("web", { chart: "web", values: withVolume });
    const volume = await scene.volumeOf("web-data");
    await scene.writeData(volume.name, "precious");

    const { result } = await scene.remove("web", "keep-data");
    expect(result).toMatchObject({ outcome: "removed" });
    expect(result.kept.map(({ name }) => name)).toEqual([volume.name]);
    await waitUntil(
      "nothing is left",
      async () => (await traces(cluster(), scene.address("web"))).length === 0,
    );
    expect(await list(cluster(), collections.claims(scene.namespace))).toEqual([]);
    expect(await scene.data(volume.name)).toBe("precious");
    expect(await findVolume(scene.client, volume.name)).toMatchObject({ policy: "Retain", unit: "keep/web" });

    const regained = await scene.create("web", { chart: "web", values: withVolume });
    expect(regained.map(({ name }) => name)).toEqual([volume.name]);
    expect((await scene.volumeOf("web-data")).name).toBe(volume.name);
    expect(await scene.data(volume.name)).toBe("precious");
    expect(await findVolume(scene.client, volume.name)).toMatchObject({ policy: "Retain", phase: "Bound" });
  });

  test("the claim of a StatefulSet's template stays, and is taken over again", async () => {
    const scene = await makeScene(cluster(), "set");
    await scene.create("db", { chart: "db" });
    const claim = `data-${scene.address("db").releaseName}-0`;
    const volume = await scene.volumeOf(claim);
    await scene.writeData(volume.name, "orders");

    const { result } = await scene.remove("db", "keep-data");
    expect(result.kept.map(({ name }) => name)).toEqual([volume.name]);
    expect(await findVolume(scene.client, volume.name)).toMatchObject({ policy: "Retain", phase: "Bound" });

    await scene.create("db", { chart: "db" });
    expect((await scene.volumeOf(claim)).name).toBe(volume.name);
    expect(await scene.data(volume.name)).toBe("orders");
  });

  test("no other tenant's claim gets a kept volume", async () => {
    const scene = await makeScene(cluster(), "mine");
    const other = await makeScene(cluster(), "theirs");
    await scene.create("web", { chart: "web", values: withVolume });
    const volume = await scene.volumeOf("web-data");
    await scene.remove("web", "keep-data");
    await other.create("web", { chart: "web", values: withVolume });
    expect((await other.volumeOf("web-data")).name).not.toBe(volume.name);
    expect(await findVolume(scene.client, volume.name)).toMatchObject({ phase: "Released" });
  });

  test("a claim that names a kept volume does not get it: no other tenant's ever, the tenant's own once it is given back", async () => {
    const scene = await makeScene(cluster(), "named");
    const other = await makeScene(cluster(), "namers");
    await scene.create("web", { chart: "web", values: withVolume });
    const { name } = await scene.volumeOf("web-data");
    await scene.writeData(name, "precious");
    await scene.remove("web", "keep-data");

    const own = collections.claims(scene.namespace);
    const foreign = collections.claims(other.namespace);
    const claim = { namespace: scene.namespace, name: "web-data" };
    await postClaim(foreign, { claim: "web-data", volume: name });
    await postClaim(own, { claim: "web-data", volume: name });
    await forgeClaim(foreign, { claim: "forged-1", volume: name });
    expect(await phasesIn(foreign)).toEqual({ "web-data": "Pending", "forged-1": "Lost" });
    // not even one of the right name, as long as the volume is released by the claim that is gone
    expect(await phasesIn(own)).toEqual({ "web-data": "Pending" });
    const released = await findVolume(scene.client, name);
    expect(released).toMatchObject({ phase: "Released", policy: "Retain" });
    expect(released?.claim).toEqual({ ...claim, uid: expect.any(String) as string });
    await mustRequest(cluster(), { method: "DELETE", path: `${own}/web-data` });
    await waitUntil("the claim is gone", async () => (await list(cluster(), own)).length === 0);

    expect((await scene.regain("web")).map((one) => one.name)).toEqual([name]);
    await postClaim(foreign, { claim: "late", volume: name });
    await forgeClaim(foreign, { claim: "forged-2", volume: name });
    const refused = { "web-data": "Pending", late: "Pending", "forged-1": "Lost", "forged-2": "Lost" };
    expect(await phasesIn(foreign)).toEqual(refused);
    const reserved = { phase: "Available", policy: "Retain", claim: { ...claim, uid: undefined } };
    expect(await findVolume(scene.client, name)).toMatchObject(reserved);

    await scene.create("web", { chart: "web", values: withVolume });
    expect((await scene.volumeOf("web-data")).name).toBe(name);
    expect(await scene.data(name)).toBe("precious");
    await forgeClaim(foreign, { claim: "forged-3", volume: name });
    expect(await phasesIn(foreign)).toEqual({ ...refused, "forged-3": "Lost" });
  });
});

interface Claim extends KubeObject {
  readonly status: { readonly phase: string };
}

async function phasesIn(path: string): Promise<Readonly<Record<string, string>>> {
  const claims = await list<Claim>(cluster(), path);
  return Object.fromEntries(claims.map(({ metadata, status }) => [metadata.name, status.phase]));
}

/** A claim that names the volume it wants. */
async function postClaim(
  path: string,
  {
    claim,
    volume,
    annotations = {},
  }: { claim: string; volume: string; annotations?: Record<string, string> },
): Promise<void> {
  const spec = {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "local-path",
    volumeName: volume,
    resources: { requests: { storage: "1Gi" } },
  };
  await mustRequest(cluster(), {
    method: "POST",
    path,
    body: { metadata: { name: claim, annotations }, spec },
  });
}

/**
 * One that says it is bound already. Kubernetes takes claims in turn, and says of such a one that it is lost: then it
 * has judged the earlier ones, too.
 */
async function forgeClaim(path: string, wanted: { claim: string; volume: string }): Promise<void> {
  const annotations = {
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
  };
  await postClaim(path, { ...wanted, annotations });
  await waitUntil(
    `claim ${wanted.claim} is judged`,
    async () => (await phasesIn(path))[wanted.claim] !== "Pending",
  );
}

test("a volume that an installation makes while it is waited for outlives the release", async () => {
  const scene = await makeScene(cluster(), "late");
  const { releaseName } = scene.address("web");
  cluster().runner.stall(releaseName);
  await scene.create("web", { chart: "web", values: withVolume, wait: false });
  await waitUntil("an installation at work", async () => {
    const jobs = await list(cluster(), collections.jobs("paas-charts"));
    const job = jobs.find(({ metadata }) => metadata.name === `helm-install-${releaseName}`);
    return (job?.["status"] as { active?: number } | undefined)?.active === 1;
  });
  expect(await list(cluster(), collections.claims(scene.namespace))).toEqual([]);
  const removing = scene.remove("web", "keep-data");
  await new Promise((resolve) => setTimeout(resolve, 500));
  cluster().runner.unstall(releaseName);
  const { result } = await removing;
  expect(result).toMatchObject({ outcome: "removed" });
  expect(result.kept.map(({ claim }) => claim?.name)).toEqual(["web-data"]);
  const [kept] = result.kept;
  expect(await findVolume(scene.client, kept?.name ?? "")).toMatchObject({
    policy: "Retain",
    phase: "Released",
  });
});

test("a kept volume is not taken by a claim that asks for more: it stays as it was kept", async () => {
  const scene = await makeScene(cluster(), "more");
  await scene.create("web", { chart: "web", values: withVolume });
  const volume = await scene.volumeOf("web-data");
  await scene.writeData(volume.name, "precious");
  await scene.remove("web", "keep-data");
  await scene.create("web", { chart: "web", values: withVolume.replace("1Gi", "2Gi") });
  expect((await scene.volumeOf("web-data")).name).not.toBe(volume.name);
  expect(await scene.data(volume.name)).toBe("precious");
  expect(await findVolume(scene.client, volume.name)).toMatchObject({ policy: "Retain" });
});

describe("delete-data", () => {
  test("leaves nothing: no object, no claim, no volume, no bytes", async () => {
    const scene = await makeScene(cluster(), "gone");
    await scene.create("db", { chart: "db" });
    await scene.create("web", { chart: "web", values: withVolume });
    const orders = await scene.volumeOf(`data-${scene.address("db").releaseName}-0`);
    const files = await scene.volumeOf("web-data");
    for (const [id, volume] of [
      ["db", orders],
      ["web", files],
    ] as const) {
      const { result } = await scene.remove(id, "delete-data");
      expect(result).toMatchObject({ outcome: "removed", kept: [], message: undefined });
      expect(await findVolume(scene.client, volume.name)).toBeUndefined();
      expect(await scene.data(volume.name)).toBeUndefined();
      await waitUntil(
        "nothing is left",
        async () => (await traces(cluster(), scene.address(id))).length === 0,
      );
    }
  });

  test("what was kept before is deleted as well", async () => {
    const scene = await makeScene(cluster(), "later");
    await scene.create("web", { chart: "web", values: withVolume });
    const volume = await scene.volumeOf("web-data");
    await scene.remove("web", "keep-data");
    const { result } = await scene.remove("web", "delete-data");
    expect(result.outcome).toBe("removed");
    expect(await findVolume(scene.client, volume.name)).toBeUndefined();
    expect(await scene.data(volume.name)).toBeUndefined();
  });
});

describe("what the controller does not tell", () => {
  test("a swallowed uninstall is noticed, tried again, and named when it does not work", async () => {
    const scene = await makeScene(cluster(), "swallow");
    await scene.create("web", { chart: "web", values: withVolume });
    const volume = await scene.volumeOf("web-data");
    const { releaseName } = scene.address("web");
    cluster().runner.failUninstall(releaseName);
    const first = await scene.remove("web", "keep-data");
    expect(first.result).toMatchObject({ outcome: "failed" });
    expect(first.result.message).toContain(`sh.helm.release.v1.${releaseName}.v1`);
    expect(await scene.isReleased("web")).toBe(true);

    cluster().runner.allowUninstall(releaseName);
    const second = await scene.remove("web", "keep-data");
    expect(second.result).toMatchObject({ outcome: "removed" });
    await waitUntil(
      "nothing is left",
      async () => (await traces(cluster(), scene.address("web"))).length === 0,
    );
    expect(await scene.data(volume.name)).toBeDefined();
    // uninstalled four times (five have been seen on a busy machine), and installed never again
    const runs = cluster().runner.runs.filter(({ chart }) => chart === releaseName);
    const actions = runs.map(({ action }) => action);
    expect(actions.slice(0, 5)).toEqual(["install", "delete", "delete", "delete", "delete"]);
    expect(actions.lastIndexOf("install")).toBe(0);
  });

  test("a running upgrade is waited for, and one that does not end is stopped", async () => {
    const scene = await makeScene(cluster(), "race");
    await scene.create("web", { chart: "web", values: withVolume });
    const { releaseName } = scene.address("web");
    cluster().runner.stall(releaseName);
    await scene.create("web", { chart: "web", version: "1.1.0", values: withVolume, wait: false });
    await waitUntil("an upgrade at work", async () => {
      const jobs = await list(cluster(), collections.jobs("paas-charts"));
      const job = jobs.find(({ metadata }) => metadata.name === `helm-install-${releaseName}`);
      return (job?.["status"] as { active?: number } | undefined)?.active === 1;
    });
    const removing = scene.remove("web", "keep-data", { jobGraceMs: 1_000 });
    await waitUntil("the job is stopped", async () => {
      const jobs = await list(cluster(), collections.jobs("paas-charts"));
      const job = jobs.find(({ metadata }) => metadata.name === `helm-install-${releaseName}`);
      return (job?.["spec"] as { suspend?: boolean } | undefined)?.suspend === true;
    });
    cluster().runner.unstall(releaseName);
    const { result } = await removing;
    expect(result).toMatchObject({ outcome: "removed" });
    await waitUntil(
      "nothing is left",
      async () => (await traces(cluster(), scene.address("web"))).length === 0,
    );
  });

  test("a release that is pending for ever is removed too", async () => {
    const scene = await makeScene(cluster(), "pending");
    const { releaseName } = scene.address("db");
    cluster().runner.interruptNext(releaseName, { thenStall: true });
    await scene.create("db", { chart: "db", wait: false });
    await waitUntil("a record of Helm", async () => scene.isReleased("db"));
    const removing = scene.remove("db", "keep-data", { jobGraceMs: 500 });
    await waitUntil("the job is stopped", async () => {
      const jobs = await list(cluster(), collections.jobs("paas-charts"));
      const job = jobs.find(({ metadata }) => metadata.name === `helm-install-${releaseName}`);
      return job === undefined || (job["spec"] as { suspend?: boolean }).suspend === true;
    });
    cluster().runner.unstall(releaseName);
    const { result } = await removing;
    expect(result).toMatchObject({ outcome: "removed" });
    await waitUntil(
      "nothing is left",
      async () => (await traces(cluster(), scene.address("db"))).length === 0,
    );
  });

  test("a finalizer nobody takes away is named, with who should and what to do; the next run goes on", async () => {
    const scene = await makeScene(cluster(), "stuck");
    await scene.create("web", { chart: "web", values: withVolume });
    await cluster().pause("helm-controller");
    try {
      const { result, events } = await scene.remove("web", "keep-data", {
        uninstallMs: 4_000,
        explainMs: 1_000,
      });
      expect(result).toMatchObject({ outcome: "failed" });
      expect(result.message).toContain("wrangler.cattle.io/on-helm-chart-remove");
      expect(result.message).toContain("does not seem to run");
      expect(result.hint).toContain("journalctl -u k3s");
      expect(events.some((one) => one.type === "step" && one.message.startsWith("waiting: HelmChart"))).toBe(
        true,
      );
    } finally {
      await cluster().resume("helm-controller");
    }
    expect((await scene.remove("web", "keep-data")).result).toMatchObject({ outcome: "removed" });
  });
});

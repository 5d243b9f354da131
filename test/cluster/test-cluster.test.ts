import { access } from "node:fs/promises";
import { KubeConfig, VersionApi } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { collections, list, mustRequest, type KubeObject } from "./on-cluster.ts";
import { startTestCluster } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "api", users: [{ name: "paas:ann", groups: ["paas"] }] });

const configMaps = "/api/v1/namespaces/default/configmaps";

async function createConfigMap(name: string): Promise<void> {
  await mustRequest(cluster(), {
    method: "POST",
    path: configMaps,
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name } },
  });
}

test("an API server alone has what a K3s has: version, CRDs, class of volumes and of ingresses", async () => {
  const version = await mustRequest(cluster(), { method: "GET", path: "/version" });
  expect(version).toMatchObject({ gitVersion: "v1.35.8+k3s1", major: "1", minor: "35" });
  for (const path of [
    collections.charts("default"),
    "/apis/helm.cattle.io/v1/helmchartconfigs",
    "/apis/traefik.io/v1alpha1/middlewares",
    "/apis/cert-manager.io/v1/clusterissuers",
    "/apis/cert-manager.io/v1/certificates",
  ]) {
    expect(await list(cluster(), path), path).toEqual([]);
  }
  expect(
    await mustRequest(cluster(), {
      method: "GET",
      path: "/apis/storage.k8s.io/v1/storageclasses/local-path",
    }),
  ).toMatchObject({ reclaimPolicy: "Delete", volumeBindingMode: "WaitForFirstConsumer" });
  const classes = await list<KubeObject>(cluster(), "/apis/networking.k8s.io/v1/ingressclasses");
  expect(classes.map(({ metadata }) => metadata.name)).toEqual(["traefik"]);
});

test("the kubeconfigs work with the client our own code uses", async () => {
  const config = new KubeConfig();
  config.loadFromFile(cluster().kubeconfigPath);
  expect(config.getCurrentContext()).toBe("test");
  expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe("v1.35.8+k3s1");
  await expect(cluster().kubeconfigFor("nobody")).rejects.toThrow(/no user nobody/);
});

test("users are who they are: the tester may do nothing, a ServiceAccount what it was given", async () => {
  const secrets = collections.secrets("default");
  expect((await cluster().request({ method: "GET", path: secrets })).status).toBe(200);
  for (const user of ["tester", "paas:ann"]) {
    expect((await cluster().request({ method: "GET", path: secrets, user })).status, user).toBe(403);
  }
  await mustRequest(cluster(), {
    method: "POST",
    path: "/api/v1/namespaces/default/serviceaccounts",
    body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } },
  });
  const path = await cluster().kubeconfigForServiceAccount({ namespace: "default", name: "robot" });
  const config = new KubeConfig();
  config.loadFromFile(path);
  const self = await fetchAsConfigured(config, "/apis/authentication.k8s.io/v1/selfsubjectreviews");
  expect(self).toMatchObject({ status: { userInfo: { username: "system:serviceaccount:default:robot" } } });
});

async function fetchAsConfigured(config: KubeConfig, path: string): Promise<unknown> {
  const token = config.getCurrentUser()?.token ?? "";
  return mustRequest(cluster(), {
    method: "POST",
    path,
    token,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
}

describe("the audit log", () => {
  test("has every request since the mark, exactly once and by user", async () => {
    await cluster().request({ method: "GET", path: `${configMaps}?before=the-mark` });
    const mark = await cluster().auditMark();
    expect(await cluster().auditSince(mark, { user: "admin" })).toEqual([]);
    const names = Array.from({ length: 30 }, (_, index) => `counted-${index}`);
    await Promise.all(names.map(createConfigMap));
    await cluster().request({ method: "GET", path: configMaps, user: "tester" });
    await cluster().request({
      method: "PATCH",
      path: `${configMaps}/counted-0?dryRun=All`,
      contentType: "application/merge-patch+json",
      body: { data: { a: "b" } },
    });
    const events = await cluster().auditSince(mark, { user: "admin" });
    expect(events).toHaveLength(31);
    const creates = events.filter(({ verb }) => verb === "create");
    expect(creates.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const event of creates)
      expect(event).toMatchObject({ code: 201, dryRun: false, resource: "configmaps" });
    expect(events.filter(({ dryRun }) => dryRun)).toMatchObject([
      { verb: "patch", name: "counted-0", code: 200 },
    ]);
    const refused = await cluster().auditSince(mark, { user: "tester" });
    expect(refused).toMatchObject([{ verb: "list", code: 403, resource: "configmaps" }]);
  });

  test("has a watch once, when it starts and not when it ends", async () => {
    const mark = await cluster().auditMark();
    const path = `${configMaps}?watch=true&timeoutSeconds=1`;
    await cluster().request({ method: "GET", path });
    expect(await cluster().auditSince(mark, { user: "admin" })).toMatchObject([{ verb: "watch", code: 200 }]);
  });
});

test("a component that is stopped and started again has its port and its data", async () => {
  await createConfigMap("survivor");
  await cluster().pause("kube-apiserver");
  await expect(cluster().request({ method: "GET", path: configMaps })).rejects.toThrow(/ECONNREFUSED/);
  await cluster().resume("kube-apiserver");
  expect((await cluster().request({ method: "GET", path: `${configMaps}/survivor` })).status).toBe(200);
  await expect(cluster().pause("kwok")).rejects.toThrow(/no kwok/);
});

test("two clusters at once know nothing of each other, and nothing is left of one that was stopped", async () => {
  const other = await startTestCluster({ components: "api", audit: false });
  const pids = other.pids();
  expect(pids).toHaveLength(3);
  try {
    await createConfigMap("mine");
    const path = `${configMaps}/mine`;
    expect((await cluster().request({ method: "GET", path })).status).toBe(200);
    expect((await other.request({ method: "GET", path })).status).toBe(404);
    const uidOf = async (one: ReturnType<typeof cluster>) =>
      (await mustRequest<KubeObject>(one, { method: "GET", path: "/api/v1/namespaces/kube-system" })).metadata
        .uid;
    expect(await uidOf(other)).not.toBe(await uidOf(cluster()));
  } finally {
    await other.stop();
  }
  await waitUntil("every process has gone", () => Promise.resolve(pids.every((pid) => !isAlive(pid))));
  await expect(access(other.dir)).rejects.toThrow(/ENOENT/);
  await expect(fetch(other.server)).rejects.toThrow();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

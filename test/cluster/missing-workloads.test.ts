import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list, mustRequest, newestRelease } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
let platform: TestPlatform;
const namespace = "paas-ws-a";
const apps = (kind: string, name: string) => `/apis/apps/v1/namespaces/${namespace}/${kind}/${name}`;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-missing-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 3 }, databases: ["a"] });
  const applied = await woow("apply", "--yes");
  expect(applied.stderr).toBe("");
  expect(applied.status).toBe(0);
}, 120_000);

afterAll(async () => {
  await rm(platform.dir, { recursive: true, force: true });
});

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

const get = async (path: string): Promise<number> =>
  (await cluster().request({ method: "GET", path })).status;

async function deleteByHand(path: string): Promise<void> {
  await mustRequest(cluster(), { method: "DELETE", path: `${path}?propagationPolicy=Foreground` });
  await waitUntil(`${path} is gone`, async () => (await get(path)) === 404);
}

async function statusOf(id: string): Promise<{
  readonly state: string;
  readonly reason?: { readonly code: string; readonly message: string };
}> {
  const { stdout } = await woow("status", "-s", `a/${id}`, "-o", "json");
  const [service] = (
    JSON.parse(stdout) as { services: { state: string; reason?: { code: string; message: string } }[] }
  ).services;
  if (service === undefined) throw new Error(`no status of ${id}`);
  return service;
}

const releaseOf = async (id: string) => newestRelease(cluster(), { namespace, name: `${namespace}-${id}` });

test("a Deployment deleted by hand: status names it, plan says what apply will do, apply makes it whole again", async () => {
  const path = apps("deployments", `${namespace}-web-01`);
  expect(await statusOf("web-01")).toMatchObject({ state: "running" });
  await deleteByHand(path);

  expect(await statusOf("web-01")).toMatchObject({
    state: "error",
    reason: {
      code: "object-missing",
      message: `Deployment ${namespace}/${namespace}-web-01 of the release is gone: somebody deleted what the chart made`,
    },
  });
  const planned = await woow("plan", "-s", "a/web-01", "--detailed-exitcode");
  expect(planned.status).toBe(2);
  expect(planned.stdout).toContain("Helm makes it again when it runs");
  expect(await get(path)).toBe(404);

  const applied = await woow("apply", "--yes", "-s", "a/web-01");
  expect(applied.stderr).toBe("");
  expect(applied.status).toBe(0);
  expect(await get(path)).toBe(200);
  expect(await statusOf("web-01")).toMatchObject({ state: "running" });
  expect(await releaseOf("web-01")).toMatchObject({ status: "deployed", version: 2 });
  expect((await woow("plan", "--detailed-exitcode")).status).toBe(0);
});

test("a Service deleted by hand: the same, with retry alone", async () => {
  const path = `/api/v1/namespaces/${namespace}/services/${namespace}-web-02`;
  await deleteByHand(path);
  expect((await statusOf("web-02")).reason).toMatchObject({
    code: "object-missing",
    message: expect.stringContaining(`Service ${namespace}/${namespace}-web-02`) as string,
  });
  const retried = await woow("retry", "a/web-02");
  expect(retried.status, retried.stdout + retried.stderr).toBe(0);
  expect(await get(path)).toBe(200);
  expect(await statusOf("web-02")).toMatchObject({ state: "running" });
});

test("a StatefulSet deleted by hand comes back on the claim and volume it had", async () => {
  const path = apps("statefulsets", `${namespace}-db-01`);
  const claims = async () =>
    (await list<KubeObject & { spec: { volumeName: string } }>(cluster(), collections.claims(namespace))).map(
      ({ metadata, spec }) => [metadata.uid, spec.volumeName],
    );
  const before = await claims();
  expect(before).toHaveLength(1);
  await deleteByHand(path);
  expect((await statusOf("db-01")).reason?.code).toBe("object-missing");
  const applied = await woow("apply", "--yes");
  expect(applied.status, applied.stdout + applied.stderr).toBe(0);
  expect(await statusOf("db-01")).toMatchObject({ state: "running" });
  expect(await claims()).toEqual(before);
});

test("a Deployment scaled to 0: status says so and how to undo it, apply does not claim that it runs and writes nothing", async () => {
  const scale = async (replicas: number) => {
    await mustRequest(cluster(), {
      method: "PATCH",
      path: `${apps("deployments", `${namespace}-web-03`)}/scale`,
      contentType: "application/merge-patch+json",
      body: { spec: { replicas } },
    });
  };
  await scale(0);
  expect(await statusOf("web-03")).toMatchObject({
    state: "error",
    reason: {
      code: "scaled-to-zero",
      message: `Deployment ${namespace}/${namespace}-web-03 was scaled to 0 pods; the release has 1`,
    },
  });
  const mark = await cluster().auditMark();
  const applied = await woow("apply", "--yes", "-s", "a/web-03");
  expect(applied.status).toBe(5);
  expect(applied.stdout + applied.stderr).toContain(
    `kubectl scale -n ${namespace} deployment/${namespace}-web-03 --replicas=1`,
  );
  const writes = (await cluster().auditSince(mark, { user: "admin" })).filter(
    ({ verb }) => verb !== "list" && verb !== "get" && verb !== "watch",
  );
  expect(writes).toEqual([]);
  expect(await releaseOf("web-03")).toMatchObject({ version: 1 });

  await scale(1);
  await waitUntil("web-03 runs again", async () => (await statusOf("web-03")).state === "running");
  expect((await woow("apply", "--yes", "-s", "a/web-03")).status).toBe(0);
});

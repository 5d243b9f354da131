import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { list } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster();
let platform: TestPlatform;
const release = "paas-ws-a-web-01";
const rbac = "rbac.authorization.k8s.io";
const container = { name: "c", image: "registry.example.com/c:1" };

/** What charts commonly bring: workloads of every kind, a volume, and rights within the namespace. */
const ordinary = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "own" } },
  {
    apiVersion: `${rbac}/v1`,
    kind: "Role",
    metadata: { name: "own" },
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "update"] }],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { name: "own" },
    roleRef: { apiGroup: rbac, kind: "Role", name: "own" },
    subjects: [{ kind: "ServiceAccount", name: "own", namespace: "paas-ws-a" }],
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "headless" },
    spec: { clusterIP: "None", selector: { app: "set" }, ports: [{ port: 80 }] },
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "set" },
    spec: {
      serviceName: "headless",
      selector: { matchLabels: { app: "set" } },
      template: {
        metadata: { labels: { app: "set" } },
        spec: {
          serviceAccountName: "own",
          containers: [{ ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
      ],
    },
  },
  {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "nightly" },
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } },
    },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "own" },
    spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
  },
];

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-admission-charts-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 3, b: 1 } });
  const file = join(dir, "workspaces/a/web-01.yaml");
  await writeFile(
    file,
    (await readFile(file, "utf8")).replace(
      "message: hello",
      "message: hello\n  hooks.preInstall: ok\n  hooks.preDelete: ok\n  persistence.enabled: true",
    ),
  );
  await bring("web-01", ordinary);
  await bring("web-02", [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "out" },
      spec: { type: "LoadBalancer", selector: { app: "x" }, ports: [{ port: 80 }] },
    },
  ]);
  await bring("web-03", [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "over-there", namespace: "paas-ws-b" } },
  ]);
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function bring(id: string, objects: readonly object[]): Promise<void> {
  const text = `raw_values: { also: ${JSON.stringify(JSON.stringify(objects))} }\n`;
  await appendFile(join(platform.dir, `workspaces/a/${id}.yaml`), text);
}

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

test("an ordinary chart with hooks, workloads, volumes and rights of its own installs, by the chart job's own token", async () => {
  const applied = await woow("apply", "--yes", "--timeout", "120", "-s", "a/web-01", "-w", "b");
  expect([applied.stdout + applied.stderr, applied.status]).toEqual([expect.any(String), 0]);
  const sets = await list(cluster(), "/apis/apps/v1/namespaces/paas-ws-a/statefulsets");
  expect(sets.map(({ metadata }) => metadata.name)).toEqual(["set"]);
});

test.each([
  ["web-02", "admission policy woow-services refuses an object of the chart"],
  ["web-03", "admission policy woow-chart-jobs refuses an object of the chart"],
])("a chart that leaves its tenant does not install, and status says why: %s", async (id, words) => {
  const applied = await woow("apply", "--yes", "--timeout", "120", "-s", `a/${id}`);
  expect([applied.stdout, applied.status]).toEqual([expect.stringContaining(words), expect.any(Number)]);
  expect(applied.status).not.toBe(0);
  expect((await woow("status", "-s", `a/${id}`)).stdout).toContain(words);
  const foreign = await list(cluster(), "/api/v1/namespaces/paas-ws-b/configmaps");
  expect(foreign.map(({ metadata }) => metadata.name)).not.toContain("over-there");
});

test("a chart job uninstalls the ordinary chart with all it made", async () => {
  const destroyed = await woow("destroy", "a/web-01", "--delete-data", "--confirm", "a/web-01", "--yes");
  expect([destroyed.stdout + destroyed.stderr, destroyed.status]).toEqual([expect.any(String), 0]);
  const left = await list(cluster(), "/apis/apps/v1/namespaces/paas-ws-a/statefulsets");
  expect(left).toEqual([]);
  const secrets = await list(cluster(), "/api/v1/namespaces/paas-ws-a/secrets");
  expect(secrets.filter(({ metadata }) => metadata.name.includes(release))).toEqual([]);
});

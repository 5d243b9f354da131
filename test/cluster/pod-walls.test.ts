import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeRefusal } from "../../src/status/assess-workloads.ts";
import { readRoleTable } from "../support/role-table.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { forbiddenPods, ordinarySpec } from "./forbidden-pods.ts";
import { collections, list, mustRequest } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const owner = "paas:owner@a.example";
const cluster = useCluster({ audit: false, users: [{ name: owner }] });
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-pod-walls-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 1, refused: 1, small: 1 },
    databases: ["a"],
  });
  await appendFile(join(dir, "workspaces/refused/web-01.yaml"), "raw_values: { mighty: true }\n");
  // room for two of the three pods its chart is told to make
  await appendFile(join(dir, "workspaces/small/web-01.yaml"), "  replicas: 3\n");
  const quota = "quota: { vcpu: 2, ram_gb: 1, limits_vcpu: 4, limits_ram_gb: 2 }\n";
  await appendFile(join(dir, "workspaces/small/workspace.yaml"), quota);
  const applied = await woow("apply", "--yes", "--timeout", "120");
  expect([applied.stderr, applied.status]).toEqual(["", 5]);
}, 300_000);

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

async function runPod(name: string, spec: object): Promise<{ status: number; body: { message?: string } }> {
  const answer = await cluster().request({
    method: "POST",
    path: collections.pods("paas-ws-a"),
    body: { metadata: { name }, spec },
  });
  return answer as { status: number; body: { message?: string } };
}

test.each(forbiddenPods)(
  "pod security refuses $what in a tenant's namespace, to an administrator too",
  async (pod) => {
    const { status, body } = await runPod("forbidden", pod.spec);
    expect(status).toBe(403);
    expect(body.message).toMatch(/violates PodSecurity "baseline:/);
    expect(body.message).toMatch(pod.says);
  },
);

test("a pod that asks for nothing gets the container defaults and runs", async () => {
  expect((await runPod("ordinary", ordinarySpec)).status).toBe(201);
  const path = `${collections.pods("paas-ws-a")}/ordinary`;
  const pod = await waitUntil("the pod to run", async () => {
    const found = await mustRequest<RunningPod>(cluster(), { method: "GET", path });
    return found.status.phase === "Running" ? found : undefined;
  });
  expect(pod.spec.containers.map(({ resources }) => resources)).toEqual([
    { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
  ]);

  const forbidden = await cluster().request({
    method: "PATCH",
    path: `${path}/ephemeralcontainers`,
    contentType: "application/strategic-merge-patch+json",
    body: {
      spec: {
        ephemeralContainers: [{ name: "shell", image: "shell:1", securityContext: { privileged: true } }],
      },
    },
  });
  expect([forbidden.status, forbidden.body]).toEqual([
    403,
    expect.objectContaining({ message: expect.stringContaining('violates PodSecurity "baseline:') }),
  ]);
});

test("a pod over the quota is refused with what it asks for, what is used and the limit", async () => {
  const container = {
    ...ordinarySpec.containers[0],
    resources: { requests: { cpu: 600 }, limits: { cpu: 600 } },
  };
  const { status, body } = await runPod("too-big", { containers: [container] });
  expect(status).toBe(403);
  expect(body.message).toMatch(
    /exceeded quota: workspace-quota, requested: requests\.cpu=600, used: requests\.cpu=\d+m?, limited: requests\.cpu=512$/,
  );
});

test("a request above the default limit is refused, and status names both", async () => {
  const container = { ...ordinarySpec.containers[0], resources: { requests: { cpu: 1 } } };
  const { status, body } = await runPod("unlimited", { containers: [container] });
  expect(status).toBe(422);
  expect(describeRefusal(undefined, body.message ?? "")).toMatchObject({
    code: "pod-refused",
    message: "pods are refused: a container asks for cpu 1 and its limit is 500m",
  });
});

test("status says in plain words that a quota leaves no room for a chart's pods, with the numbers", async () => {
  const [service] = await readStatus("small/web-01");
  expect(service?.reason).toMatchObject({
    code: "quota",
    message:
      "quota workspace-quota leaves no room for pods of Deployment paas-ws-small/paas-ws-small-web-01: " +
      "asked for limits.cpu=2, limits.memory=1Gi, requests.cpu=1, requests.memory=512Mi, " +
      "used limits.cpu=4, limits.memory=2Gi, requests.cpu=2, requests.memory=1Gi, " +
      "limit limits.cpu=4, limits.memory=2Gi, requests.cpu=2, requests.memory=1Gi",
    hint: "raise the workspace's quota or lower the service's resources, then woow apply",
  });
});

test("status says in plain words that pod security refuses a chart's pods, and what about them", async () => {
  const [service] = await readStatus("refused/web-01");
  expect(service?.reason).toMatchObject({
    code: "pod-refused",
    message:
      "pods of Deployment paas-ws-refused/paas-ws-refused-web-01 are refused by pod security baseline:latest (privileged)",
  });
});

test("nothing that an owner can read holds a password of the workspace", async () => {
  const encoded = Buffer.from(databasePassword).toString("base64");
  const holds = (text: string) => text.includes(databasePassword) || text.includes(encoded);
  const readable = [...(readRoleTable().get("owner") ?? [])]
    .filter((cell) => cell.startsWith("list ") && !/paas\.woowtech|metrics\.k8s|pods\/log/.test(cell))
    .map((cell) => cell.slice("list ".length));
  expect(readable.length).toBeGreaterThan(10);
  for (const name of readable) {
    const [group = "", resource = ""] = name.split("/");
    const base = group === "" ? "/api/v1" : `/apis/${group}/v1`;
    const path = `${base}/namespaces/paas-ws-a/${resource}`;
    const { status, body } = await cluster().request({ method: "GET", path, user: owner });
    expect([name, status, holds(JSON.stringify(body))]).toEqual([name, 200, false]);
  }
  const pods = await list(cluster(), collections.pods("paas-ws-a"));
  expect(pods.length).toBeGreaterThan(1);
  expect(holds(JSON.stringify(await list(cluster(), collections.secrets("paas-ws-a"))))).toBe(true);
});

interface RunningPod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly resources: unknown }[] };
  readonly status: { readonly phase?: string };
}

interface ShownService {
  readonly reason?: { readonly code: string; readonly message: string; readonly hint?: string };
}

async function readStatus(service: string): Promise<readonly ShownService[]> {
  const { stdout } = await woow("status", "-s", service, "-o", "json");
  return (JSON.parse(stdout) as { services: ShownService[] }).services;
}

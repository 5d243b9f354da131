import { expect, test } from "vitest";
import { readStatuses } from "../../src/status/read-statuses.ts";
import { createReleaseMemory, readContent } from "../../src/status/release-content.ts";
import type { ReleaseMemory } from "../../src/status/release-content.ts";
import type { ServiceStatus } from "../../src/status/service-status.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import {
  clusterWith,
  deployedMs,
  deploymentObject,
  facts,
  jobObject,
  nowMs,
  releaseObject,
  time,
  webManifest,
} from "./service-objects.ts";
import type { World } from "./service-objects.ts";

async function look(
  world: World | FakeCluster,
  { contents, backend = facts.backend }: { contents?: ReleaseMemory; backend?: typeof facts.backend } = {},
): Promise<ServiceStatus> {
  const cluster = "requests" in world ? world : clusterWith(world);
  const { statuses } = await readStatuses(cluster, {
    services: [{ ...facts, backend }],
    nowMs,
    certificates: false,
    pods: false,
    ...(contents === undefined ? {} : { contents }),
  });
  return statuses.get(facts.unit)!;
}

const worker = `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: paas-ws-a-web-worker }
spec: { template: {} }
`;

test("the only workload gone: an error that names it, though nothing is left that is not ready", async () => {
  const status = await look({ deployment: undefined });
  expect(status).toMatchObject({ state: "error", isFinal: true, wantedPods: 0 });
  expect(status.reason).toMatchObject({
    code: "object-missing",
    ref: { kind: "Deployment", namespace: "paas-ws-a", name: "paas-ws-a-web" },
  });
  expect(JSON.stringify(status)).not.toContain("made-up");
});

test("one of several gone: an error, though the other runs", async () => {
  const status = await look({ release: releaseObject({ manifest: webManifest + worker }) });
  expect(status.reason).toMatchObject({ code: "object-missing", ref: { name: "paas-ws-a-web-worker" } });
});

test("another workload that says it is of the release is none of what the release made", async () => {
  const impostor = deploymentObject();
  const other = { ...impostor, metadata: { ...impostor.metadata, name: "elsewhere" } };
  const status = await look({ deployment: other });
  expect(status.reason).toMatchObject({ code: "object-missing", ref: { name: "paas-ws-a-web" } });
});

test("a workload whose marks somebody took off is still the release's", async () => {
  const marked = deploymentObject({ availableReplicas: 0 });
  const { annotations: _, ...metadata } = marked.metadata;
  expect(await look({ deployment: { ...marked, metadata } })).toMatchObject({
    state: "deploying",
    wantedPods: 1,
    reason: { code: "rolling-out" },
  });
});

test("a Service of the release gone, be it behind an Ingress or not", async () => {
  const gone = { service: undefined, endpoints: undefined };
  for (const backend of [facts.backend, undefined]) {
    const status = await look(gone, { backend });
    expect(status.reason).toMatchObject({
      code: "object-missing",
      ref: { kind: "Service", name: "paas-ws-a-web" },
    });
  }
  // its slice comes a moment after it
  expect((await look({ endpoints: undefined })).reason?.code).toBe("backend-without-endpoints");
});

test("a workload that is being deleted: waiting changes something", async () => {
  const going = deploymentObject();
  const status = await look({
    deployment: {
      ...going,
      metadata: { ...going.metadata, deletionTimestamp: time(nowMs), finalizers: ["foregroundDeletion"] },
    },
  });
  expect(status).toMatchObject({ state: "error", isFinal: false, reason: { code: "object-missing" } });
});

const scaledTo = (count: number) =>
  deploymentObject({ replicas: count, updatedReplicas: count, availableReplicas: count }, count);

test("scaled to zero by hand is an error, to another number a warning", async () => {
  const stopped = await look({ deployment: scaledTo(0) });
  expect(stopped).toMatchObject({ state: "error", isFinal: true, reason: { code: "scaled-to-zero" } });
  expect(stopped.reason?.hint).toContain("kubectl scale -n paas-ws-a deployment/paas-ws-a-web --replicas=1");
  expect(await look({ deployment: scaledTo(3) })).toMatchObject({
    state: "running",
    warnings: [{ code: "scaled" }],
  });
});

test("a number nobody set is one pod, and no upgrade fails on it", async () => {
  const release = releaseObject({ manifest: webManifest.replace("  replicas: 1\n", "") });
  expect((await look({ release, deployment: scaledTo(0) })).reason?.code).toBe("scaled-to-zero");
  expect((await look({ release, deployment: scaledTo(3) })).warnings).toEqual([]);
});

test("zero pods are right where the chart says so, or an autoscaler of the chart decides", async () => {
  const release = releaseObject({ manifest: webManifest.replace("replicas: 1", "replicas: 0") });
  expect((await look({ release, deployment: scaledTo(0) })).state).toBe("running");
  const scaler = `---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: x }
spec: { scaleTargetRef: { name: paas-ws-a-web } }
`;
  const scaled = releaseObject({ manifest: webManifest + scaler });
  expect((await look({ release: scaled, deployment: scaledTo(0) })).state).toBe("running");
});

test("a chart without workloads runs without pods; a record that is none hides nothing else", async () => {
  const none = releaseObject({ manifest: "---\nkind: ConfigMap\napiVersion: v1\nmetadata: { name: x }\n" });
  expect(await look({ release: none, deployment: undefined })).toMatchObject({
    state: "running",
    wantedPods: 0,
  });
  const broken = releaseObject({ manifest: undefined });
  expect((await look({ release: broken })).state).toBe("running");
});

test("a release is read once, whatever comes of it", async () => {
  for (const manifest of [webManifest, undefined]) {
    const contents = createReleaseMemory();
    const cluster = clusterWith({ release: releaseObject({ manifest }) });
    await look(cluster, { contents });
    const first = cluster.requests.length;
    await look(cluster, { contents });
    expect(cluster.requests.length - first).toBe(first - 1);
  }
});

test("what upgrades is never deploying, from the old release's end to the job's", async () => {
  const job = jobObject({ status: { active: 1 }, expected: "1", createdMs: nowMs });
  for (const status of ["pending-upgrade", "deployed"]) {
    const release = releaseObject({ version: 2, status, changedMs: nowMs });
    expect((await look({ job, release })).state).toBe("upgrading");
  }
});

test("times of a release are the API server's, not those Helm hands on from the first", async () => {
  const status = await look({ release: releaseObject({ version: 2, changedMs: nowMs - 3_600_000 }) });
  expect(status).toMatchObject({ lastUpgradedAt: time(nowMs - 3_600_000), deployedAt: time(deployedMs) });
});

test("labels and type of a release's record do not make one under another name", async () => {
  const record = releaseObject({ version: 9000, status: "failed" });
  const forged = { ...record, metadata: { ...record.metadata, name: "mine" } };
  expect(await look({ more: [forged] })).toMatchObject({ state: "running", helmRevision: 1 });
});

test("namespaces, lists and odd documents of a manifest", () => {
  const manifest = `---
# nothing
---
apiVersion: v1
kind: List
items:
  - { apiVersion: apps/v1, kind: StatefulSet, metadata: { name: db, namespace: other }, spec: { replicas: 2 } }
  - { apiVersion: v1, kind: Service, metadata: { name: outside }, spec: { type: ExternalName } }
  - { apiVersion: v1, kind: Service, metadata: { name: by-hand }, spec: { ports: [] } }
---
{"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "no"}}
---
apiVersion: apps/v1
kind: "DaemonSet" # quoted
metadata: { name: agent, name: agent }
`;
  expect(readContent({ manifest }, "paas-ws-a")).toEqual({
    workloads: [
      {
        ref: { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "other", name: "db" },
        replicas: 2,
        setsReplicas: true,
      },
      {
        ref: { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "paas-ws-a", name: "agent" },
        replicas: undefined,
        setsReplicas: false,
      },
    ],
    services: [],
  });
  expect(readContent({ manifest: "" }, "x")).toEqual({ workloads: [], services: [] });
  expect(readContent({ manifest: "kind: Service\n  bad: [" }, "x")).toBeUndefined();
  expect(readContent({}, "x")).toBeUndefined();
});

import { expect, test } from "vitest";
import { readStatuses } from "../../src/status/read-statuses.ts";
import type { ServiceFacts } from "../../src/status/service-facts.ts";
import type { ServiceStatus } from "../../src/status/service-status.ts";
import type { RunBefore } from "../../src/status/verdict.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import {
  chartObject,
  clusterWith,
  conditions,
  deployedMs,
  deploymentObject,
  endpointsObject,
  eventObject,
  facts,
  goingNamespace,
  jobObject,
  jobPodObject,
  notReady,
  nowMs,
  podObject,
  releaseObject,
  deploymentManifest,
  time,
} from "./service-objects.ts";
import type { World } from "./service-objects.ts";

interface Look {
  readonly atMs?: number;
  readonly about?: Partial<ServiceFacts>;
  readonly before?: RunBefore;
  readonly pods?: boolean;
  readonly certificates?: boolean;
}

async function look(cluster: FakeCluster, options: Look = {}): Promise<ServiceStatus> {
  const { atMs = nowMs, about = {}, before, pods = false, certificates = false } = options;
  const { statuses } = await readStatuses(cluster, {
    services: [{ ...facts, ...about }],
    nowMs: atMs,
    certificates,
    pods,
    ...(before === undefined ? {} : { before: new Map([[facts.unit, before]]) }),
  });
  const status = statuses.get(facts.unit);
  if (status === undefined) throw new Error("no status");
  return status;
}

test("a service of which everything is as it should be runs", async () => {
  const cluster = clusterWith();
  expect(await look(cluster)).toEqual({
    unit: "a/web",
    state: "running",
    reason: undefined,
    isFinal: true,
    helmRevision: 1,
    helmStatus: "deployed",
    chartVersion: "1.0.0",
    deployedAt: time(deployedMs),
    lastUpgradedAt: undefined,
    readyPods: 1,
    wantedPods: 1,
    certificate: { type: "unknown" },
    warnings: [],
  });
  // of Secrets' data only the release's, and nothing that only a failure needs
  expect(cluster.requests.map(({ verb }) => verb)).toEqual(Array.from({ length: 11 }, () => "list"));
  expect(cluster.requests.some(({ kind }) => kind === "Pod" || kind === "Event")).toBe(false);
});

const failedPod = (container: object) => ({
  deployment: deploymentObject(notReady),
  more: [podObject({ container })],
});
const crashed = { exitCode: 3, reason: "Error", message: "token: made-up-1\n" };

/** What is wrong, and what is said of it: code, state, whether waiting is hopeless, and the sentence. */
const cases: readonly (readonly [
  code: string,
  world: World,
  says: { readonly state: string; readonly final: boolean; readonly message: string },
  look?: Look,
])[] = [
  [
    "not-applied",
    { chart: undefined, job: undefined, release: undefined },
    { state: "pending", final: true, message: "it is defined but was never applied" },
  ],
  [
    "not-defined",
    { chart: undefined, job: undefined, release: undefined },
    {
      state: "deleting",
      final: true,
      message: "its release is gone, but woow still keeps a record of its objects",
    },
    { about: { isDefined: false } },
  ],
  [
    "helm-chart-missing",
    { chart: undefined },
    {
      state: "error",
      final: true,
      message: "revision 1 is installed, but HelmChart paas-charts/paas-ws-a-web is gone",
    },
  ],
  [
    "uninstall-error",
    { chart: undefined, release: releaseObject({ status: "uninstalling" }) },
    {
      state: "error",
      final: true,
      message:
        "its HelmChart is gone, but helm uninstall did not finish: revision 1 is still there as uninstalling",
    },
  ],
  [
    "helm-chart-unmanaged",
    { chart: chartObject({ annotations: { "helmcharts.helm.cattle.io/unmanaged": "" } }) },
    {
      state: "error",
      final: true,
      message: "its HelmChart carries the annotation that tells K3s to leave it alone",
    },
  ],
  [
    "namespace-missing",
    {
      namespace: undefined,
      release: undefined,
      deployment: undefined,
      service: undefined,
      endpoints: undefined,
      ingress: undefined,
    },
    {
      state: "error",
      final: true,
      message: "namespace paas-ws-a is not there, so the chart has nowhere to go",
    },
  ],
  [
    "namespace-terminating",
    { namespace: goingNamespace },
    {
      state: "deleting",
      final: true,
      message:
        "namespace paas-ws-a is being deleted since 5 min: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    },
  ],
  [
    "values-secret-missing",
    { values: undefined, job: undefined, release: undefined },
    {
      state: "error",
      final: true,
      message:
        "Secret paas-charts/paas-ws-a-web-values with its values is not there, so the chart job cannot start",
    },
  ],
  [
    "job-not-created",
    {
      chart: chartObject({ status: conditions(["Failed", "True", { reason: "Unsupported version" }]) }),
      job: undefined,
      release: undefined,
    },
    { state: "error", final: true, message: "K3s cannot make the chart job (Unsupported version)" },
  ],
  [
    "job-not-started",
    { job: undefined, release: undefined },
    { state: "pending", final: false, message: "K3s has not started the chart job yet" },
    { atMs: deployedMs + 5000 },
  ],
  [
    "controller-not-running",
    { job: undefined, release: undefined },
    {
      state: "pending",
      final: false,
      message: "K3s has not started a chart job for the change made 24 h ago",
    },
  ],
  [
    "job-outdated",
    { chart: chartObject({ spec: { version: "1.1.0" }, creationTimestamp: time(nowMs - 5000) }) },
    {
      state: "upgrading",
      final: false,
      message: "K3s has not started a chart job for the newest change yet",
    },
  ],
  [
    "job-outdated",
    { chart: chartObject({ creationTimestamp: time(nowMs - 5000) }) },
    {
      state: "upgrading",
      final: false,
      message: "K3s has not started a chart job for the newest change yet",
    },
    { before: { jobUid: "job-1" } },
  ],
  [
    "job-starting",
    { job: jobObject({ status: {}, suspend: true, createdMs: nowMs - 2000 }), release: undefined },
    { state: "pending", final: false, message: "the chart job is about to start" },
  ],
  [
    "job-suspended",
    { job: jobObject({ status: {}, suspend: true, createdMs: nowMs - 60_000 }), release: undefined },
    {
      state: "pending",
      final: false,
      message: "Job paas-charts/helm-install-paas-ws-a-web is suspended for 60 s",
    },
  ],
  [
    "job-running",
    {
      job: jobObject({ status: { active: 1 }, createdMs: nowMs - 9000 }),
      release: undefined,
      more: [jobPodObject({ container: { state: { running: { startedAt: time(nowMs - 5000) } } } })],
    },
    { state: "deploying", final: false, message: "the chart job installs the release" },
  ],
  [
    "job-stuck",
    {
      job: jobObject({ status: { active: 1 }, createdMs: nowMs - 9000 }),
      release: undefined,
      more: [
        jobPodObject({
          phase: "Pending",
          container: { state: { waiting: { reason: "ErrImagePull", message: "dial tcp: i/o timeout" } } },
        }),
      ],
    },
    {
      state: "error",
      final: false,
      message:
        "the chart job cannot start: image rancher/klipper-helm:v0 cannot be pulled (ErrImagePull, i/o timeout)",
    },
  ],
  [
    "job-stuck",
    {
      job: jobObject({ status: { active: 0 }, createdMs: nowMs - 9000 }),
      release: undefined,
      more: [
        eventObject(
          { kind: "Job", namespace: "paas-charts", name: "helm-install-paas-ws-a-web" },
          {
            reason: "FailedCreate",
            message: 'pods "x" is forbidden: violates PodSecurity "restricted:latest"',
          },
        ),
      ],
    },
    {
      state: "error",
      final: false,
      message:
        "the chart job cannot start: pods of Job paas-charts/helm-install-paas-ws-a-web are refused by pod security restricted:latest",
    },
  ],
  [
    "job-stuck",
    {
      job: jobObject({
        status: { active: 1, startTime: time(nowMs - 1_500_000) },
        createdMs: nowMs - 1_500_000,
      }),
      release: undefined,
    },
    {
      state: "error",
      final: false,
      message:
        "Job paas-charts/helm-install-paas-ws-a-web runs for 25 min, longer than the chart's limit of 10 min",
    },
  ],
  [
    "job-failing",
    {
      job: jobObject({ status: { active: 1 }, createdMs: nowMs - 9000 }),
      release: undefined,
      more: [jobPodObject({ container: { restartCount: 2, lastState: { terminated: { exitCode: 1 } } } })],
    },
    {
      state: "error",
      final: false,
      message: "Job paas-charts/helm-install-paas-ws-a-web fails (attempt 2 failed); K3s tries again",
    },
  ],
  [
    "job-failed",
    { job: jobObject({ status: conditions(["Failed", "True"]) }), release: undefined },
    {
      state: "error",
      final: true,
      message:
        "Job paas-charts/helm-install-paas-ws-a-web failed as often as it may be tried, before Helm recorded anything: the chart could not be fetched, or it refused its values",
    },
  ],
  [
    "install-failed",
    { release: releaseObject({ status: "failed" }) },
    { state: "error", final: true, message: "the first installation failed" },
  ],
  [
    "upgrade-failed",
    { release: releaseObject({ status: "failed", version: 2 }), more: [releaseObject({ version: 1 })] },
    {
      state: "error",
      final: true,
      message: "the upgrade to revision 2 failed; the pods of the last good one stay",
    },
  ],
  [
    "release-missing",
    { release: undefined },
    { state: "error", final: true, message: "the chart job completed, but there is no Helm release" },
  ],
  [
    "release-stuck",
    { release: releaseObject({ status: "pending-upgrade", version: 2 }) },
    {
      state: "error",
      final: true,
      message: "Helm was interrupted: revision 2 is pending-upgrade and no job works on it",
    },
  ],
  [
    "uninstall-error",
    { release: releaseObject({ status: "uninstalled" }) },
    { state: "error", final: true, message: "revision 1 is uninstalled although its HelmChart is there" },
  ],
  [
    "hash-mismatch",
    { release: releaseObject({ version: 3, hash: "B".repeat(63) }) },
    {
      state: "error",
      final: true,
      message: "revision 3 was not made from today's HelmChart (a rollback with helm itself?)",
    },
  ],
  [
    "job-skipped",
    { release: releaseObject({ hash: undefined, changedMs: deployedMs - 3_600_000 }) },
    {
      state: "error",
      final: true,
      message: "the chart job ended without doing anything: revision 1 is older than the job",
    },
  ],
  [
    "rolling-out",
    { deployment: deploymentObject({ replicas: 2 }), release: releaseObject({ changedMs: nowMs - 5000 }) },
    {
      state: "deploying",
      final: false,
      message: "Deployment paas-ws-a/paas-ws-a-web is being rolled out: 1 of 1 pod ready",
    },
  ],
  [
    "rolling-out",
    {
      deployment: deploymentObject({ observedGeneration: 0 }),
      release: releaseObject({ version: 2, changedMs: nowMs }),
    },
    {
      state: "upgrading",
      final: false,
      message: "Deployment paas-ws-a/paas-ws-a-web is being rolled out: 1 of 1 pod ready",
    },
  ],
  [
    "not-ready",
    {
      ...failedPod({ state: { running: { startedAt: time(deployedMs) } } }),
      more: [
        podObject({ container: { state: { running: { startedAt: time(deployedMs) } } } }),
        eventObject(
          { kind: "Pod", name: "web-1" },
          {
            reason: "Unhealthy",
            message: "Readiness probe failed: HTTP probe failed with statuscode: 503 made-up-1",
          },
        ),
      ],
    },
    {
      state: "error",
      final: false,
      message: "Pod paas-ws-a/web-1 runs but is not ready: Readiness probe failed (statuscode: 503)",
    },
  ],
  [
    "image-pull",
    failedPod({ state: { waiting: { reason: "InvalidImageName" } } }),
    {
      state: "error",
      final: true,
      message: "image registry.example.com/web:1 cannot be pulled (InvalidImageName)",
    },
  ],
  [
    "container-config",
    failedPod({
      state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "x" not found' } },
    }),
    {
      state: "error",
      final: false,
      message:
        'container web of Pod paas-ws-a/web-1 cannot start (CreateContainerConfigError): secret "x" not found',
    },
  ],
  [
    "crash-loop",
    failedPod({
      restartCount: 7,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: crashed },
    }),
    {
      state: "error",
      final: true,
      message: "container web of Pod paas-ws-a/web-1 ends with exit code 3, restarted 7 times",
    },
  ],
  [
    "oom-killed",
    failedPod({
      restartCount: 1,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
    }),
    {
      state: "error",
      final: false,
      message:
        "container web of Pod paas-ws-a/web-1 needs more memory than it may have with a limit of 64Mi: it was killed once",
    },
  ],
  [
    "quota",
    {
      deployment: deploymentObject({
        ...notReady,
        ...conditions([
          "ReplicaFailure",
          "True",
          {
            message:
              'pods "x" is forbidden: exceeded quota: workspace-quota, requested: requests.cpu=2, used: requests.cpu=7, limited: requests.cpu=8',
          },
        ]),
      }),
    },
    {
      state: "error",
      final: true,
      message:
        "quota workspace-quota leaves no room for pods of Deployment paas-ws-a/paas-ws-a-web: asked for requests.cpu=2, used requests.cpu=7, limit requests.cpu=8",
    },
  ],
  [
    "quota",
    {
      deployment: deploymentObject(notReady),
      more: [
        eventObject(
          { kind: "ReplicaSet", name: "paas-ws-a-web-5c9" },
          {
            reason: "FailedCreate",
            message: 'pods "x" is forbidden: failed quota: workspace-quota: must specify limits.cpu for: web',
          },
        ),
      ],
    },
    {
      state: "error",
      final: true,
      message:
        "quota workspace-quota refuses pods of Deployment paas-ws-a/paas-ws-a-web: a container does not say limits.cpu",
    },
  ],
  [
    "pod-refused",
    {
      deployment: deploymentObject(notReady),
      more: [
        eventObject(
          { kind: "ReplicaSet", name: "paas-ws-a-web-5c9" },
          {
            reason: "FailedCreate",
            message: 'pods "x" is forbidden: violates PodSecurity "baseline:latest": privileged',
          },
        ),
      ],
    },
    {
      state: "error",
      final: true,
      message: "pods of Deployment paas-ws-a/paas-ws-a-web are refused by pod security baseline:latest",
    },
  ],
  [
    "unschedulable",
    {
      deployment: deploymentObject(notReady),
      more: [
        podObject({
          phase: "Pending",
          status: conditions([
            "PodScheduled",
            "False",
            { message: "0/1 nodes are available: 1 Insufficient memory." },
          ]),
        }),
      ],
    },
    {
      state: "error",
      final: false,
      message: "no node takes Pod paas-ws-a/web-1: 0/1 nodes are available: 1 Insufficient memory.",
    },
  ],
  [
    "volume-lost",
    {
      deployment: deploymentObject(notReady),
      more: [
        podObject({
          phase: "Pending",
          spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] },
          status: conditions([
            "PodScheduled",
            "False",
            { message: 'persistentvolumeclaim "data" bound to non-existent persistentvolume' },
          ]),
        }),
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data", namespace: "paas-ws-a" },
          spec: { storageClassName: "local-path" },
          status: { phase: "Lost" },
        },
      ],
    },
    { state: "error", final: true, message: "the volume of PersistentVolumeClaim paas-ws-a/data is gone" },
  ],
  [
    "mount-failed",
    {
      deployment: deploymentObject(notReady),
      more: [
        podObject({ phase: "Pending", container: { state: { waiting: { reason: "ContainerCreating" } } } }),
        eventObject(
          { kind: "Pod", name: "web-1" },
          {
            reason: "FailedMount",
            message: 'MountVolume.SetUp failed for volume "x" : secret "web-tls" not found',
          },
        ),
      ],
    },
    {
      state: "error",
      final: false,
      message: 'Pod paas-ws-a/web-1 cannot mount a volume: secret "web-tls" not found',
    },
  ],
  [
    "evicted",
    {
      deployment: deploymentObject(notReady),
      more: [
        podObject({
          phase: "Failed",
          status: { reason: "Evicted", message: "The node was low on resource: memory." },
        }),
      ],
    },
    {
      state: "error",
      final: false,
      message: "Pod paas-ws-a/web-1 was evicted from its node: The node was low on resource: memory.",
    },
  ],
  [
    "pod-terminating",
    {
      deployment: deploymentObject(notReady),
      more: [
        podObject({
          metadata: { deletionTimestamp: time(nowMs - 600_000), finalizers: ["example.com/hold"] },
        }),
      ],
    },
    {
      state: "error",
      final: false,
      message:
        "Pod paas-ws-a/web-1 is being deleted for 10 min and does not end (finalizer example.com/hold)",
    },
  ],
  [
    "ingress-missing",
    { ingress: undefined },
    {
      state: "error",
      final: true,
      message: "Ingress paas-ws-a/paas-ws-a-web is not there, so nobody reaches it",
    },
  ],
  [
    "backend-missing",
    { service: undefined, endpoints: undefined, release: releaseObject({ manifest: deploymentManifest }) },
    {
      state: "error",
      final: true,
      message: "its Ingress leads to Service paas-ws-a/paas-ws-a-web, which the chart did not make",
    },
  ],
  [
    "backend-without-endpoints",
    { endpoints: endpointsObject(false) },
    {
      state: "error",
      final: false,
      message: "Service paas-ws-a/paas-ws-a-web behind its Ingress has no ready endpoint",
    },
  ],
  [
    "delete-stuck",
    {
      chart: chartObject({ deletionTimestamp: time(nowMs - 90_000) }),
      more: [
        {
          ...jobObject({ status: conditions(["Failed", "True"]) }),
          metadata: {
            name: "helm-delete-paas-ws-a-web",
            namespace: "paas-charts",
            labels: { "helmcharts.helm.cattle.io/chart": "paas-ws-a-web" },
          },
        },
      ],
    },
    {
      state: "deleting",
      final: true,
      message:
        "its HelmChart is being deleted for 90 s, held by finalizer wrangler.cattle.io/on-helm-chart-remove: Job paas-charts/helm-delete-paas-ws-a-web failed",
    },
  ],
];

const named = cases.map(([code, world, says, options]) => ({ code, world, says, options }));

test.each(named)("$code", async ({ code, world, says, options }) => {
  const { state, final, message } = says;
  const status = await look(clusterWith(world), options);
  expect(status.reason).toMatchObject({ code, message });
  expect(status).toMatchObject({ state, isFinal: final });
  expect(status.reason?.hint).toMatch(/\w/);
  expect(JSON.stringify(status)).not.toContain("made-up");
});

test("what is odd beside running is a warning", async () => {
  const codes = async (world: World, options: Look = {}) =>
    (await look(clusterWith(world), options)).warnings.map(({ code }) => code);
  expect(await codes({ release: releaseObject({ hash: undefined }) })).toEqual(["older-controller"]);
  expect(await codes({ release: releaseObject({ version: 3 }) })).toEqual(["newer-release"]);
  expect(await codes({}, { about: { isDefined: false } })).toEqual(["not-defined"]);
  const restarted = podObject({
    ready: true,
    container: { restartCount: 2, lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
  });
  expect(await codes({ more: [restarted] }, { pods: true })).toEqual(["restarts"]);
});

test("a label that changed beside the job is believed after a minute", async () => {
  const world = { chart: chartObject({ creationTimestamp: time(nowMs - 30_000) }) };
  expect((await look(clusterWith(world))).state).toBe("upgrading");
  expect((await look(clusterWith(world), { atMs: nowMs + 60_000 })).state).toBe("running");
});

test("a job that was made after the write counts, the one before it does not", async () => {
  const before = { jobUid: "job-0" };
  expect((await look(clusterWith(), { before })).state).toBe("running");
  expect((await look(clusterWith(), { before: { jobUid: "job-1" } })).state).toBe("upgrading");
  // the first job there ever was
  expect((await look(clusterWith(), { before: { jobUid: undefined } })).state).toBe("running");
});

import { expect, test } from "vitest";
import { explainStuck } from "../../src/apply/remove/explain-stuck.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { SeedObject } from "../support/fake-cluster.ts";

const deleted = "2026-01-01T00:00:00Z";
const fiveMinutesLater = Date.UTC(2026, 0, 1, 0, 5);
const chartFinalizer = "wrangler.cattle.io/on-helm-chart-remove";

const chart = (metadata: object = {}, spec: object = { chart: "web" }): SeedObject => ({
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChart",
  metadata: {
    name: "web",
    namespace: "paas-charts",
    deletionTimestamp: deleted,
    finalizers: [chartFinalizer],
    ...metadata,
  },
  spec,
});

const job = (status: object): SeedObject => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "helm-delete-web", namespace: "paas-charts" },
  status,
});

const jobPod = (status: object): SeedObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "helm-delete-web-x",
    namespace: "paas-charts",
    labels: { "job-name": "helm-delete-web" },
  },
  status,
});

const claim: SeedObject = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: {
    name: "data",
    namespace: "paas-ws-a",
    deletionTimestamp: deleted,
    finalizers: ["kubernetes.io/pvc-protection"],
  },
};

/** What holds an object, and the words a person must find in the explanation and in the hint. */
const cases: readonly (readonly [string, readonly SeedObject[], readonly string[], readonly string[]])[] = [
  ["no uninstall job", [chart()], [chartFinalizer, "5 min", "does not seem to run"], ["journalctl -u k3s"]],
  [
    "a job that has ended",
    [chart(), job({ conditions: [{ type: "Complete", status: "True" }] })],
    ["has ended", "does not seem to run"],
    ["journalctl -u k3s"],
  ],
  ["a job without a pod", [chart(), job({})], ["has no pod"], ["describe job helm-delete-web"]],
  [
    "an image that cannot be pulled",
    [
      chart(),
      job({ active: 1 }),
      jobPod({
        containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: "no such host" } } }],
      }),
    ],
    ["helm-delete-web-x", "ImagePullBackOff", "no such host"],
    ["logs job/helm-delete-web"],
  ],
  [
    "a pod no node takes",
    [
      chart(),
      job({ active: 1 }),
      jobPod({ conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes are available" }] }),
    ],
    ["not scheduled", "0/1 nodes"],
    ["logs job/helm-delete-web"],
  ],
  [
    "a chart that is left alone",
    [chart({ annotations: { "helmcharts.helm.cattle.io/unmanaged": "true" } })],
    ["helmcharts.helm.cattle.io/unmanaged"],
    ["annotate helmchart web"],
  ],
  ["a chart without a chart", [chart({}, {})], ["neither chart nor chartContent"], ["patch helmchart web"]],
  [
    "a finalizer of somebody else",
    [chart({ finalizers: ["example.com/backup"] })],
    ["example.com/backup"],
    ["helmcharts web"],
  ],
  [
    "a claim that a pod uses",
    [
      claim,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: "web-0",
          namespace: "paas-ws-a",
          deletionTimestamp: deleted,
          finalizers: ["example.com/x"],
        },
        spec: { nodeName: "node-1", volumes: [{ persistentVolumeClaim: { claimName: "data" } }] },
      },
    ],
    ["web-0 (terminating on node-1", "example.com/x"],
    ["describe pod web-0 -n paas-ws-a"],
  ],
  [
    "a volume whose provisioner does nothing",
    [
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: "pv", annotations: { "pv.kubernetes.io/provisioned-by": "rancher.io/local-path" } },
        spec: { persistentVolumeReclaimPolicy: "Delete", hostPath: { path: "/data/pv" } },
        status: { phase: "Released" },
      },
    ],
    ["rancher.io/local-path", "/data/pv"],
    ["local-path-provisioner"],
  ],
  [
    "a volume nobody provisioned",
    [
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: "pv" },
        spec: { persistentVolumeReclaimPolicy: "Delete", hostPath: { path: "/data/pv" } },
        status: { phase: "Failed", message: "no deleter" },
      },
    ],
    ["no provisioner made it", "no deleter", "/data/pv"],
    ["kubectl delete pv pv"],
  ],
  [
    "a namespace with something in it",
    [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "paas-ws-a", deletionTimestamp: deleted, finalizers: ["example.com/ns"] },
        status: {
          phase: "Terminating",
          conditions: [
            { type: "NamespaceContentRemaining", status: "True", message: "pods. has 1 resource instances" },
            { type: "NamespaceDeletionDiscoveryFailure", status: "False", message: "all fine" },
          ],
        },
      },
    ],
    ["pods. has 1 resource instances"],
    ["kubectl get -n paas-ws-a"],
  ],
];

test.each(cases)("%s", async (...[, objects, words, hints]) => {
  const names = ["paas-charts", "paas-ws-a"].filter((name) =>
    objects.every(({ kind, metadata }) => kind !== "Namespace" || metadata.name !== name),
  );
  const homes = names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  const cluster = createFakeCluster([...homes, ...objects]);
  const [first] = objects;
  const object = cluster.objects(first?.kind).find(({ metadata }) => metadata.name === first?.metadata.name);
  if (object === undefined) throw new Error("nothing to explain");
  const { message, hint } = await explainStuck(cluster, object, fiveMinutesLater);
  for (const word of words) expect(message).toContain(word);
  for (const word of hints) expect(hint).toContain(word);
  expect(message).not.toContain("all fine");
  // looking does no harm
  expect(cluster.writes()).toEqual([]);
});

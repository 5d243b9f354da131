import { expect, test } from "vitest";
import { findStrangeUsers } from "../../src/apply/volumes/claim-users.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { SeedObject } from "../support/fake-cluster.ts";

const own = "paas-ws-a-db";
const namespace = "paas-ws-a";
const service = { platform: "p", workspaceId: "a", referenceId: "db", releaseName: own, namespace };
const instance = "app.kubernetes.io/instance";
const helm = "meta.helm.sh/release-name";

const owned = (apiVersion: string, kind: string, name: string) => ({
  ownerReferences: [{ apiVersion, kind, name, uid: "u", controller: true }],
});

const workload = (kind: string, name: string, metadata: object): SeedObject => ({
  apiVersion: kind.endsWith("Job") ? "batch/v1" : "apps/v1",
  kind,
  metadata: { name, namespace, ...metadata },
});

const byHelm = (release: string) => ({ annotations: { [helm]: release } });

async function strangers(metadata: object, more: readonly SeedObject[] = [], phase = "Running") {
  const claim: SeedObject = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace },
  };
  const pod: SeedObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "pod", namespace, ...metadata },
    spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] },
    status: { phase },
  };
  const cluster = createFakeCluster([claim, pod, ...more]);
  const found = await findStrangeUsers(cluster, service, cluster.objects("PersistentVolumeClaim"));
  return found.map((user) => user.release ?? "nobody's");
}

test.each<[string, object, readonly SeedObject[]]>([
  ["named by its label", { labels: { [instance]: own } }, []],
  ["of the chart itself", byHelm(own), []],
  ["of a StatefulSet", owned("apps/v1", "StatefulSet", "x"), [workload("StatefulSet", "x", byHelm(own))]],
  [
    "of a Deployment",
    { labels: { "pod-template-hash": "5d8" }, ...owned("apps/v1", "ReplicaSet", "x-5d8") },
    [workload("Deployment", "x", byHelm(own))],
  ],
  [
    "of a CronJob's Job",
    owned("batch/v1", "Job", "x-1"),
    [workload("Job", "x-1", owned("batch/v1", "CronJob", "x")), workload("CronJob", "x", byHelm(own))],
  ],
  ["of an operator, which nobody can tell", owned("db.example.com/v1", "Database", "x"), []],
])("a pod %s goes with the release", async (_, metadata, more) => {
  expect(await strangers(metadata, more)).toEqual([]);
});

test.each<[string, object, readonly SeedObject[], string]>([
  ["another service's", { labels: { [instance]: "paas-ws-a-web" } }, [], "paas-ws-a-web"],
  ["made by hand", {}, [], "nobody's"],
  [
    "of a Deployment made by hand",
    { labels: { "pod-template-hash": "5d8" }, ...owned("apps/v1", "ReplicaSet", "x-5d8") },
    [workload("Deployment", "x", {})],
    "nobody's",
  ],
])("a pod %s does not", async (...[, metadata, more, release]) => {
  expect(await strangers(metadata, more)).toEqual([release]);
  expect(await strangers(metadata, more, "Succeeded")).toEqual([]);
});

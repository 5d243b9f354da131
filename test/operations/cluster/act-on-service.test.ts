import { describe, expect, test } from "vitest";
import {
  readInventory,
  writeClaim,
  writeInventoryPart,
} from "../../../src/apply/inventory/inventory-store.ts";
import type { ClusterClient } from "../../../src/cluster/cluster-client.ts";
import { restartService } from "../../../src/operations/cluster/service/restart-service.ts";
import { retryService } from "../../../src/operations/cluster/service/retry-service.ts";
import type { Hold } from "../../../src/plan/inventory.ts";
import type { RevisionStore } from "../../../src/record/revision-store.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import { careDeps } from "./care-world.ts";

const unit = "acme/web-01";
const [namespace, release] = ["paas-ws-acme", "paas-ws-acme-web-01"];
const at = "2026-01-01T00:00:00.000Z";
const suspended: Hold = { type: "suspended", by: "grace@desk", at, reason: "looking into it" };
const rolledBack: Hold = { type: "rollback", by: "grace@desk", at, revision: 1, whileDefinition: "made-up" };
const emptyStore: RevisionStore = {
  kind: "local",
  begin: async () => [],
  finish: async () => undefined,
  list: async () => [],
};
const actions = [
  { command: "retry", act: retryService },
  { command: "restart", act: restartService },
] as const;

/** A service that runs, whose chart job failed: both actions have something to do. */
async function makeWorld(hold: Hold | undefined) {
  const cluster = createFakeCluster([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-charts" } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name: release, namespace: "paas-charts" },
      spec: { targetNamespace: namespace },
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: `helm-install-${release}`, namespace: "paas-charts" },
      spec: { template: { metadata: {} } },
      status: { conditions: [{ type: "Failed", status: "True" }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: release,
        namespace,
        annotations: { "meta.helm.sh/release-name": release },
      },
      spec: { template: { metadata: { annotations: {} } } },
    },
  ]);
  const system = cluster.object({
    apiVersion: "v1",
    kind: "Namespace",
    namespace: undefined,
    name: "kube-system",
  });
  await writeClaim(cluster, {
    platform: "test-platform",
    clusterUid: system?.metadata.uid ?? "",
    records: "local",
    lastDeploymentId: 1,
    resourceVersion: undefined,
    uid: undefined,
  });
  await writeHold(cluster, hold);
  const before = cluster.writes().length;
  const deps = careDeps(cluster, {
    openRevisions: () => emptyStore,
    readGit: async () => ({ commit: undefined, changedFiles: [], absentFiles: [] }),
  });
  return { cluster, deps, written: () => cluster.writes().slice(before) };
}

async function writeHold(cluster: ClusterClient, hold: Hold | undefined): Promise<void> {
  const part = (await readInventory(cluster)).parts.get("acme");
  await writeInventoryPart(cluster, {
    owner: "acme",
    units: [{ unit, objects: [], deploymentId: "#1", hold }],
    resourceVersion: part?.resourceVersion,
    uid: part?.uid,
  });
}

async function run(
  act: (typeof actions)[number]["act"],
  deps: ReturnType<typeof careDeps>,
): Promise<{ readonly isDone: boolean }> {
  const lock = { waitMs: 0, termMs: 15_000 };
  const running = act(deps, { unit, cluster: undefined, wait: undefined, lock });
  for (;;) {
    const next = await running.next();
    if (next.done === true) return next.value;
  }
}

describe.each(actions)("$command", ({ act }) => {
  test("a suspended service is left alone: who suspended it is named, and how it goes on", async () => {
    const { deps, written } = await makeWorld(suspended);
    await expect(run(act, deps)).rejects.toMatchObject({
      code: "refused",
      subject: unit,
      message: expect.stringContaining("grace@desk: looking into it"),
      hint: expect.stringContaining(`woow resume ${unit}`),
    });
    expect(written()).toEqual([]);
  });

  test("suspended while the lock was waited for: only the lock was written", async () => {
    const { cluster, deps, written } = await makeWorld(undefined);
    cluster.afterRequest(async ({ verb, kind }) => {
      if (verb !== "create" || kind !== "Lease") return;
      cluster.afterRequest(undefined);
      await writeHold(cluster, suspended);
    });
    await expect(run(act, deps)).rejects.toMatchObject({ code: "refused", subject: unit });
    expect(written().map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      "create Lease",
      expect.stringContaining("ConfigMap"),
      "update Lease",
    ]);
  });

  test("held by a rollback: what runs may be run again, its definition stays", async () => {
    const { deps, written } = await makeWorld(rolledBack);
    expect(await run(act, deps)).toMatchObject({ isDone: true });
    expect(written().some(({ kind }) => kind === "Job" || kind === "Deployment")).toBe(true);
  });
});

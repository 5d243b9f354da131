import { beforeAll, describe, expect, test } from "vitest";
import type { ServiceStatus } from "../../src/status/service-status.ts";
import { collections, createNamespace, list, mustRequest } from "./on-cluster.ts";
import { createStatusWorld, releaseOf, unitOf } from "./status-world.ts";
import type { StatusWorld, WorldService } from "./status-world.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster();
let world: StatusWorld;

const canary = "made-up-password-1";
const service = (id: string, rest: Partial<WorldService> = {}): WorldService => ({
  workspace: "a",
  id,
  ...rest,
});
/** The Job and its pod, with what Helm said, are to be there when a test comes to look. */
const patient = { spec: { backOffLimit: 50 } };

/** What is wrong from the first installation on, and the sentence a person gets. */
const firstInstallations: readonly (WorldService & {
  readonly wanted: { readonly state: string; readonly code: string };
  readonly says: RegExp;
  readonly isFinal: boolean;
})[] = [
  {
    ...service("chart-missing", { version: "9.9.9", ...patient }),
    wanted: { state: "error", code: "chart-not-found" },
    says: /^chart web 9\.9\.9 is not in the repository http:\/\/127\.0\.0\.1:\d+\/$/,
    isFinal: true,
  },
  {
    ...service("bad-values", { values: `replicas: ${canary}\n`, ...patient }),
    wanted: { state: "error", code: "bad-values" },
    says: /^the chart refuses its values: replicas: got string, want integer$/,
    isFinal: true,
  },
  {
    ...service("bad-template", { values: "hooks: 5\n", ...patient }),
    wanted: { state: "error", code: "template-error" },
    says: /^the chart's template fails at web\/templates\/hooks\.tpl:4:20 with these values$/,
    isFinal: true,
  },
  {
    ...service("bad-object", { values: `resources: ${canary}\n` }),
    wanted: { state: "error", code: "bad-values" },
    says: /^the first installation failed: Deployment paas-ws-a\/paas-ws-a-bad-object of the chart is wrong at \.spec\.template\.spec\.containers\[name="web"\]\.resources: expected map$/,
    isFinal: true,
  },
  {
    ...service("hook", { values: "hooks: { preInstall: fail }\n", spec: { timeout: "30s" } }),
    wanted: { state: "error", code: "hook-failed" },
    says: /hook failed \(Job paas-ws-a(\/paas-ws-a)?-hook-pre-install\)$/,
    isFinal: true,
  },
  {
    ...service("in-the-way", patient),
    wanted: { state: "error", code: "object-exists" },
    says: /^Service paas-ws-a\/paas-ws-a-in-the-way is there already and is not of this release$/,
    isFinal: true,
  },
  {
    ...service("image-pull", { values: "pod: image-pull\n" }),
    wanted: { state: "error", code: "image-pull" },
    says: /^image registry\.example\.com\/web:1 cannot be pulled \((ImagePullBackOff|ErrImagePull), not found\)$/,
    isFinal: true,
  },
  {
    ...service("crash", { values: `pod: crash\npodMessage: "password=${canary} is wrong"\n` }),
    wanted: { state: "error", code: "crash-loop" },
    says: /^container web of Pod paas-ws-a\/paas-ws-a-crash-\S+ ends with exit code 1, restarted (once|\d+ times)$/,
    isFinal: false,
  },
  {
    ...service("never-ready", { values: "pod: never-ready\n" }),
    wanted: { state: "deploying", code: "not-ready" },
    says: /^Pod paas-ws-a\/paas-ws-a-never-ready-\S+ runs but is not ready$/,
    isFinal: false,
  },
  {
    ...service("too-big", { values: "resources: { requests: { cpu: 9000 }, limits: { cpu: 9000 } }\n" }),
    wanted: { state: "error", code: "unschedulable" },
    says: /^no node takes Pod paas-ws-a\/paas-ws-a-too-big-\S+: 0\/1 nodes are available: 1 Insufficient cpu/,
    isFinal: false,
  },
  {
    ...service("values-gone", { withoutValues: true }),
    wanted: { state: "error", code: "values-secret-missing" },
    says: /^Secret paas-charts\/paas-ws-a-values-gone-values with its values is not there, so the chart job cannot start$/,
    isFinal: true,
  },
  {
    ...service("no-endpoints", { host: true, values: "reachable: false\n" }),
    wanted: { state: "error", code: "backend-without-endpoints" },
    says: /^Service paas-ws-a\/paas-ws-a-no-endpoints behind its Ingress has no ready endpoint$/,
    isFinal: false,
  },
  {
    ...service("no-backend", { host: true, backend: "elsewhere" }),
    wanted: { state: "error", code: "backend-missing" },
    says: /^its Ingress leads to Service paas-ws-a\/elsewhere, which the chart did not make$/,
    isFinal: true,
  },
  {
    ...service("no-room", { workspace: "small" }),
    wanted: { state: "error", code: "quota" },
    says: /^quota workspace-quota leaves no room for pods of Deployment paas-ws-small\/paas-ws-small-no-room: asked for pods=1, used pods=0, limit pods=0$/,
    isFinal: true,
  },
  {
    ...service("no-class", {
      workspace: "b",
      chart: "db",
      values: `auth: { password: ${canary} }\nprimary: { storageClass: "", persistence: { size: 1Gi } }\n`,
    }),
    wanted: { state: "error", code: "volume-unbound" },
    says: /^PersistentVolumeClaim paas-ws-b\/data-paas-ws-b-no-class-0 \(of class made-up-class\) has no volume: storageclass\.storage\.k8s\.io "made-up-class" not found$/,
    isFinal: true,
  },
];

const healthy = service("healthy", { host: true });
const upgraded = service("upgraded");
const resized = service("resized", { chart: "db", values: `auth: { password: ${canary} }\n` });
const scaled = service("scaled", { values: "replicas: 1\n" });
const unlabelled = service("unlabelled");

beforeAll(async () => {
  world = await createStatusWorld(cluster());
  await createNamespace(cluster(), "paas-charts");
  for (const workspace of ["a", "b", "small"]) await world.namespace(workspace);
  await mustRequest(cluster(), {
    method: "POST",
    path: "/api/v1/namespaces/paas-ws-small/resourcequotas",
    body: {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "workspace-quota" },
      spec: { hard: { pods: "0" } },
    },
  });
  await mustRequest(cluster(), {
    method: "POST",
    path: "/api/v1/namespaces/paas-ws-a/services",
    body: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "paas-ws-a-in-the-way" },
      spec: { ports: [{ port: 80 }] },
    },
  });
  // a claim of a class that is not there, found before the chart's StatefulSet makes it
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.claims("paas-ws-b"),
    body: {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data-paas-ws-b-no-class-0" },
      spec: {
        storageClassName: "made-up-class",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    },
  });
  const all = [...firstInstallations, healthy, upgraded, resized, scaled];
  await Promise.all(all.map(async (one) => world.deploy(one)));
}, 60_000);

/** A minute later: what may take its time has had it. */
const later = { laterMs: 20_000 };

test.each(firstInstallations)("$id: $wanted.code", async (one) => {
  const isPatient = ["no-endpoints", "no-backend"].includes(one.id);
  const status = await world.until(one, { ...one.wanted, isFinal: one.isFinal }, isPatient ? later : {});
  expect(status.reason?.message).toMatch(one.says);
  expect(status.reason?.hint).not.toBe("");
  expect(JSON.stringify(status)).not.toContain(canary);
});

test("what runs is running, with its revision, chart and times", async () => {
  const status = await world.until(healthy, { state: "running" });
  expect(status).toMatchObject({
    reason: undefined,
    isFinal: true,
    helmRevision: 1,
    helmStatus: "deployed",
    chartVersion: "1.0.0",
    lastUpgradedAt: undefined,
    readyPods: 1,
    wantedPods: 1,
    warnings: [],
  });
  expect(Date.parse(status.deployedAt ?? "")).not.toBeNaN();
});

test("what was never applied is pending", async () => {
  const statuses = await world.read([service("never")]);
  expect(statuses.get("a/never")).toMatchObject({
    state: "pending",
    isFinal: true,
    reason: { code: "not-applied", message: "it is defined but was never applied" },
  });
});

describe("an upgrade", () => {
  test("upgrading while its job runs, then running", async () => {
    await world.until(upgraded, { state: "running" });
    cluster().runner.stall(releaseOf(upgraded));
    await world.deploy({ ...upgraded, version: "1.1.0" });
    const working = await world.until(upgraded, { state: "upgrading", code: "job-running" });
    expect(working.reason?.message).toBe("the chart job upgrades the release");
    // minutes after the chart's own limit of one
    const stuck = await world.until(upgraded, { state: "error", code: "job-stuck" }, { laterMs: 600_000 });
    expect(stuck.reason?.message).toMatch(
      /^Job paas-charts\/helm-install-paas-ws-a-upgraded runs for 1\d min, longer than the chart's limit of 60 s$/,
    );
    cluster().runner.unstall(releaseOf(upgraded));
    const done = await world.until(upgraded, { state: "running" });
    expect(done).toMatchObject({ helmRevision: 2, chartVersion: "1.1.0" });
    expect(done.lastUpgradedAt).toBeDefined();
  });

  test("that fails under abort: immutable field of a Deployment", async () => {
    await world.deploy({ ...upgraded, version: "2.0.0" });
    const status = await world.until(upgraded, { state: "error", code: "immutable-field" });
    expect(status.reason?.message).toBe(
      "the upgrade to revision 3 failed: spec.selector of Deployment paas-ws-a-upgraded cannot be changed; the pods of the last good one stay",
    );
    expect(status).toMatchObject({ isFinal: true, helmStatus: "failed", readyPods: 1 });
  });

  test("that fails under abort: a StatefulSet's volume of another size", async () => {
    await world.until(resized, { state: "running" });
    const values = `${resized.values ?? ""}primary: { persistence: { size: 2Gi } }\n`;
    await world.deploy({ ...resized, values });
    const status = await world.until(resized, { state: "error", code: "immutable-field" });
    expect(status.reason?.message).toBe(
      "the upgrade to revision 2 failed: spec of StatefulSet paas-ws-a-resized cannot be changed (often the size of its volumes); the pods of the last good one stay",
    );
    expect(JSON.stringify(status)).not.toContain(canary);
  });

  test("that meets another manager's field", async () => {
    await world.until(scaled, { state: "running" });
    await mustRequest(cluster(), {
      method: "PATCH",
      path: `/apis/apps/v1/namespaces/paas-ws-a/deployments/${releaseOf(scaled)}?fieldManager=kubectl-scale`,
      contentType: "application/merge-patch+json",
      body: { spec: { replicas: 2 } },
    });
    await world.deploy({ ...scaled, values: "replicas: 3\n" });
    const status = await world.until(scaled, { state: "error", code: "field-conflict" });
    expect(status.reason?.message).toBe(
      "the upgrade to revision 2 failed: kubectl-scale holds fields that the chart sets (.spec.replicas); the pods of the last good one stay",
    );
  });
});

describe("the chart repository", () => {
  const late = service("late");

  test("down: an error that waiting can mend; up again: running", async () => {
    await cluster().runner.chartsDown();
    try {
      await world.deploy({ ...late, spec: { backOffLimit: 20 } });
      const status = await world.until(late, { state: "error", code: "repository-down" });
      expect(status.reason?.message).toMatch(
        /^the chart repository http:\/\/127\.0\.0\.1:\d+\/ cannot be reached \(connection refused\)$/,
      );
      expect(status.isFinal).toBe(false);
    } finally {
      await cluster().runner.chartsUp();
    }
    await world.until(late, { state: "running" });
  });
});

describe("the release and its HelmChart", () => {
  test("hash mismatch: helm rollback by hand", async () => {
    const one = service("by-hand");
    await world.deploy(one);
    await world.until(one, { state: "running" });
    await world.deploy({ ...one, version: "1.1.0" });
    await world.until(one, { state: "running" });
    await rollBackByHand(one);
    const status = await world.until(one, { state: "error", code: "hash-mismatch" }, later);
    expect(status.reason?.message).toBe(
      "revision 3 was not made from today's HelmChart (a rollback with helm itself?)",
    );
    expect(status.isFinal).toBe(true);
  });

  test("pending-upgrade: Helm was killed and nothing mends it", async () => {
    const one = service("interrupted");
    await world.deploy(one);
    await world.until(one, { state: "running" });
    await setStatus(one, "pending-upgrade");
    const status = await world.until(one, { state: "error", code: "release-stuck" }, later);
    expect(status.reason?.message).toBe(
      "Helm was interrupted: revision 1 is pending-upgrade and no job works on it",
    );
  });

  test("the release was uninstalled by hand", async () => {
    const one = service("uninstalled");
    await world.deploy(one);
    await world.until(one, { state: "running" });
    await deleteRecords(one);
    const status = await world.until(one, { state: "error", code: "release-missing" }, later);
    expect(status.reason?.message).toBe("the chart job completed, but there is no Helm release");
  });

  test("a controller that marks no releases: running, with a warning", async () => {
    cluster().runner.labelHashes(false);
    await cluster().pause("helm-controller");
    try {
      await deployByHand(unlabelled);
      const status = await world.until(unlabelled, { state: "running" });
      expect(status.warnings.map(({ code }) => code)).toEqual(["older-controller"]);
    } finally {
      cluster().runner.labelHashes(true);
      await cluster().resume("helm-controller");
    }
  });

  test("no controller: no job appears", async () => {
    const one = service("unattended");
    await cluster().pause("helm-controller");
    try {
      await world.deploy(one);
      const early = await world.until(one, { state: "pending" });
      expect(early.reason).toMatchObject({
        code: "job-not-started",
        message: "K3s has not started the chart job yet",
      });
      const late = await world.until(
        one,
        { state: "pending", code: "controller-not-running" },
        { laterMs: 120_000 },
      );
      expect(late.reason?.message).toMatch(
        /^K3s has not started a chart job for the change made \S+ \S+ ago$/,
      );
    } finally {
      await cluster().resume("helm-controller");
    }
    await world.until(one, { state: "running" });
  });

  test("the newest change is not run: a HelmChart that changed beside its old job", async () => {
    const one = service("behind");
    await world.deploy(one);
    await world.until(one, { state: "running" });
    await cluster().pause("helm-controller");
    try {
      await world.deploy({ ...one, version: "1.1.0" });
      const status = await world.until(one, { state: "upgrading", code: "job-outdated" });
      expect(status.reason?.message).toBe("K3s has not started a chart job for the newest change yet");
      // values alone: nothing but time tells
      await world.deploy({ ...one, values: "message: changed\n" });
      await world.until(one, { state: "upgrading", code: "job-outdated" });
    } finally {
      await cluster().resume("helm-controller");
    }
    await world.until(one, { state: "running" });
  });
});

describe("going away", () => {
  test("deleting while it is uninstalled, named when it is stuck, gone", async () => {
    await world.until(healthy, { state: "running" });
    await cluster().pause("helm-controller");
    await mustRequest(cluster(), {
      method: "DELETE",
      path: `${collections.charts("paas-charts")}/${releaseOf(healthy)}`,
    });
    const early = await world.until(healthy, { state: "deleting", code: "uninstalling" });
    expect(early.isFinal).toBe(false);
    const stuck = await world.until(
      healthy,
      { state: "deleting", code: "delete-stuck" },
      { laterMs: 60_000 },
    );
    expect(stuck.reason?.message).toMatch(
      /^its HelmChart is being deleted for \S+ \S+, held by finalizer wrangler\.cattle\.io\/on-helm-chart-remove: K3s has not started the job that uninstalls it$/,
    );
    await cluster().resume("helm-controller");
    await world.until(healthy, { state: "pending", code: "not-applied" });
  });

  test("an uninstall that failed without a word leaves the release: said, with what to do", async () => {
    const one = service("leftover");
    await world.deploy(one);
    await world.until(one, { state: "running" });
    await setStatus(one, "uninstalling");
    await cluster().pause("helm-controller");
    try {
      const chart = `${collections.charts("paas-charts")}/${releaseOf(one)}`;
      await mustRequest(cluster(), {
        method: "PATCH",
        path: chart,
        contentType: "application/merge-patch+json",
        body: { metadata: { finalizers: null } },
      });
      await mustRequest(cluster(), { method: "DELETE", path: chart });
      const status = await world.until(one, { state: "error", code: "uninstall-error" });
      expect(status.reason?.message).toBe(
        "its HelmChart is gone, but helm uninstall did not finish: revision 1 is still there as uninstalling",
      );
    } finally {
      await cluster().resume("helm-controller");
    }
  });
});

test("many services cost as many requests as one", async () => {
  const count = async (services: readonly WorldService[]): Promise<number> => {
    const mark = await cluster().auditMark();
    await world.read(services);
    const asked = await cluster().auditSince(mark, { user: "admin" });
    // logs and records of failures are read one by one, and each only once
    return asked.filter(({ verb }) => verb === "list").length;
  };
  const late = [service("late"), service("unattended"), service("behind")];
  for (const one of late) await world.until(one, { state: "running" });
  // what was remembered of no release before: one LIST for up to 50 records
  expect(await count(late)).toBe(11);
  expect(await count(late.slice(0, 1))).toBe(11);
  expect(await count(firstInstallations)).toBe(16);
});

async function newest(one: WorldService): Promise<{ readonly name: string; readonly version: number }> {
  const selector = encodeURIComponent(`owner=helm,name=${releaseOf(one)}`);
  const path = `${collections.secrets(`paas-ws-${one.workspace}`)}?labelSelector=${selector}`;
  const found = (await list(cluster(), path)).map(({ metadata }) => ({
    name: metadata.name,
    version: Number(metadata.labels?.["version"]),
  }));
  const last = found.toSorted((a, b) => b.version - a.version)[0];
  if (last === undefined) throw new Error(`${unitOf(one)} has no release`);
  return last;
}

async function setStatus(one: WorldService, status: string): Promise<void> {
  const { name } = await newest(one);
  await mustRequest(cluster(), {
    method: "PATCH",
    path: `${collections.secrets(`paas-ws-${one.workspace}`)}/${name}`,
    contentType: "application/merge-patch+json",
    body: { metadata: { labels: { status } } },
  });
}

async function deleteRecords(one: WorldService): Promise<void> {
  const selector = encodeURIComponent(`owner=helm,name=${releaseOf(one)}`);
  await mustRequest(cluster(), {
    method: "DELETE",
    path: `${collections.secrets(`paas-ws-${one.workspace}`)}?labelSelector=${selector}`,
  });
}

/** As helm rollback does it: a new record with the old one's labels. */
async function rollBackByHand(one: WorldService): Promise<void> {
  const path = collections.secrets(`paas-ws-${one.workspace}`);
  const read = async (version: number) =>
    mustRequest<{ data: object; type: string; metadata: { labels: Record<string, string> } }>(cluster(), {
      method: "GET",
      path: `${path}/sh.helm.release.v1.${releaseOf(one)}.v${version}`,
    });
  const first = await read(1);
  await mustRequest(cluster(), {
    method: "POST",
    path,
    body: {
      apiVersion: "v1",
      kind: "Secret",
      type: first.type,
      data: first.data,
      metadata: {
        name: `sh.helm.release.v1.${releaseOf(one)}.v3`,
        labels: {
          ...first.metadata.labels,
          version: "3",
          status: "deployed",
          modifiedAt: String(Math.floor(Date.now() / 1000)),
        },
      },
    },
  });
}

/** What a helm-controller before 0.17 leaves: a complete Job without a hash and a release without one. */
async function deployByHand(one: WorldService): Promise<void> {
  await world.deploy(one);
  const name = `helm-install-${releaseOf(one)}`;
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.jobs("paas-charts"),
    body: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, labels: { "helmcharts.helm.cattle.io/chart": releaseOf(one) } },
      spec: {
        suspend: true,
        template: {
          metadata: { labels: { "helmcharts.helm.cattle.io/chart": releaseOf(one) } },
          spec: {
            restartPolicy: "OnFailure",
            containers: [
              {
                name: "helm",
                image: "rancher/klipper-helm:v0.9.8",
                env: [
                  { name: "CHART", value: `${releaseOf(one)}/web` },
                  { name: "REPO", value: cluster().chartsUrl },
                  { name: "VERSION", value: "1.0.0" },
                ],
              },
            ],
          },
        },
      },
    },
  });
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.secrets("paas-ws-a"),
    body: {
      apiVersion: "v1",
      kind: "Secret",
      type: "helm.sh/release.v1",
      metadata: {
        name: `sh.helm.release.v1.${releaseOf(one)}.v1`,
        labels: { owner: "helm", name: releaseOf(one), status: "deployed", version: "1" },
      },
    },
  });
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  await mustRequest<ServiceStatus>(cluster(), {
    method: "PATCH",
    path: `${collections.jobs("paas-charts")}/${name}/status`,
    contentType: "application/merge-patch+json",
    body: {
      status: {
        startTime: now,
        completionTime: now,
        succeeded: 1,
        conditions: [
          { type: "SuccessCriteriaMet", status: "True", lastTransitionTime: now },
          { type: "Complete", status: "True", lastTransitionTime: now },
        ],
      },
    },
  });
}

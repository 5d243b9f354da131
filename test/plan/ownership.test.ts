import { beforeAll, describe, expect, test } from "vitest";
import { refOf } from "../../src/cluster/object-ref.ts";
import type { Plan } from "../../src/plan/change.ts";
import type { Definitions } from "../support/builders.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster, SeedObject } from "../support/fake-cluster.ts";
import { listWork, planFiles, refusalCodes, settle, twoServices } from "./plan-world.ts";

let files: Definitions;

beforeAll(async () => {
  files = await twoServices();
});

async function settledCluster(): Promise<FakeCluster> {
  const cluster = createFakeCluster();
  await settle(files, cluster);
  return cluster;
}

const marks = (unit: string) => ({
  "paas.woowtech.com/platform": "test-platform",
  "paas.woowtech.com/unit": unit,
});

function secret(namespace: string, name: string, unit: string): SeedObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels: marks(unit) } };
}

const notesOf = ({ notes, units }: Plan) => [...notes, ...units.flatMap((unit) => unit.notes)].join("\n");

describe("our labels on what we never applied", () => {
  test.each([
    ["default", "acme.orders"],
    ["kube-system", "acme.orders"],
    ["paas-ws-acme", "acme.orders"],
    ["paas-charts", "acme.orders"],
    ["default", "acme"],
    ["paas-system", "platform"],
  ])("in %s, as of %s: left alone, and told", async (namespace, unit) => {
    const cluster = await settledCluster();
    cluster.put(secret(namespace, "db-backup", unit));
    const { plan } = await planFiles(files, cluster);
    expect(listWork(plan)).toEqual([]);
    expect(refusalCodes(plan)).toEqual([]);
    expect(notesOf(plan)).toContain(`Secret ${namespace}/db-backup`);
  });

  test.each(["ghost", "acme.ghost", "other.ghost", "platform.x", "A_b", "a.b.c", "kube-system"])(
    "a unit %s that only they name is no unit: nothing goes, nothing is refused",
    async (unit) => {
      const cluster = await settledCluster();
      for (const name of ["g1", "g2", "g3"]) cluster.put(secret("paas-ws-acme", name, unit));
      const { plan } = await planFiles(files, cluster);
      expect(listWork(plan)).toEqual([]);
      expect(refusalCodes(plan)).toEqual([]);
      expect(plan.units.filter(({ intent }) => intent === "remove")).toEqual([]);
      expect(notesOf(plan)).toContain("Secret paas-ws-acme/g1");
    },
  );

  test("they do not count where services may go only up to a share", async () => {
    const cluster = await settledCluster();
    for (let i = 0; i < 20; i += 1) cluster.put(secret("paas-ws-acme", `g${i}`, `acme.ghost-${i}`));
    const { "workspaces/acme/orders.yaml": _, "workspaces/acme/web-01.yaml": __, ...rest } = files;
    const { plan } = await planFiles(rest, cluster);
    expect(refusalCodes(plan)).toEqual(["budget -"]);
    expect(plan.refusals[0]?.message).toContain("2 of 2 services");
  });

  test("fields of ours make no unit where a tenant may write", async () => {
    const cluster = await settledCluster();
    const metadata = { name: "g", namespace: "paas-ws-acme", labels: marks("acme.ghost") };
    await cluster.apply({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec: {} });
    const { plan } = await planFiles(files, cluster);
    expect(listWork(plan)).toEqual([]);
    expect(notesOf(plan)).toContain("Ingress paas-ws-acme/g");
  });

  test("an object with our fields in another tenant's namespace is not this unit's", async () => {
    const cluster = await settledCluster();
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "elsewhere" } });
    const metadata = { name: "g", namespace: "elsewhere", labels: marks("acme.orders") };
    await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata });
    const { plan } = await planFiles(files, cluster);
    expect(listWork(plan)).toEqual([]);
    expect(notesOf(plan)).toContain("Secret elsewhere/g");
  });

  test("where a wanted object should be: refused, until it is taken over", async () => {
    const cluster = createFakeCluster();
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-charts" } });
    cluster.put(secret("paas-charts", "paas-ws-acme-web-01-values", "acme.web-01"));
    const { plan } = await planFiles(files, cluster);
    expect(refusalCodes(plan)).toContain("exists acme/web-01");
    const taken = await planFiles(files, cluster, { decisions: { adopt: true } });
    expect(listWork(taken.plan).join("\n")).toContain(
      "update adoption Secret paas-charts/paas-ws-acme-web-01-values",
    );
  });

  test("a unit whose inventory is lost is known by what it has among the charts", async () => {
    const cluster = await settledCluster();
    for (const object of cluster.objects("ConfigMap")) cluster.remove(refOf(object));
    const { "workspaces/acme/orders.yaml": _, ...rest } = files;
    const { plan } = await planFiles(rest, cluster);
    expect(listWork(plan)).toContain("prune undefined HelmChart paas-charts/paas-ws-acme-orders");
  });
});

describe("what opens a tenant", () => {
  const chart = "paas-ws-acme-web-01";
  const release = (name: string, type = "helm.sh/release.v1"): SeedObject => ({
    apiVersion: "v1",
    kind: "Secret",
    type,
    metadata: {
      name: `sh.helm.release.v1.${name}.v1`,
      namespace: "paas-ws-acme",
      labels: { owner: "helm", name, status: "deployed", version: "1" },
    },
  });
  const policy = (name: string, more: { labels?: object; annotations?: object } = {}): SeedObject => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "paas-ws-acme", ...(more as object) },
    spec: { podSelector: {}, ingress: [{}] },
  });
  const helmMarks = (name: string, namespace = "paas-ws-acme") => ({
    labels: { "app.kubernetes.io/managed-by": "Helm" },
    annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace },
  });
  const pruned = "prune foreign NetworkPolicy paas-ws-acme/hole";

  test("what a release of ours made stays", async () => {
    const cluster = await settledCluster();
    cluster.put(release(chart));
    cluster.put(policy("made-by-chart", helmMarks(chart)), { manager: "helm" });
    expect(listWork((await planFiles(files, cluster)).plan)).toEqual([]);
    // also where only the workspace is looked at
    const selection = { workspaces: ["acme"], withoutServices: true };
    expect(listWork((await planFiles(files, cluster, { selection })).plan)).toEqual([]);
  });

  test.each<[string, SeedObject, string | undefined, SeedObject | undefined]>([
    ["marks of a release that is not there", policy("hole", helmMarks("no-such")), "helm", undefined],
    ["marks of a service that never ran", policy("hole", helmMarks(chart)), "helm", undefined],
    ["a release that is no service's", policy("hole", helmMarks("by-hand")), "helm", release("by-hand")],
    ["a Secret that is not Helm's", policy("hole", helmMarks(chart)), "helm", release(chart, "Opaque")],
    ["marks of another namespace", policy("hole", helmMarks(chart, "other")), "helm", release(chart)],
    ["marks that kubectl wrote", policy("hole", helmMarks(chart)), "kubectl-create", release(chart)],
    ["half the marks", policy("hole", { labels: helmMarks(chart).labels }), "helm", release(chart)],
    ["our own labels", policy("hole", { labels: marks("acme") }), undefined, undefined],
  ])("%s", async (...[, object, manager, record]) => {
    const cluster = await settledCluster();
    if (record !== undefined) cluster.put(record);
    cluster.put(object, manager === undefined ? {} : { manager });
    expect(listWork((await planFiles(files, cluster)).plan)).toEqual([pruned]);
  });

  test("a policy that is there already is taken over, not pruned as well", async () => {
    const cluster = await settledCluster();
    for (const object of cluster.objects("ConfigMap")) cluster.remove(refOf(object));
    cluster.remove(refOf(policy("default-deny") as never));
    cluster.put(policy("default-deny"));
    const { plan } = await planFiles(files, cluster, { decisions: { adopt: true } });
    const work = listWork(plan).filter((line) => line.includes("paas-ws-acme/default-deny"));
    expect(work.map((line) => line.split(" ")[0])).toEqual(["update"]);
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { readInventory, writeClaim, writeInventoryPart } from "../../src/apply/inventory/inventory-store.ts";
import { labelRef } from "../../src/cluster/object-ref.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import { OperationError } from "../../src/errors.ts";
import { append, edit, madeUpPassword, samplePlatform, sealedService } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { carryOutPlan, listWork, planFiles, refusalCodes, settle, twoServices } from "./plan-world.ts";
import type { PlanRequest } from "./plan-world.ts";

let files: Definitions;

beforeAll(async () => {
  files = await twoServices();
});

const release = "paas-ws-acme-web-01";
const refs = {
  namespace: { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-ws-acme" },
  quota: { apiVersion: "v1", kind: "ResourceQuota", namespace: "paas-ws-acme", name: "workspace-quota" },
  deny: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    namespace: "paas-ws-acme",
    name: "default-deny",
  },
  chart: { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: release },
  values: { apiVersion: "v1", kind: "Secret", namespace: "paas-charts", name: `${release}-values` },
  ingress: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "paas-ws-acme", name: release },
} as const satisfies Readonly<Record<string, ObjectRef>>;

async function settledCluster(): Promise<FakeCluster> {
  const cluster = createFakeCluster();
  await settle(files, cluster);
  return cluster;
}

async function work(
  cluster: FakeCluster,
  request: PlanRequest & { files?: Definitions } = {},
): Promise<string[]> {
  const { plan } = await planFiles(request.files ?? files, cluster, request);
  return [...listWork(plan), ...refusalCodes(plan).map((code) => `refused ${code}`)];
}

describe("from nothing to settled", () => {
  test("everything is new, in order, and its price is told", async () => {
    const { plan } = await planFiles(files, createFakeCluster());
    expect(plan.units.map(({ address, intent }) => `${address} ${intent}`)).toEqual([
      "platform apply",
      "acme apply",
      "acme/orders apply",
      "acme/web-01 apply",
    ]);
    const changes = plan.units.flatMap((unit) => unit.changes);
    expect(changes.every(({ action, reason }) => action === "create" && reason === "definition")).toBe(true);
    expect(plan.units.map(({ costBefore, costAfter }) => [costBefore, costAfter])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [undefined, 0],
      [undefined, 3],
    ]);
    // a namespace can be asked for, what goes into it cannot yet
    for (const change of changes) {
      const predicted = change.action === "create" && change.predicted;
      expect([labelRef(change.ref), predicted]).toEqual([
        labelRef(change.ref),
        change.ref.namespace !== undefined,
      ]);
    }
  });

  test("a plan never writes", async () => {
    const cluster = createFakeCluster();
    await planFiles(files, cluster);
    expect(cluster.writes()).toEqual([]);
    await settle(files, cluster);
    const count = cluster.writes().length;
    cluster.edit(refs.quota, (object) => {
      object["spec"] = { hard: { "requests.cpu": "64" } };
    });
    await planFiles(files, cluster, { decisions: { take: ["all"] } });
    expect(cluster.writes().length).toBe(count);
  });

  test("what was applied is settled: nothing to do, and no question", async () => {
    const cluster = await settledCluster();
    const before = cluster.requests.length;
    const { plan } = await planFiles(files, cluster);
    expect(listWork(plan)).toEqual([]);
    expect(plan.units.flatMap(({ changes }) => changes).length).toBeGreaterThan(20);
    expect(plan.refusals).toEqual([]);
    const asked = cluster.requests.slice(before);
    expect(asked.filter(({ verb }) => verb !== "list" && verb !== "get")).toEqual([]);
  });

  test("who may not ask gets a prediction", async () => {
    const cluster = await settledCluster();
    cluster.beforeRequest(({ dryRun }) => {
      if (dryRun) throw new OperationError("forbidden", 'user "eve" cannot patch resource "helmcharts"');
    });
    const newer = edit(files, "workspaces/acme/web-01.yaml", [
      "name: Shop",
      "name: Shop\nhelm_values: { replicas: 2 }",
    ]);
    const { plan } = await planFiles(newer, cluster);
    const changes = plan.units.flatMap((unit) => unit.changes).filter(({ action }) => action !== "none");
    expect(changes).toMatchObject([{ action: "update", predicted: true }]);
  });
});

describe("git says something new", () => {
  test("a value of the service file is one key of the values Secret", async () => {
    const cluster = await settledCluster();
    const newer = edit(files, "workspaces/acme/web-01.yaml", [
      "name: Shop",
      "name: Shop\nhelm_values: { replicas: 2 }",
    ]);
    const { plan } = await planFiles(newer, cluster);
    expect(listWork(plan)).toEqual([
      `update definition Secret paas-charts/${release}-values: data.values.yaml:replicas`,
    ]);
    const change = plan.units.flatMap(({ changes }) => changes).find(({ action }) => action === "update");
    expect(change).toMatchObject({
      predicted: false,
      force: false,
      fields: [{ before: undefined, after: "2", masked: false }],
    });
    await settle(newer, cluster);
    expect(await work(cluster, { files: newer })).toEqual([]);
  });

  test("an edit of the catalog that changes many services is told", async () => {
    const two = {
      ...files,
      "workspaces/acme/web-02.yaml": files["workspaces/acme/web-01.yaml"]?.replace("shop", "shop2") ?? "",
    };
    const cluster = createFakeCluster();
    await settle(two, cluster);
    const newer = edit(two, "catalog/web.yaml", ["default_value: 1", "default_value: 2"]);
    const { plan } = await planFiles(newer, cluster);
    expect(listWork(plan)).toEqual([
      `update definition HelmChart paas-charts/${release}: spec.valuesContent:replicas`,
      "update definition HelmChart paas-charts/paas-ws-acme-web-02: spec.valuesContent:replicas",
    ]);
    expect(plan.notes).toEqual(["the edit of catalog/web.yaml changes 2 services"]);
  });

  test("an object that is no longer wanted is pruned", async () => {
    const cluster = await settledCluster();
    const hidden = edit(files, "workspaces/acme/web-01.yaml", ["subdomain: shop\n", ""]);
    expect(await work(cluster, { files: hidden })).toContain(
      `prune undefined Ingress paas-ws-acme/${release}`,
    );
    await settle(hidden, cluster);
    expect(await work(cluster, { files: hidden })).toEqual([]);
    expect(cluster.object(refs.ingress)).toBeUndefined();
  });

  test("a field that git drops goes", async () => {
    const more = edit(files, "workspaces/acme/web-01.yaml", [
      "name: Shop",
      "name: Shop\nhelm_values: { ui.message: hello }",
    ]);
    const cluster = createFakeCluster();
    await settle(more, cluster);
    const { plan } = await planFiles(files, cluster);
    const [change] = plan.units.flatMap(({ changes }) => changes).filter(({ action }) => action !== "none");
    expect(change).toMatchObject({
      reason: "definition",
      fields: [{ path: "data.values.yaml:ui.message", before: "hello", after: undefined }],
    });
  });
});

describe("somebody changed the cluster", () => {
  const hole = (cluster: FakeCluster) =>
    cluster.edit(refs.deny, (object) => {
      (object["spec"] as Record<string, unknown>)["ingress"] = [{}];
    });

  test("a person's edit is a conflict that names manager, field and the ways out", async () => {
    const cluster = await settledCluster();
    hole(cluster);
    const { plan } = await planFiles(files, cluster);
    expect(refusalCodes(plan)).toEqual(["conflict acme"]);
    const [refusal] = plan.refusals;
    expect(refusal?.message).toContain("spec.ingress");
    expect(refusal?.message).toContain("kubectl-edit");
    for (const way of [
      "--take 'NetworkPolicy/paas-ws-acme/default-deny:spec.ingress'",
      "--keep 'NetworkPolicy/paas-ws-acme/default-deny:spec.ingress'",
      "--take all",
    ]) {
      expect(refusal?.hint).toContain(way);
    }
    const change = plan.units.flatMap(({ changes }) => changes).find(({ action }) => action === "update");
    expect(change).toMatchObject({
      reason: "drift",
      fields: [{ path: "spec.ingress", before: "- {}", after: "[]", changedBy: { manager: "kubectl-edit" } }],
    });
  });

  test.each([
    ["all"],
    ["NetworkPolicy/default-deny:spec.ingress"],
    ["NetworkPolicy/paas-ws-acme/default-deny:spec.ingress"],
    ["spec.ingress"],
    ["spec"],
  ])("--take %s puts it back", async (path) => {
    const cluster = await settledCluster();
    hole(cluster);
    const planned = await planFiles(files, cluster, { decisions: { take: [path] } });
    expect(listWork(planned.plan)).toEqual([
      "update drift NetworkPolicy paas-ws-acme/default-deny: spec.ingress",
    ]);
    await carryOutPlan(planned, cluster);
    expect(await work(cluster)).toEqual([]);
  });

  test("--take of another field does not", async () => {
    const cluster = await settledCluster();
    hole(cluster);
    expect(
      await work(cluster, {
        decisions: {
          take: [
            "spec.ing",
            "NetworkPolicy/other:spec.ingress",
            "NetworkPolicy/paas-charts/default-deny:spec.ingress",
          ],
        },
      }),
    ).toContain("refused conflict acme");
  });

  test("--keep leaves it, and wins over --take all", async () => {
    const cluster = await settledCluster();
    hole(cluster);
    const decisions = { keep: ["NetworkPolicy/default-deny:spec.ingress"], take: ["all"] };
    expect(await work(cluster, { decisions })).toEqual([]);
    // beside another change, only the kept field stays out of what is written
    cluster.edit(refs.deny, (object) => {
      object.metadata["labels"] = {
        ...(object.metadata["labels"] as object),
        "paas.woowtech.com/workspace": "x",
      };
    });
    const planned = await planFiles(files, cluster, { decisions });
    await carryOutPlan(planned, cluster);
    expect(cluster.object(refs.deny)).toMatchObject({
      metadata: { labels: { "paas.woowtech.com/workspace": "acme" } },
      spec: { ingress: [{}] },
    });
  });

  test("reconcile takes it by force where drift is repaired", async () => {
    const cluster = await settledCluster();
    hole(cluster);
    const planned = await planFiles(files, cluster, { decisions: { repair: true } });
    expect(planned.plan.refusals).toEqual([]);
    await carryOutPlan(planned, cluster);
    expect(await work(cluster)).toEqual([]);
  });

  describe("where drift is only reported", () => {
    let reported: Definitions;
    beforeAll(() => {
      reported = edit(files, "platform.yaml", ["name: test-platform", "name: test-platform\ndrift: report"]);
    });

    test("it is told, and left", async () => {
      const cluster = createFakeCluster();
      await settle(reported, cluster);
      hole(cluster);
      cluster.edit(refs.quota, (object) => {
        (object["spec"] as { hard: Record<string, string> }).hard["pods"] = "0";
      });
      for (const repair of [true, false]) {
        const { plan } = await planFiles(reported, cluster, { decisions: { repair } });
        expect([...listWork(plan), ...refusalCodes(plan)]).toEqual([]);
        const notes = plan.units.flatMap((unit) => unit.notes);
        expect(notes.length).toBe(2);
        expect(notes.join()).toContain("spec.ingress");
        expect(notes.join()).toContain("spec.hard.pods");
      }
    });

    test("what git says anew is done beside it", async () => {
      const cluster = createFakeCluster();
      await settle(reported, cluster);
      cluster.edit(refs.quota, (object) => {
        (object["spec"] as { hard: Record<string, string> }).hard["requests.cpu"] = "64";
      });
      const newer = edit(reported, "workspaces/acme/workspace.yaml", [
        "name: Acme",
        "name: Acme\nquota: { ram_gb: 20 }",
      ]);
      const planned = await planFiles(newer, cluster);
      expect(listWork(planned.plan)).toEqual([
        "update definition ResourceQuota paas-ws-acme/workspace-quota: spec.hard.requests.memory",
      ]);
      await carryOutPlan(planned, cluster);
      expect(cluster.object(refs.quota)).toMatchObject({
        spec: { hard: { "requests.cpu": "64", "requests.memory": "20Gi" } },
      });
      expect(await work(cluster, { files: newer })).toEqual([]);
    });

    test("a person may still put it right", async () => {
      const cluster = createFakeCluster();
      await settle(reported, cluster);
      hole(cluster);
      const planned = await planFiles(reported, cluster, { decisions: { take: ["all"] } });
      await carryOutPlan(planned, cluster);
      const { plan } = await planFiles(reported, cluster);
      expect(plan.units.flatMap((unit) => unit.notes)).toEqual([]);
    });
  });

  test("a field added where only we write is removed", async () => {
    const cluster = await settledCluster();
    cluster.edit(refs.quota, (object) => {
      (object["spec"] as { hard: Record<string, string> }).hard["pods"] = "0";
    });
    const planned = await planFiles(files, cluster);
    expect(listWork(planned.plan)).toEqual([
      "update drift ResourceQuota paas-ws-acme/workspace-quota: spec.hard.pods",
    ]);
    await carryOutPlan(planned, cluster);
    expect(await work(cluster)).toEqual([]);
  });

  test("an object that is gone is made again", async () => {
    const cluster = await settledCluster();
    cluster.remove(refs.quota);
    expect(await work(cluster)).toEqual(["create missing ResourceQuota paas-ws-acme/workspace-quota"]);
  });

  test("an object whose platform label is gone is still ours", async () => {
    const cluster = await settledCluster();
    cluster.edit(refs.quota, (object) => {
      object.metadata["labels"] = {};
    });
    const planned = await planFiles(files, cluster);
    expect(planned.plan.refusals).toEqual([]);
    expect(listWork(planned.plan).length).toBe(1);
    await carryOutPlan(planned, cluster);
    expect(await work(cluster)).toEqual([]);
  });

  test("a role binding or a policy added by hand goes, or is told", async () => {
    const binding = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "by-hand", namespace: "paas-ws-acme" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
    };
    const cluster = await settledCluster();
    cluster.put(binding);
    expect(await work(cluster)).toEqual(["prune foreign RoleBinding paas-ws-acme/by-hand"]);
    expect(await work(cluster, { decisions: { keep: ["RoleBinding/by-hand:metadata.name"] } })).toEqual([]);
    const reported = edit(files, "platform.yaml", [
      "name: test-platform",
      "name: test-platform\ndrift: report",
    ]);
    const { plan } = await planFiles(reported, cluster);
    expect(listWork(plan)).toEqual([]);
    expect(plan.units.flatMap(({ notes }) => notes).join()).toContain("RoleBinding paas-ws-acme/by-hand");
  });

  test("an object that is being deleted is made again once it is gone", async () => {
    const cluster = await settledCluster();
    cluster.edit(refs.chart, (object) => {
      object.metadata["finalizers"] = ["wrangler.cattle.io/on-helm-chart-remove"];
    });
    await cluster.delete(refs.chart, { uid: cluster.object(refs.chart)?.metadata.uid ?? "" });
    expect(await work(cluster)).toEqual([`replace missing HelmChart paas-charts/${release}`]);
  });

  test("nothing goes into a namespace that is being deleted", async () => {
    const cluster = await settledCluster();
    cluster.edit(refs.ingress, (object) => {
      object.metadata["finalizers"] = ["made.up/finalizer"];
    });
    await cluster.delete(refs.namespace, { uid: cluster.object(refs.namespace)?.metadata.uid ?? "" });
    const { plan } = await planFiles(files, cluster);
    expect(refusalCodes(plan)).toEqual([]);
    expect(listWork(plan)).toEqual([]);
    const blocked = plan.units.flatMap((unit) => (unit.blocked === undefined ? [] : [unit.address]));
    expect(blocked).toEqual(["acme", "acme/orders", "acme/web-01"]);
    const sentences = plan.units.map((unit) => unit.blocked?.message ?? "");
    expect(sentences.filter((text) => text.includes("paas-ws-acme is being deleted")).length).toBe(1);
  });
});

describe("objects that are there already", () => {
  const quota = {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "workspace-quota", namespace: "paas-ws-acme" },
    spec: { hard: { pods: "1" } },
  };
  const labels = { "paas.woowtech.com/platform": "test-platform", "paas.woowtech.com/unit": "acme" };

  async function without(name: keyof typeof refs): Promise<FakeCluster> {
    const cluster = createFakeCluster();
    await settle(files, cluster);
    cluster.remove(refs[name]);
    for (const part of (await readInventory(cluster)).parts.values()) {
      const units = part.units.map((unit) => ({ ...unit, objects: [] }));
      await writeInventoryPart(cluster, { ...part, units });
    }
    return cluster;
  }

  test("nobody's is refused, and taken over when that is said", async () => {
    const cluster = await without("quota");
    cluster.put(quota, { manager: "kubectl-client-side-apply" });
    expect(await work(cluster)).toEqual(["refused exists acme"]);
    const planned = await planFiles(files, cluster, { decisions: { adopt: true } });
    expect(listWork(planned.plan).map((line) => line.split(":")[0])).toEqual([
      "update adoption ResourceQuota paas-ws-acme/workspace-quota",
    ]);
    await carryOutPlan(planned, cluster);
    expect(await work(cluster)).toEqual([]);
    expect(cluster.object(refs.quota)?.["spec"]).not.toHaveProperty("hard.pods");
  });

  test("what K3s applies from its manifests directory is recognised", async () => {
    const cluster = await without("quota");
    const annotations = { "objectset.rio.cattle.io/id": "" };
    cluster.put(
      { ...quota, metadata: { ...quota.metadata, labels, annotations } },
      { manager: "deploy@server" },
    );
    const { plan } = await planFiles(files, cluster);
    expect(refusalCodes(plan)).toEqual(["exists acme"]);
    expect(plan.refusals[0]?.hint).toContain("moving-from-manifests-directory");
  });

  test("another platform's is refused, adopted or not", async () => {
    const cluster = await without("quota");
    const other = { ...labels, "paas.woowtech.com/platform": "other" };
    cluster.put({ ...quota, metadata: { ...quota.metadata, labels: other } });
    expect(await work(cluster, { decisions: { adopt: true } })).toEqual(["refused other-platform acme"]);
  });
});

describe("units that are gone from git", () => {
  function withServices(count: number): Definitions {
    const service = files["workspaces/acme/web-01.yaml"] ?? "";
    const quota = "default_quota: { vcpu: 100, ram_gb: 100, limits_vcpu: 200, limits_ram_gb: 200 }\n";
    const all = append(samplePlatform(), "platform.yaml", quota);
    for (let i = 2; i <= count; i += 1) {
      const id = String(i).padStart(2, "0");
      all[`workspaces/acme/web-${id}.yaml`] = service
        .replace("shop", `shop${id}`)
        .replace("name: Shop", `name: Shop\nhelm_values: { ui.message: text ${id} }`);
    }
    return all;
  }
  const drop = (all: Definitions, ...ids: string[]): Definitions =>
    Object.fromEntries(
      Object.entries(all).filter(([path]) => !ids.some((id) => path.includes(`/${id}.yaml`))),
    );

  test("a service goes with all it has, after everything else", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const rest = drop(all, "web-06");
    const { plan } = await planFiles(rest, cluster);
    expect(plan.refusals).toEqual([]);
    expect(plan.units.at(-1)).toMatchObject({
      address: "acme/web-06",
      workspaceId: "acme",
      intent: "remove",
      costBefore: 3,
      costAfter: undefined,
    });
    const removed = plan.units.at(-1)?.changes.map(({ action, ref }) => `${action} ${ref.kind}`);
    expect(removed?.sort()).toEqual([
      "prune HelmChart",
      "prune Ingress",
      "prune NetworkPolicy",
      "prune Secret",
    ]);
  });

  test.each([
    [6, 1, undefined, []],
    [6, 2, undefined, ["refused budget -"]],
    [6, 2, 2, []],
    [6, 3, 2, ["refused budget -"]],
    [12, 2, undefined, []],
    [12, 3, undefined, ["refused budget -"]],
    [1, 1, 0, ["refused budget -"]],
    [70, 10, undefined, []],
    [70, 11, undefined, ["refused budget -"]],
  ])(
    "of %i services %i may go with budget %s: %j",
    { timeout: 120_000 },
    async (...[count, gone, pruneBudget, refused]) => {
      const cluster = createFakeCluster();
      const all = withServices(count);
      await settle(all, cluster);
      const ids = Array.from({ length: gone }, (_, i) => `web-${String(count - i).padStart(2, "0")}`);
      const found = await work(cluster, { files: drop(all, ...ids), decisions: { pruneBudget } });
      expect(found.filter((line) => line.startsWith("refused"))).toEqual(refused);
    },
  );

  test("what a person named does not count", async () => {
    const cluster = createFakeCluster();
    const all = withServices(4);
    await settle(all, cluster);
    const removeUnits = ["acme/web-02", "acme/web-03", "acme/web-04"];
    const { plan } = await planFiles(all, cluster, { decisions: { removeUnits } });
    expect(plan.refusals).toEqual([]);
    expect(plan.units.filter(({ intent }) => intent === "remove").map(({ address }) => address)).toEqual(
      removeUnits,
    );
  });

  test("a namespace goes only when it is named", async () => {
    const other = {
      ...files,
      "workspaces/beta/workspace.yaml":
        files["workspaces/acme/workspace.yaml"]?.replace("Acme", "Beta") ?? "",
    };
    const cluster = createFakeCluster();
    await settle(other, cluster);
    expect(await work(cluster)).toContain("refused removal-not-named beta");
    const found = await work(cluster, { decisions: { removeWorkspaces: ["beta"] } });
    expect(found).toContain("prune undefined Namespace paas-ws-beta");
    expect(found.join()).not.toContain("refused");
  });

  test("a selection removes nothing outside itself", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const rest = drop(all, "web-06");
    expect(await work(cluster, { files: rest, selection: { services: ["acme/web-01"] } })).toEqual([]);
    const found = await work(cluster, { files: rest, selection: { workspaces: ["acme"] } });
    expect(found.filter((line) => line.includes("web-06")).length).toBeGreaterThan(0);
  });

  test("a file that cannot be read, or was left out of the checkout, is no deletion", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const rest = drop(all, "web-06");
    const path = "workspaces/acme/web-06.yaml";
    expect(await work(cluster, { files: rest, absentFiles: [path] })).toEqual([]);
    const found = await planFiles(rest, cluster, {
      odd: { unreadable: { [path]: "made up" } },
      isolated: true,
    });
    expect(listWork(found.plan)).toEqual([]);
  });

  test("a workspace that moved to another cluster is left alone here, and told", async () => {
    const cluster = await settledCluster();
    const moved = {
      ...edit(files, "platform.yaml", [
        "clusters:",
        "clusters:\n  other: { k3s_version: v1.35.8+k3s1, context: other }",
      ]),
      "workspaces/acme/workspace.yaml": `${files["workspaces/acme/workspace.yaml"] ?? ""}cluster: other\n`,
    };
    const { plan } = await planFiles(moved, cluster, { cluster: "default" });
    expect(listWork(plan)).toEqual([]);
    expect(refusalCodes(plan)).toEqual([]);
    expect(plan.notes.join()).toContain("acme has files in git that say nothing for this cluster");
  });

  test("a workspace that is named goes with its services, sick or not", async () => {
    const cluster = await settledCluster();
    const sick = { ...files, "workspaces/acme/web-02.yaml": "kind: CloudService\ntemplate_id: none\n" };
    const { plan } = await planFiles(sick, cluster, { isolated: true, decisions: { removeUnits: ["acme"] } });
    expect(plan.refusals).toEqual([]);
    const removed = plan.units.filter(({ intent }) => intent === "remove").map(({ address }) => address);
    expect(removed).toEqual(["acme/orders", "acme/web-01", "acme"]);
  });

  test("nothing is removed in a workspace with a problem, however many are gone", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const rest = {
      ...drop(all, "web-06"),
      "workspaces/acme/web-05.yaml": "kind: CloudService\ntemplate_id: none\n",
    };
    const { plan } = await planFiles(rest, cluster, { isolated: true });
    expect(listWork(plan)).toEqual([]);
    expect(plan.notes.join()).toContain("acme/web-06");
  });

  test("a renamed service is refused, unless what it means is said", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const renamed = {
      ...drop(all, "web-06"),
      "workspaces/acme/web-99.yaml": all["workspaces/acme/web-06.yaml"] ?? "",
    };
    expect(await work(cluster, { files: renamed })).toContain("refused rename acme/web-99");
    const found = await work(cluster, { files: renamed, decisions: { replace: true } });
    expect(found.join()).not.toContain("refused");
  });

  describe("what a rename is recognised by", () => {
    const path = "workspaces/acme/web-06.yaml";
    const as = (all: Definitions, text: string) => ({
      ...drop(all, "web-06"),
      "workspaces/acme/web-99.yaml": text,
    });
    const other = (text: string) => text.replace("text 06", "text 99");

    test.each<[string, (text: string) => string, boolean]>([
      ["another host", (text) => text.replace("shop06", "shop99"), true],
      ["another value", other, true],
      ["another host and another value", (text) => other(text).replace("shop06", "shop99"), false],
      [
        "another value, and no host any more",
        (text) => other(text).replace("subdomain: shop06\n", ""),
        false,
      ],
      ["another chart", (text) => text.replace("template_id: web", "template_id: other"), false],
    ])("%s", async (...[, change, isRename]) => {
      const all: Definitions = {
        ...withServices(6),
        "catalog/other.yaml": (files["catalog/web.yaml"] ?? "")
          .replace("id: web", "id: other")
          .replace("chart_name: web", "chart_name: other"),
      };
      const cluster = createFakeCluster();
      await settle(all, cluster);
      const text = change(all[path] ?? "");
      expect(text).not.toBe(all[path]);
      const found = await work(cluster, { files: as(all, text) });
      expect(found.includes("refused rename acme/web-99")).toBe(isRename);
    });

    test("secrets: the same one is the same service, a new one is a new service", async () => {
      const text = await sealedService("acme/orders2");
      const services = {
        ...withServices(6),
        "workspaces/acme/orders.yaml": await sealedService("acme/orders"),
      };
      const cluster = createFakeCluster();
      await settle(services, cluster);
      const renamed = (one: string) => ({ ...drop(services, "orders"), "workspaces/acme/orders2.yaml": one });
      const changes = (one: string) =>
        one
          .replace("auth.database: orders", "auth.database: sales")
          .replace("name: Orders", "name: Sales\nresources: { vcpu: 2, ram_gb: 3 }");
      expect(changes(text)).not.toBe(text);
      expect(await work(cluster, { files: renamed(changes(text)) })).toContain("refused rename acme/orders2");
      const fresh = await sealedService("acme/orders2", undefined, "made-up-password-2");
      expect((await work(cluster, { files: renamed(fresh) })).join()).not.toContain("rename");
    });
  });

  test("what lost our label and our fields is left alone", async () => {
    const cluster = createFakeCluster();
    const all = withServices(6);
    await settle(all, cluster);
    const ref = { ...refs.ingress, name: "paas-ws-acme-web-06" };
    cluster.remove(ref);
    cluster.put({ ...ref, metadata: { name: ref.name, namespace: "paas-ws-acme" }, spec: {} });
    const { plan } = await planFiles(drop(all, "web-06"), cluster);
    expect(listWork(plan).join()).not.toContain("Ingress");
    expect(plan.units.at(-1)?.notes.join()).toContain("Ingress paas-ws-acme/paas-ws-acme-web-06");
  });
});

describe("selections", () => {
  test("what a service needs is made, what is merely different stays", async () => {
    const cluster = createFakeCluster();
    const found = await work(cluster, { selection: { services: ["acme/web-01"] } });
    expect(found).toContain("create definition Namespace paas-ws-acme");
    expect(found.join()).not.toContain("orders");
    await settle(files, cluster);
    cluster.edit(refs.deny, (object) => {
      (object["spec"] as Record<string, unknown>)["ingress"] = [{}];
    });
    expect(await work(cluster, { selection: { services: ["acme/web-01"] } })).toEqual([]);
    cluster.remove(refs.quota);
    expect(await work(cluster, { selection: { services: ["acme/web-01"] } })).toEqual([
      "create missing ResourceQuota paas-ws-acme/workspace-quota",
    ]);
  });

  test("a new host needs its allotment", async () => {
    const cluster = await settledCluster();
    const moved = edit(files, "workspaces/acme/web-01.yaml", ["subdomain: shop", "subdomain: shop2"]);
    const found = await work(cluster, { files: moved, selection: { services: ["acme/web-01"] } });
    expect(found).toContain(
      "update definition Namespace paas-ws-acme: metadata.annotations.paas.woowtech.com/hosts",
    );
    expect(found.some((line) => line.startsWith(`update definition Ingress`))).toBe(true);
  });
});

describe("what cannot change", () => {
  const releaseSecret = (name: string, status = "deployed", version = "1") => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace: "paas-ws-acme",
      labels: { owner: "helm", name, status, version },
    },
  });
  const withLifecycle = (lifecycle: string) =>
    edit(files, "catalog/web.yaml", [
      "key: replicas, label: Copies",
      `key: replicas, lifecycle: ${lifecycle}, label: Copies`,
    ]);
  const withReplicas = (all: Definitions, count: number) =>
    edit(all, "workspaces/acme/web-01.yaml", [
      "name: Shop",
      `name: Shop\nhelm_values: { replicas: ${count} }`,
    ]);

  test.each([
    ["create_only", 3, 4, ["create-only acme/web-01"]],
    ["expand_only", 3, 4, []],
    ["expand_only", 3, 2, ["shrink acme/web-01"]],
    ["any", 3, 2, []],
  ])("%s from %i to %i: %j", async (...[lifecycle, from, to, refused]) => {
    const all = withLifecycle(lifecycle);
    const cluster = createFakeCluster();
    await settle(withReplicas(all, from), cluster);
    // before it ever ran it may become anything
    expect(refusalCodes((await planFiles(withReplicas(all, to), cluster)).plan)).toEqual([]);
    cluster.put(releaseSecret(release));
    expect(refusalCodes((await planFiles(withReplicas(all, to), cluster)).plan)).toEqual(refused);
    expect(refusalCodes((await planFiles(withReplicas(all, from), cluster)).plan)).toEqual([]);
  });

  test("the size of a volume", async () => {
    const cluster = await settledCluster();
    cluster.put(releaseSecret("paas-ws-acme-orders", "superseded"));
    cluster.put(releaseSecret("paas-ws-acme-orders", "failed", "2"));
    const text = (await sealedService("acme/orders")).replace(
      "name: Orders",
      "name: Orders\nresources: { storage_gb: 9 }",
    );
    const { plan } = await planFiles({ ...files, "workspaces/acme/orders.yaml": text }, cluster);
    expect(refusalCodes(plan)).toEqual(["create-only acme/orders"]);
    expect(plan.refusals[0]?.message).toContain("primary.persistence.size");
  });

  test("what the API server calls immutable needs --replace", async () => {
    const cluster = await settledCluster();
    cluster.beforeRequest(({ dryRun, kind }) => {
      if (dryRun && kind === "Ingress") throw new OperationError("invalid", "spec.x: field is immutable");
    });
    const moved = edit(files, "workspaces/acme/web-01.yaml", ["subdomain: shop", "subdomain: shop2"]);
    const withHosts = await planFiles(moved, cluster);
    // the namespace changes as well, so the server is not asked about what is in it
    expect(refusalCodes(withHosts.plan)).toEqual([]);
    cluster.edit(refs.ingress, (object) => {
      (object["spec"] as Record<string, unknown>)["ingressClassName"] = "other";
    });
    const decisions = { take: ["all"] };
    expect(await work(cluster, { decisions })).toContain("refused create-only acme/web-01");
    const found = await work(cluster, { decisions: { ...decisions, replace: true } });
    expect(found).toEqual([`replace drift Ingress paas-ws-acme/${release}: spec.ingressClassName`]);
  });

  test("what would not fit is refused before anything is written", async () => {
    const cluster = await settledCluster();
    cluster.remove(refs.quota);
    cluster.beforeRequest(({ dryRun }) => {
      if (dryRun) throw new OperationError("quota-exceeded", "exceeded quota: made-up");
    });
    expect(refusalCodes((await planFiles(files, cluster)).plan)).toEqual(["quota acme"]);
  });
});

describe("the cluster itself", () => {
  test("a kind it does not know", async () => {
    const cluster = createFakeCluster([], { withoutKinds: ["HelmChart"] });
    const codes = refusalCodes((await planFiles(files, cluster)).plan);
    expect(codes).toEqual(["missing-kind acme/orders", "missing-kind acme/web-01"]);
  });

  test("revisions in two places", async () => {
    const cluster = await settledCluster();
    const { claim } = await readInventory(cluster);
    if (claim !== undefined) await writeClaim(cluster, { ...claim, records: "cluster" });
    expect(refusalCodes((await planFiles(files, cluster)).plan)).toEqual(["records-mixed -"]);
  });

  test("a unit on hold is left alone, until its definition changes where a rollback holds it", async () => {
    const cluster = await settledCluster();
    cluster.remove(refs.chart);
    const { desired } = await planFiles(files, cluster);
    const hash = desired.units.find(({ address }) => address === "acme/web-01")?.definitionHash ?? "";
    const hold = async (next: unknown) => {
      const part = (await readInventory(cluster)).parts.get("acme");
      if (part === undefined) throw new Error("no inventory");
      const units = part.units.map((unit) =>
        unit.unit === "acme/web-01" ? { ...unit, hold: next as never } : unit,
      );
      await writeInventoryPart(cluster, { ...part, units });
    };
    const base = { by: "a@b", at: "2026-01-01T00:00:00Z" };
    await hold({ ...base, type: "suspended", reason: "made up" });
    expect(await work(cluster)).toEqual([]);
    await hold({ ...base, type: "rollback", revision: 1, whileDefinition: hash });
    expect(await work(cluster)).toEqual([]);
    await hold({ ...base, type: "rollback", revision: 1, whileDefinition: "another" });
    expect(await work(cluster)).toEqual([`create missing HelmChart paas-charts/${release}`]);
  });
});

describe("secrets", () => {
  test("stand nowhere in a plan, and equal ones look equal", async () => {
    const cluster = await settledCluster();
    const other = "made-up-password-2";
    const text = await sealedService("acme/orders");
    const values = { ...refs.values, name: "paas-ws-acme-orders-values" };
    cluster.edit(values, (object) => {
      const data = object["data"] as Record<string, string>;
      const yaml = Buffer.from(data["values.yaml"] ?? "", "base64")
        .toString()
        .replace(madeUpPassword, other);
      data["values.yaml"] = Buffer.from(yaml).toString("base64");
      data["extra"] = Buffer.from(madeUpPassword).toString("base64");
    });
    const { plan } = await planFiles({ ...files, "workspaces/acme/orders.yaml": text }, cluster, {
      decisions: { take: ["all"] },
    });
    const fields = plan.units.flatMap(({ changes }) => changes.flatMap((change) => change.fields));
    expect(fields.map(({ path, masked }) => [path, masked])).toEqual([
      ["data.values.yaml:auth.password", true],
      ["data.extra", true],
    ]);
    expect(fields[0]?.before).not.toBe(fields[0]?.after);
    for (const secret of [madeUpPassword, other]) {
      expect(JSON.stringify(fields)).not.toContain(secret);
      expect(JSON.stringify(fields)).not.toContain(Buffer.from(secret).toString("base64"));
    }
  });

  test("without keys everything else is compared", async () => {
    const cluster = await settledCluster();
    const { plan } = await planFiles(files, cluster, { withSecrets: false });
    expect(listWork(plan)).toEqual([]);
    expect(plan.notes.join()).toContain("secrets of 1 service are not compared");
    const text = (await sealedService("acme/orders")).replace(
      "auth.database: orders",
      "auth.database: sales",
    );
    const found = await planFiles({ ...files, "workspaces/acme/orders.yaml": text }, cluster, {
      withSecrets: false,
    });
    expect(listWork(found.plan)).toEqual([
      "update definition Secret paas-charts/paas-ws-acme-orders-values: data.values.yaml:auth.database",
    ]);
    // and with the key the new seal of the same password is no change
    expect(listWork((await planFiles(files, cluster)).plan)).toEqual([]);
  });

  test("a value that was secret once stays hidden when it is written in plain text", async () => {
    const open = (await sealedService("acme/orders")).replace(
      "auth.database: orders",
      "auth.database: orders\n  note: now-public",
    );
    const cluster = createFakeCluster();
    await settle(files, cluster);
    const part = (await readInventory(cluster)).parts.get("acme");
    expect(part?.units.find(({ unit }) => unit === "acme/orders")?.secretKeys).toEqual(["auth.password"]);
    if (part === undefined) return;
    const values = { ...refs.values, name: "paas-ws-acme-orders-values" };
    const edited = cluster.object(values);
    const yaml = Buffer.from(
      (edited?.["data"] as Record<string, string> | undefined)?.["values.yaml"] ?? "",
      "base64",
    ).toString();
    await cluster.apply({
      ...values,
      metadata: { name: values.name, namespace: values.namespace, labels: edited?.metadata.labels },
      type: "Opaque",
      data: { "values.yaml": Buffer.from(`${yaml}note: once-secret\n`).toString("base64") },
    });
    const noteOf = async () => {
      const { plan } = await planFiles(
        {
          ...files,
          "workspaces/acme/orders.yaml": open
            .replace("helm_values:", "raw_values: { note: now-public }\nhelm_values:")
            .replace("\n  note: now-public", ""),
        },
        cluster,
      );
      return plan.units
        .flatMap(({ changes }) => changes.flatMap(({ fields }) => fields))
        .find(({ path }) => path.endsWith(":note"));
    };
    expect(await noteOf()).toMatchObject({ before: "once-secret", after: "now-public" });
    const withKeys = (keys: readonly string[] | undefined) => ({
      ...part,
      units: part.units.map((unit) => (unit.unit === "acme/orders" ? { ...unit, secretKeys: keys } : unit)),
    });
    for (const keys of [["auth.password", "note"], undefined]) {
      const now = (await readInventory(cluster)).parts.get("acme");
      await writeInventoryPart(cluster, {
        ...withKeys(keys),
        resourceVersion: now?.resourceVersion,
        uid: now?.uid,
      });
      const field = await noteOf();
      expect(field).toMatchObject({ after: "now-public", masked: true });
      expect(field?.before).toMatch(/^\(secret [0-9a-f]{8}\)$/);
    }
  });
});

test("a copy of a chart with our labels is never deleted, and told", async () => {
  const cluster = await settledCluster();
  const { metadata, ...rest } = cluster.object(refs.chart) ?? { metadata: {}, apiVersion: "", kind: "" };
  cluster.put({ ...rest, metadata: { ...metadata, name: "copy", uid: "copy" } } as never);
  const { plan } = await planFiles(files, cluster);
  expect(listWork(plan)).toEqual([]);
  expect(plan.units.flatMap(({ notes }) => notes).join()).toContain("HelmChart paas-charts/copy");
});

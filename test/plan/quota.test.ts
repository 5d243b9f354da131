import { beforeEach, describe, expect, test } from "vitest";
import { readInventory, writeInventoryPart } from "../../src/apply/inventory/inventory-store.ts";
import { append, edit, samplePlatform } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import type { Plan } from "../../src/plan/change.ts";
import { readPlanText } from "../../src/plan/file/read-plan-text.ts";
import { makePlanFile } from "../../src/plan/file/plan-file.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import { carryOutPlan, listWork, planFiles, refusalCodes, settle } from "./plan-world.ts";
import type { PlanRequest } from "./plan-world.ts";

const workspaceFile = "workspaces/acme/workspace.yaml";
const quotaRef = {
  apiVersion: "v1",
  kind: "ResourceQuota",
  namespace: "paas-ws-acme",
  name: "workspace-quota",
};
let cluster: FakeCluster;
beforeEach(() => {
  cluster = createFakeCluster();
});

/** So many services of 1 vCPU and 0.5 Gi, limits twice that; the default quota has room for eight. */
function withServices(count: number, more: Definitions = {}): Record<string, string> {
  const files = samplePlatform();
  const service = files["workspaces/acme/web-01.yaml"] ?? "";
  for (let i = 2; i <= count; i += 1) {
    const id = String(i).padStart(2, "0");
    files[`workspaces/acme/web-${id}.yaml`] = service
      .replace("shop", `shop${id}`)
      .replace("name: Shop", `name: Shop\nhelm_values: { ui.message: text ${id} }`);
  }
  return { ...files, ...more };
}

const serviceFile = (id: string) => `workspaces/acme/web-${id}.yaml`;
const sized = (files: Definitions, id: string, vcpu: number) =>
  append(files, serviceFile(id), `resources: { vcpu: ${vcpu} }\n`);
const withQuota = (files: Definitions, text: string) => append(files, workspaceFile, `quota: ${text}\n`);

async function planned(files: Definitions, request?: PlanRequest): Promise<Plan> {
  return (await planFiles(files, cluster, request)).plan;
}

function rowOf(plan: Plan, resource: string): unknown {
  return plan.workspaces
    ?.find(({ workspace }) => workspace === "acme")
    ?.quota.find((row) => row.resource === resource);
}

/** What the quota controller would write. */
function count(used: Record<string, string>): void {
  cluster.edit(quotaRef, (object) => {
    object["status"] = { used };
  });
}

describe("what fits", () => {
  test("eight services of the smallest size fit the default quota, and what they ask for and cost is told", async () => {
    const plan = await planned(withServices(8));
    expect([plan.refusals, plan.notes]).toEqual([[], []]);
    expect(plan.workspaces).toMatchObject([{ workspace: "acme", costBefore: 0, costAfter: 24 }]);
    expect(
      plan.workspaces?.[0]?.quota.map((row) => [row.resource, row.askedBefore, row.askedAfter, row.hard]),
    ).toEqual([
      ["vcpu", 0, 8, 8],
      ["ram_gb", 0, 4, 16],
      ["limits_vcpu", 0, 16, 16],
      ["limits_ram_gb", 0, 8, 32],
      ["persistent_volume_claims", 0, 0, 10],
      ["storage_gb", 0, 0, 100],
    ]);
  });

  test("one too many is refused by name, with the numbers and what to write", async () => {
    await settle(withServices(8), cluster);
    const plan = await planned(withServices(9));
    expect(plan.refusals).toEqual([
      {
        code: "quota",
        unit: "acme/web-09",
        ref: undefined,
        message:
          "acme/web-09 does not fit into the quota of acme: vcpu would be 9 of 8, limits_vcpu would be 18 of 16",
        hint: "raise it in workspaces/acme/workspace.yaml: quota: { vcpu: 9, limits_vcpu: 18 }, or take a service away or lower its resources; --allow-over-quota goes on all the same",
      },
    ]);
    expect(rowOf(plan, "vcpu")).toMatchObject({ askedBefore: 8, askedAfter: 9, hardBefore: 8, hard: 8 });
  });

  test("the hint says where max_quota stops", async () => {
    const files = append(withServices(9), "platform.yaml", "max_quota: { vcpu: 8 }\n");
    expect((await planned(files)).refusals[0]?.hint).toContain(
      "(max_quota in platform.yaml stops at vcpu 8)",
    );
  });

  test("several at once are one refusal, and another workspace may be applied by itself", async () => {
    const beta = {
      "workspaces/beta/workspace.yaml": "kind: Workspace\nname: Beta\n",
      "workspaces/beta/web-01.yaml": withServices(1)[serviceFile("01")]?.replace("shop", "other") ?? "",
    };
    const files = withServices(12, beta);
    expect(refusalCodes(await planned(files))).toEqual(["quota acme"]);
    const plan = await planned(files, { selection: { workspaces: ["beta"] } });
    expect(plan.refusals).toEqual([]);
    expect(plan.workspaces?.map(({ workspace }) => workspace)).toEqual(["beta"]);
  });

  test("a quota that is raised in the same change counts, and one that is not selected does not", async () => {
    await settle(withServices(8), cluster);
    const files = withQuota(withServices(9), "{ vcpu: 9, limits_vcpu: 18 }");
    const plan = await planned(files);
    expect(plan.refusals).toEqual([]);
    expect(rowOf(plan, "vcpu")).toMatchObject({ hardBefore: 8, hard: 9, askedAfter: 9 });
    const [refusal] = (await planned(files, { selection: { services: ["acme/web-09"] } })).refusals;
    expect(refusal?.hint).toContain(
      "allows it already, and what is selected leaves the workspace as it is: add -w acme",
    );
  });

  test("a service that grows is held against the quota by what it grows", async () => {
    await settle(withServices(7), cluster);
    expect((await planned(sized(withServices(7), "03", 2))).refusals).toEqual([]);
    const [refusal] = (await planned(sized(withServices(7), "03", 3))).refusals;
    expect(refusal).toMatchObject({ code: "quota", unit: "acme/web-03" });
    expect(refusal?.message).toContain("vcpu would be 9 of 8");
  });

  test("what is selected is held against what runs, not against what else git wants", async () => {
    await settle(withServices(7), cluster);
    const plan = await planned(withServices(12), { selection: { services: ["acme/web-08"] } });
    expect(plan.refusals).toEqual([]);
    expect(rowOf(plan, "vcpu")).toMatchObject({ askedBefore: 7, askedAfter: 8 });
  });
});

describe("nobody is locked out of a workspace that has too much", () => {
  /** Ten services of a quota for eight, the first of them of two. */
  async function overfull(): Promise<void> {
    await settle(sized(withServices(10), "01", 2), cluster, { decisions: { overQuota: "allow" } });
  }

  test("changes that add nothing, shrinking, removal and repair go on, with a word on it", async () => {
    await overfull();
    const files = sized(withServices(10), "01", 2);
    const changed = await planned(edit(files, serviceFile("02"), ["text 02", "another"]));
    expect(changed.refusals).toEqual([]);
    expect(changed.notes.join()).toContain(
      "acme asks for more than its quota: vcpu 11 of 8, limits_vcpu 22 of 16",
    );
    const smaller = await planned(withServices(10));
    expect(smaller.refusals).toEqual([]);
    expect(rowOf(smaller, "vcpu")).toMatchObject({ askedBefore: 11, askedAfter: 10 });
    // what there is room for may still grow
    const memory = append(files, serviceFile("02"), "resources: { ram_gb: 1 }\n");
    expect((await planned(memory)).refusals).toEqual([]);
    const fewer = await planned(sized(withServices(9), "01", 2), { decisions: { pruneBudget: 1 } });
    expect(fewer.refusals).toEqual([]);
    expect(rowOf(fewer, "vcpu")).toMatchObject({ askedBefore: 11, askedAfter: 10 });
    // somebody deleted a HelmChart by hand: putting it back adds nothing
    const chart = { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts" };
    cluster.remove({ ...chart, name: "paas-ws-acme-web-10" });
    const repair = await planned(files);
    expect(listWork(repair)).toEqual(["create missing HelmChart paas-charts/paas-ws-acme-web-10"]);
    expect(repair.refusals).toEqual([]);
  });

  test("a quota lowered below what runs is allowed, and said; then only growth is refused", async () => {
    await settle(withServices(8), cluster);
    const lowered = await planned(withQuota(withServices(8), "{ vcpu: 6 }"));
    expect(lowered.refusals).toEqual([]);
    expect(lowered.notes.join()).toContain("vcpu 8 of 6. Nothing is added, so this goes on");
    await settle(withQuota(withServices(8), "{ vcpu: 6 }"), cluster);
    const more = sized(withQuota(withServices(8), "{ vcpu: 6 }"), "01", 2);
    expect(refusalCodes(await planned(more))).toEqual(["quota acme/web-01"]);
  });

  test("a removal and something new of its size go together, with a word on what waits", async () => {
    await settle(withServices(8), cluster);
    const { [serviceFile("02")]: gone, ...rest } = withServices(9);
    expect(gone).toBeDefined();
    const plan = await planned(rest, { decisions: { pruneBudget: 1, replace: true } });
    expect(plan.refusals).toEqual([]);
    expect(plan.notes.join()).toContain("what is new in acme fits only once acme/web-02 is gone");
  });

  test("a service on hold counts as it runs", async () => {
    await settle(withServices(7), cluster);
    const part = (await readInventory(cluster)).parts.get("acme");
    if (part === undefined) throw new Error("no inventory");
    const hold = { type: "suspended", by: "a@b", at: "2026-01-01T00:00:00Z", reason: "made up" } as const;
    const units = part.units.map((unit) => (unit.unit === "acme/web-01" ? { ...unit, hold } : unit));
    await writeInventoryPart(cluster, { ...part, units });
    const plan = await planned(sized(withServices(8), "01", 3));
    expect(plan.refusals).toEqual([]);
    expect(rowOf(plan, "vcpu")).toMatchObject({ askedBefore: 7, askedAfter: 8 });
  });

  test("--allow-over-quota goes on, and the plan says what Kubernetes will do", async () => {
    const plan = await planned(withServices(9), { decisions: { overQuota: "allow" } });
    expect(plan.refusals).toEqual([]);
    expect(plan.notes.join()).toContain(
      "--allow-over-quota: acme/web-09 does not fit into the quota of acme",
    );
  });
});

describe("what Kubernetes counts", () => {
  const used = (cpu: string) => ({
    "requests.cpu": cpu,
    "requests.memory": "2Gi",
    "limits.cpu": "4",
    "limits.memory": "4294967296",
    persistentvolumeclaims: "1",
    "requests.storage": "5Gi",
  });

  test("charts that use more than they ask for leave less room, by the numbers of the cluster", async () => {
    await settle(withServices(4), cluster);
    count(used("7500m"));
    const plan = await planned(withServices(5));
    expect(plan.refusals[0]?.message).toBe(
      "acme/web-05 does not fit into the quota of acme: vcpu would be 8.5 of 8, counting the 7.5 in use now",
    );
    expect(plan.refusals[0]?.hint).toContain("quota: { vcpu: 9 }");
    expect(rowOf(plan, "limits_ram_gb")).toMatchObject({ used: 4, usedAfter: 5 });
    // what adds nothing goes on
    const message = edit(withServices(4), serviceFile("02"), ["text 02", "another"]);
    expect((await planned(message)).refusals).toEqual([]);
  });

  test("a roll-out without room for a second pod is said, not refused", async () => {
    await settle(withServices(8), cluster);
    const message = edit(withServices(8), serviceFile("02"), ["text 02", "another"]);
    const plan = await planned(message);
    expect(plan.refusals).toEqual([]);
    expect(plan.notes).toEqual([
      "the quota of acme has no room for a second pod beside acme/web-02: where a chart starts the new pod before it ends the old one, the roll-out waits for room",
    ]);
  });
});

test("reconcile leaves alone what does not fit, and only that", async () => {
  await settle(withServices(7), cluster);
  const planning = await planFiles(withServices(10), cluster, { decisions: { overQuota: "leave" } });
  const { plan } = planning;
  expect(plan.refusals).toEqual([]);
  const blocked = plan.units.filter((unit) => unit.blocked !== undefined);
  expect(blocked.map(({ address, changes }) => [address, changes.length])).toEqual([
    ["acme/web-09", 0],
    ["acme/web-10", 0],
  ]);
  expect(blocked[0]?.blocked?.message).toContain(
    "acme/web-09 and acme/web-10 do not fit into the quota of acme: vcpu would be 10 of 8",
  );
  expect(rowOf(plan, "vcpu")).toMatchObject({ askedBefore: 7, askedAfter: 8 });
  await carryOutPlan(planning, cluster);
  const charts = cluster.objects("HelmChart").map(({ metadata }) => metadata.name);
  expect(charts).toContain("paas-ws-acme-web-08");
  expect(charts).not.toContain("paas-ws-acme-web-09");
});

test("a saved plan keeps the numbers and the override, and takes no other", async () => {
  const decisions = { ...noDecisions, overQuota: "allow" } as const;
  const { plan, observation, desired } = await planFiles(withServices(9), cluster, { decisions });
  const file = makePlanFile({
    plan,
    units: desired.units,
    observation,
    selection: { clusters: [], workspaces: [], services: [] },
    decisions,
    version: "0.0.0",
    createdAt: "2026-01-01T00:00:00Z",
    gitCommit: undefined,
    gitDirty: false,
    salt: "made-up-salt",
  });
  const read = readPlanText(JSON.stringify(file), "plan.json");
  expect(read.decisions.overQuota).toBe("allow");
  expect(read.plan.workspaces).toEqual(JSON.parse(JSON.stringify(plan.workspaces)));
  const edited = { ...file, decisions: { ...decisions, overQuota: "leave" } };
  expect(() => readPlanText(JSON.stringify(edited), "plan.json")).toThrow("overQuota");
});

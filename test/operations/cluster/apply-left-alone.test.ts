import { describe, expect, test } from "vitest";
import { applyStatus } from "../../../src/cli/print/print-apply-report.ts";
import type { ApplyEvent } from "../../../src/apply/event.ts";
import { readInventory, writeInventoryPart } from "../../../src/apply/inventory/inventory-store.ts";
import { applyPlatform } from "../../../src/operations/cluster/apply.ts";
import type { ApplyReport } from "../../../src/operations/cluster/apply.ts";
import { refOf } from "../../../src/cluster/object-ref.ts";
import { everything } from "../../../src/operations/select-units.ts";
import type { Selection } from "../../../src/operations/select-units.ts";
import type { Hold } from "../../../src/plan/inventory.ts";
import { noDecisions } from "../../../src/plan/plan-decisions.ts";
import type { PlanDecisions } from "../../../src/plan/plan-decisions.ts";
import type { Revision } from "../../../src/record/revision.ts";
import { samplePlatform } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster } from "../../support/fake-cluster.ts";
import { careDeps } from "./care-world.ts";

type Files = Record<string, string>;

function twoTenants(): Files {
  const files: Files = { ...samplePlatform() };
  const service = files["workspaces/acme/web-01.yaml"] ?? "";
  return {
    ...files,
    "workspaces/acme/web-02.yaml": service.replace("shop", "shop2"),
    "workspaces/beta/workspace.yaml": files["workspaces/acme/workspace.yaml"] ?? "",
    "workspaces/beta/web-01.yaml": service.replace("shop", "beta"),
  };
}

interface Run {
  readonly status: number;
  readonly report: ApplyReport;
  readonly events: readonly ApplyEvent[];
}

async function apply(
  cluster: FakeCluster,
  files: Files,
  more: { readonly selection?: Partial<Selection>; readonly decisions?: Partial<PlanDecisions> } = {},
): Promise<Run> {
  let number = 0;
  const deps = careDeps(cluster, {
    files,
    readGit: async () => ({ commit: undefined, changedFiles: [], absentFiles: [] }),
    memory: { recall: () => undefined, remember: () => undefined },
    openRevisions: () => ({
      kind: "local",
      begin: async (drafts) =>
        drafts.map((draft): Revision => ({ ...draft, number: ++number, end: undefined })),
      finish: async () => undefined,
      list: async () => [],
    }),
  });
  const run = applyPlatform(deps, {
    selection: { ...everything, ...more.selection },
    cluster: undefined,
    decisions: { ...noDecisions, ...more.decisions },
    command: "apply",
    removal: { mode: "keep-data" },
    wait: undefined,
    lock: { waitMs: 0, termMs: 15_000 },
    confirm: async () => "unseen",
  });
  const events: ApplyEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { status: applyStatus(next.value), report: next.value, events };
    events.push(next.value);
  }
}

async function settled(): Promise<FakeCluster> {
  const cluster = createFakeCluster();
  expect(await apply(cluster, twoTenants())).toMatchObject({ status: 0 });
  expect(await apply(cluster, twoTenants())).toMatchObject({ status: 0, events: [] });
  return cluster;
}

const changed = (files: Files, unit: string): Files => {
  const path = `workspaces/${unit}.yaml`;
  return {
    ...files,
    [path]: (files[path] ?? "").replace("name: Shop", "name: Shop\nhelm_values: { ui.message: changed }"),
  };
};
const ended = ({ events }: Run) =>
  events.flatMap((event) => (event.type === "unit-finished" ? [`${event.unit} ${event.outcome}`] : []));

describe("a tenant's namespace is being deleted", () => {
  async function going(): Promise<FakeCluster> {
    const cluster = await settled();
    const ref = { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-ws-acme" };
    cluster.edit(ref, (object) => {
      object.metadata["finalizers"] = ["made.up/hold"];
    });
    await cluster.delete(ref, { uid: cluster.object(ref)?.metadata.uid ?? "" });
    return cluster;
  }

  test("the others go on, and it is said once", async () => {
    const run = await apply(await going(), changed(twoTenants(), "beta/web-01"));
    expect(run.status).toBe(4);
    expect(ended(run).sort()).toEqual([
      "acme failed",
      "acme/web-01 skipped",
      "acme/web-02 skipped",
      "beta/web-01 applied",
    ]);
    const sentences = run.events.filter((event) => JSON.stringify(event).includes("is being deleted"));
    expect(sentences.length).toBe(1);
  });

  test("with nothing else to do it is a refusal, and nothing is written", async () => {
    const cluster = await going();
    const before = cluster.writes().length;
    const run = await apply(cluster, changed(twoTenants(), "acme/web-01"));
    expect(run.status).toBe(3);
    expect(ended(run).sort()).toEqual(["acme failed", "acme/web-01 skipped", "acme/web-02 skipped"]);
    expect(cluster.writes().length).toBe(before);
    expect(await apply(cluster, twoTenants(), { selection: { services: ["acme/web-01"] } })).toMatchObject({
      status: 3,
    });
    // whom it does not concern hears nothing of it
    const other = await apply(cluster, twoTenants(), { selection: { workspaces: ["beta"] } });
    expect([other.status, other.events]).toEqual([0, []]);
  });

  test("the platform's own going is everybody's refusal", async () => {
    const cluster = await settled();
    const ref = { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "paas-charts" };
    cluster.edit(ref, (object) => {
      object.metadata["finalizers"] = ["made.up/hold"];
    });
    await cluster.delete(ref, { uid: cluster.object(ref)?.metadata.uid ?? "" });
    const run = await apply(cluster, changed(twoTenants(), "beta/web-01"));
    expect(run).toMatchObject({ status: 3, report: { type: "refused" } });
  });
});

describe("a unit on hold", () => {
  async function held(unit: string): Promise<FakeCluster> {
    const cluster = await settled();
    const part = (await readInventory(cluster)).parts.get("acme");
    if (part === undefined) throw new Error("no inventory");
    const hold: Hold = { type: "suspended", by: "ada", at: "2026-01-01T00:00:00Z", reason: "" };
    const units = part.units.map((one) => (one.unit === unit ? { ...one, hold } : one));
    await writeInventoryPart(cluster, { ...part, units });
    return cluster;
  }

  test.each<[string, Partial<Selection>, number]>([
    ["named alone", { services: ["acme/web-01"] }, 3],
    ["named beside one that is applied", { services: ["acme/web-01", "beta/web-01"] }, 4],
    ["named beside one that is settled", { services: ["acme/web-01", "acme/web-02"] }, 3],
    ["in a workspace that is named", { workspaces: ["acme"] }, 0],
    ["not named", { services: ["beta/web-01"] }, 0],
    ["when everything is applied", {}, 0],
  ])("%s", async (...[, selection, status]) => {
    const cluster = await held("acme/web-01");
    const files = changed(changed(twoTenants(), "beta/web-01"), "acme/web-01");
    expect(await apply(cluster, files, { selection })).toMatchObject({ status });
  });

  test("a workspace that is named", async () => {
    const cluster = await held("acme");
    expect(await apply(cluster, twoTenants(), { selection: { workspaces: ["acme"] } })).toMatchObject({
      status: 3,
    });
  });
});

describe("a selection that names what is gone from git", () => {
  const without = (files: Files, ...parts: string[]): Files =>
    Object.fromEntries(Object.entries(files).filter(([path]) => !parts.some((part) => path.includes(part))));

  test("a service is removed and its host with it, and nothing else", async () => {
    const cluster = await settled();
    const files = without(twoTenants(), "acme/web-02", "beta/web-01");
    const run = await apply(cluster, files, { selection: { services: ["acme/web-02"], mayBeGone: "known" } });
    // of the workspace only the hosts of its namespace, once nothing leads to them any more
    expect(ended(run)).toEqual(["acme/web-02 removed", "acme applied"]);
    const known = [...(await readInventory(cluster)).parts.values()].flatMap(({ units }) =>
      units.map(({ unit }) => unit),
    );
    expect(known).toContain("beta/web-01");
    expect(known).not.toContain("acme/web-02");
  });

  test("the host of a service whose removal was cut off half way goes with the next run, and no neighbour's", async () => {
    const cluster = await settled();
    const hosts = () =>
      cluster.objects("Namespace").find(({ metadata }) => metadata.name === "paas-ws-acme")?.metadata
        .annotations?.["paas.woowtech.com/hosts"];
    expect(hosts()).toBe("shop.apps.example.com,shop2.apps.example.com");
    for (const live of cluster.objects()) {
      if (live.metadata.labels?.["paas.woowtech.com/unit"] === "acme.web-02") cluster.remove(refOf(live));
    }
    // a neighbour that git does not know either runs on, and is not named
    const files = without(twoTenants(), "acme/web-01", "acme/web-02");
    const selection = { services: ["acme/web-02"], mayBeGone: "known" as const };
    await apply(cluster, files, { selection, decisions: { removeUnits: ["acme/web-02"] } });
    expect(hosts()).toBe("shop.apps.example.com");
  });

  test.each<[string, Partial<Selection>]>([
    ["a service that neither git nor the cluster knows", { services: ["acme/web-03"] }],
    ["one in a workspace that nobody knows", { services: ["nobody/web-03"] }],
    ["a workspace that nobody knows", { workspaces: ["nobody"] }],
    ["one beside a sound one", { services: ["acme/web-01", "acme/web-99"] }],
  ])("%s is a mistake", async (...[, selection]) => {
    const cluster = await settled();
    await expect(
      apply(cluster, twoTenants(), { selection: { ...selection, mayBeGone: "known" } }),
    ).rejects.toMatchObject({ code: "not-found", hint: expect.any(String) as string });
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { readInventory, writeInventoryPart } from "../../src/apply/inventory/inventory-store.ts";
import { refKey } from "../../src/cluster/object-ref.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import { OperationError } from "../../src/errors.ts";
import { checkPlanFile } from "../../src/plan/file/check-plan-file.ts";
import { makePlanFile } from "../../src/plan/file/plan-file.ts";
import type { PlanFile } from "../../src/plan/file/plan-file.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import { readPlanText } from "../../src/plan/file/read-plan-text.ts";
import { edit, madeUpPassword, sealedService } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { planFiles, settle, twoServices } from "./plan-world.ts";

let files: Definitions;
/** With work to do: one changed value, one new service, one that is gone. */
let newer: Definitions;

beforeAll(async () => {
  const service = (await twoServices())["workspaces/acme/web-01.yaml"] ?? "";
  const web = (id: string) =>
    service.replace("shop", id).replace("name: Shop", `name: Shop\nhelm_values: { ui.message: ${id} }`);
  files = {
    ...(await twoServices()),
    "workspaces/acme/gone.yaml": web("gone"),
    "workspaces/acme/web-03.yaml": web("shop3"),
  };
  const { "workspaces/acme/gone.yaml": _, ...rest } = files;
  newer = {
    ...edit(rest, "workspaces/acme/web-01.yaml", ["name: Shop", "name: Shop\nhelm_values: { replicas: 2 }"]),
    "workspaces/acme/fresh.yaml": web("fresh"),
  };
});

async function save(all: Definitions, cluster: FakeCluster): Promise<PlanFile> {
  const { plan, desired, observation } = await planFiles(all, cluster, { decisions });
  const file = makePlanFile({
    plan,
    units: desired.units,
    observation,
    selection: desired.selection,
    decisions: { ...noDecisions, ...decisions },
    version: "0.0.0",
    createdAt: "2026-01-01T00:00:00Z",
    gitCommit: "made-up",
    gitDirty: false,
    salt: "made-up-salt",
  });
  return readPlanText(JSON.stringify(file), "plan.json");
}

async function check(file: PlanFile, all: Definitions, cluster: FakeCluster) {
  const { plan, desired, observation } = await planFiles(all, cluster, { decisions });
  return checkPlanFile(file, { plan, units: desired.units, observation });
}

async function settled(): Promise<FakeCluster> {
  const cluster = createFakeCluster();
  await settle(files, cluster);
  cluster.put(helmRelease("1", "deployed"));
  return cluster;
}

const release = "paas-ws-acme-web-01";
const helmRelease = (version: string, status: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  type: "helm.sh/release.v1",
  metadata: {
    name: `sh.helm.release.v1.${release}.v${version}`,
    namespace: "paas-ws-acme",
    labels: { owner: "helm", name: release, status, version },
  },
});

const inCharts = { namespace: "paas-charts" };
const inAcme = { namespace: "paas-ws-acme" };
const networking = { apiVersion: "networking.k8s.io/v1" };
const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
const helm = { apiVersion: "helm.cattle.io/v1" };
const core = { apiVersion: "v1" };
const refs = {
  namespace: { ...core, kind: "Namespace", namespace: undefined, name: "paas-ws-acme" },
  charts: { ...core, kind: "Namespace", namespace: undefined, name: "paas-charts" },
  quota: { ...core, ...inAcme, kind: "ResourceQuota", name: "workspace-quota" },
  limits: { ...core, ...inAcme, kind: "LimitRange", name: "container-defaults" },
  deny: { ...networking, ...inAcme, kind: "NetworkPolicy", name: "default-deny" },
  dns: { ...networking, ...inCharts, kind: "NetworkPolicy", name: "allow-dns" },
  owner: { ...rbac, ...inAcme, kind: "RoleBinding", name: "woow-owner" },
  role: { ...rbac, kind: "ClusterRole", namespace: undefined, name: "woow-viewer" },
  chart: { ...helm, ...inCharts, kind: "HelmChart", name: release },
  unchanged: { ...helm, ...inCharts, kind: "HelmChart", name: "paas-ws-acme-web-03" },
  gone: { ...helm, ...inCharts, kind: "HelmChart", name: "paas-ws-acme-gone" },
  values: { ...core, ...inCharts, kind: "Secret", name: `${release}-values` },
  orders: { ...core, ...inCharts, kind: "Secret", name: "paas-ws-acme-orders-values" },
  ingress: { ...networking, ...inAcme, kind: "Ingress", name: release },
  goneIngress: { ...networking, ...inAcme, kind: "Ingress", name: "paas-ws-acme-gone" },
  fresh: { ...helm, ...inCharts, kind: "HelmChart", name: "paas-ws-acme-fresh" },
} as const satisfies Readonly<Record<string, ObjectRef>>;

type Editable = Record<string, unknown> & { metadata: Record<string, unknown> };

/** Sets a value at a dotted path (`/` between keys); undefined removes it. */
function set(path: string, value: unknown): (object: Editable) => void {
  return (object) => {
    const keys = path.split("/");
    const last = keys.pop() ?? "";
    let at: Record<string, unknown> = object;
    for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
    if (value === undefined) delete at[last];
    else at[last] = value;
  };
}

type Meddle = (cluster: FakeCluster) => void | Promise<void>;
const edited =
  (ref: ObjectRef, path: string, value: unknown): Meddle =>
  (cluster) =>
    void cluster.edit(ref, set(path, value));
const removed =
  (ref: ObjectRef): Meddle =>
  (cluster) =>
    cluster.remove(ref);
const remade =
  (ref: ObjectRef): Meddle =>
  (cluster) => {
    const { metadata, ...rest } = cluster.object(ref) as never as Editable;
    cluster.remove(ref);
    const { name, namespace, labels, annotations } = metadata;
    cluster.put({ ...rest, metadata: { name, namespace, labels, annotations } } as never);
  };
const added =
  (ref: ObjectRef, rest: object = {}, metadata: object = {}): Meddle =>
  (cluster) => {
    const { name, namespace, ...type } = ref;
    cluster.put({
      ...type,
      ...rest,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...metadata },
    });
  };
const ours = {
  labels: { "paas.woowtech.com/platform": "test-platform", "paas.woowtech.com/unit": "acme.fresh" },
};

/** What somebody does between plan and apply, the object it is about, and the part of it that is named. */
const meddling: readonly (readonly [string, Meddle, ObjectRef | undefined, string | undefined])[] = [
  ["spec of a policy", edited(refs.deny, "spec/ingress", [{}]), refs.deny, "spec.ingress"],
  [
    "podSelector of a policy",
    edited(refs.deny, "spec/podSelector", { matchLabels: { a: "b" } }),
    refs.deny,
    "spec.podSelector",
  ],
  ["policy of the platform unit", edited(refs.dns, "spec/egress", [{}]), refs.dns, "spec.egress"],
  ["quota raised", edited(refs.quota, "spec/hard", { "requests.cpu": "64" }), refs.quota, "spec.hard"],
  ["quota with one more limit", edited(refs.quota, "spec/hard/pods", "1"), refs.quota, "spec.hard"],
  ["scopes of the quota", edited(refs.quota, "spec/scopes", ["BestEffort"]), refs.quota, "spec.scopes"],
  ["defaults of containers", edited(refs.limits, "spec/limits", []), refs.limits, "spec.limits"],
  ["a member more", edited(refs.owner, "subjects", []), refs.owner, "subjects"],
  ["a role", edited(refs.role, "rules", []), refs.role, "rules"],
  [
    "an aggregated role",
    edited(refs.role, "aggregationRule", { clusterRoleSelectors: [] }),
    refs.role,
    "aggregationRule.clusterRoleSelectors",
  ],
  [
    "pod security",
    edited(refs.namespace, "metadata/labels/pod-security.kubernetes.io~enforce", "x"),
    refs.namespace,
    "metadata.labels",
  ],
  [
    "hosts",
    edited(refs.namespace, "metadata/annotations", { "paas.woowtech.com/hosts": "evil.example" }),
    refs.namespace,
    "metadata.annotations",
  ],
  [
    "a label of a namespace",
    edited(refs.charts, "metadata/labels/team", "blue"),
    refs.charts,
    "metadata.labels",
  ],
  ["version of a chart", edited(refs.chart, "spec/version", "9.9.9"), refs.chart, "spec.version"],
  ["repository of a chart", edited(refs.chart, "spec/repo", "https://evil.example"), refs.chart, "spec.repo"],
  ["values of a chart", edited(refs.chart, "spec/valuesContent", "a: 1"), refs.chart, "spec.valuesContent"],
  ["set of a chart", edited(refs.chart, "spec/set", { a: "b" }), refs.chart, "spec.set"],
  ["failure policy", edited(refs.chart, "spec/failurePolicy", "reinstall"), refs.chart, "spec.failurePolicy"],
  ["a field of a chart removed", edited(refs.chart, "spec/timeout", undefined), refs.chart, "spec.timeout"],
  [
    "target namespace",
    edited(refs.chart, "spec/targetNamespace", "other"),
    refs.chart,
    "spec.targetNamespace",
  ],
  ["labels of a chart", edited(refs.chart, "metadata/labels", {}), refs.chart, "metadata.labels"],
  ["one label of a chart", edited(refs.chart, "metadata/labels/team", "blue"), refs.chart, "metadata.labels"],
  [
    "annotations of a chart",
    edited(refs.chart, "metadata/annotations", { "helmcharts.helm.cattle.io/unmanaged": "x" }),
    refs.chart,
    "metadata.annotations",
  ],
  [
    "owner of a chart",
    edited(refs.chart, "metadata/ownerReferences", [{ apiVersion: "v1", kind: "X", name: "x", uid: "x" }]),
    refs.chart,
    "metadata.ownerReferences",
  ],
  [
    "finalizer of a chart",
    edited(refs.chart, "metadata/finalizers", ["made.up/x"]),
    refs.chart,
    "metadata.finalizers",
  ],
  [
    "a chart that stays as it is",
    edited(refs.unchanged, "spec/version", "9.9.9"),
    refs.unchanged,
    "spec.version",
  ],
  [
    "labels of a chart that stays",
    edited(refs.unchanged, "metadata/labels/team", "blue"),
    refs.unchanged,
    "metadata.labels",
  ],
  [
    "finalizer of a chart that stays",
    edited(refs.unchanged, "metadata/finalizers", ["made.up/x"]),
    refs.unchanged,
    "metadata.finalizers",
  ],
  ["a chart that is to go", edited(refs.gone, "spec/version", "9.9.9"), refs.gone, "spec.version"],
  [
    "labels of a chart that is to go",
    edited(refs.gone, "metadata/labels/team", "blue"),
    refs.gone,
    "metadata.labels",
  ],
  ["an Ingress that is to go", edited(refs.goneIngress, "spec/rules", []), refs.goneIngress, "spec.rules"],
  ["secret values", edited(refs.values, "data/values.yaml", "e30K"), refs.values, "data"],
  ["one more key in a Secret", edited(refs.values, "data/more", "e30K"), refs.values, "data"],
  ["secrets of a service that stays", edited(refs.orders, "data/values.yaml", "e30K"), refs.orders, "data"],
  ["immutable Secret", edited(refs.values, "immutable", true), refs.values, "immutable"],
  ["host of an Ingress", edited(refs.ingress, "spec/rules", []), refs.ingress, "spec.rules"],
  [
    "class of an Ingress",
    edited(refs.ingress, "spec/ingressClassName", "other"),
    refs.ingress,
    "spec.ingressClassName",
  ],
  [
    "backend of an Ingress",
    edited(refs.ingress, "spec/defaultBackend", {}),
    refs.ingress,
    "spec.defaultBackend",
  ],
  [
    "entrypoint of an Ingress",
    edited(refs.ingress, "metadata/annotations", { a: "b" }),
    refs.ingress,
    "metadata.annotations",
  ],
  ["a chart deleted", removed(refs.chart), refs.chart, undefined],
  ["a chart that stays deleted", removed(refs.unchanged), refs.unchanged, undefined],
  ["a Secret deleted", removed(refs.orders), refs.orders, undefined],
  ["a policy deleted", removed(refs.deny), refs.deny, undefined],
  ["a chart that is to go deleted", removed(refs.gone), refs.gone, undefined],
  ["a chart deleted and made again", remade(refs.chart), refs.chart, undefined],
  ["a quota deleted and made again", remade(refs.quota), refs.quota, undefined],
  ["a namespace deleted and made again", remade(refs.namespace), refs.namespace, undefined],
  [
    "a chart being deleted",
    async (cluster) => {
      cluster.edit(refs.chart, set("metadata/finalizers", ["made.up/x"]));
      await cluster.delete(refs.chart, { uid: cluster.object(refs.chart)?.metadata.uid ?? "" });
    },
    refs.chart,
    "metadata.deletionTimestamp",
  ],
  ["what is to be created is there, ours", added(refs.fresh, {}, ours), refs.fresh, undefined],
  [
    "a role binding by hand",
    added({ ...refs.owner, name: "by-hand" }),
    { ...refs.owner, name: "by-hand" },
    undefined,
  ],
  [
    "a policy by hand",
    added({ ...refs.deny, name: "by-hand" }),
    { ...refs.deny, name: "by-hand" },
    undefined,
  ],
  [
    "who owns a field",
    async (cluster) => {
      const live = cluster.object(refs.quota) as never as Editable;
      const managedFields = (live.metadata["managedFields"] as { manager: string }[]).map((entry) => ({
        ...entry,
        manager: "other",
      }));
      cluster.put({ ...live, metadata: { ...live.metadata, managedFields } } as never);
    },
    refs.quota,
    "metadata.managedFields",
  ],
  ["a failed release", (cluster) => void cluster.put(helmRelease("2", "failed")), undefined, undefined],
  [
    "a hold",
    async (cluster) => {
      const part = (await readInventory(cluster)).parts.get("acme");
      if (part === undefined) throw new Error("no inventory");
      const hold = { type: "suspended" as const, by: "a@b", at: "2026-01-01T00:00:00Z", reason: "" };
      const units = part.units.map((unit) => (unit.unit === "acme/web-01" ? { ...unit, hold } : unit));
      await writeInventoryPart(cluster, { ...part, units });
    },
    undefined,
    undefined,
  ],
];

const decisions = { pruneBudget: 1, take: ["all"] };

describe("a saved plan", () => {
  test("is true as long as nothing moves, status and bookkeeping of others aside", async () => {
    const cluster = await settled();
    const file = await save(newer, cluster);
    expect(file.plan.summary.units).toMatchObject({ create: 1, update: 2, remove: 1 });
    expect(await check(file, newer, cluster)).toEqual([]);
    cluster.edit(refs.chart, set("status", { jobName: "x" }), { subresource: "status" });
    cluster.edit(refs.ingress, set("status", { loadBalancer: {} }), { subresource: "status" });
    expect(cluster.object(refs.chart)?.["status"]).toEqual({ jobName: "x" });
    expect(await check(file, newer, cluster)).toEqual([]);
  });

  test("there are enough ways to meddle", () => {
    expect(meddling.length).toBeGreaterThanOrEqual(50);
  });

  test.each(meddling)("is stale after: %s", async (...[, meddle, ref, field]) => {
    const cluster = await settled();
    const file = await save(newer, cluster);
    await meddle(cluster);
    const items = await check(file, newer, cluster);
    const named = items.filter((item) =>
      ref === undefined ? true : item.ref !== undefined && refKey(item.ref) === refKey(ref),
    );
    expect(named.map((item) => item.field)).toContain(field);
    for (const { message } of items) expect(message).not.toContain(madeUpPassword);
  });

  test("names who made a change", async () => {
    const cluster = await settled();
    const file = await save(newer, cluster);
    cluster.edit(refs.chart, set("spec/version", "9.9.9"), { manager: "eve" });
    const [item] = await check(file, newer, cluster);
    expect(item?.message).toMatch(/spec\.version was changed \(eve, 2026-/);
  });

  test("is stale when git moves", async () => {
    const cluster = await settled();
    const file = await save(newer, cluster);
    const value = edit(newer, "workspaces/acme/web-03.yaml", ["shop3 }", "shop4 }"]);
    const secret = { ...newer, "workspaces/acme/orders.yaml": await sealedService("acme/orders") };
    const { "workspaces/acme/fresh.yaml": _, ...fewer } = newer;
    const back = { ...newer, "workspaces/acme/gone.yaml": files["workspaces/acme/gone.yaml"] ?? "" };
    for (const [other, needle] of [
      [value, "Secret paas-charts/paas-ws-acme-web-03-values"],
      [secret, "Secret paas-charts/paas-ws-acme-orders-values"],
      [fewer, "acme/fresh"],
      [back, "acme/gone"],
    ] as const) {
      const items = await check(file, other, cluster);
      expect(items.map(({ message }) => message).join("\n")).toContain(needle);
    }
  });

  test("is for one cluster and one platform", async () => {
    const cluster = await settled();
    const file = await save(newer, cluster);
    const messages = await Promise.all(
      [
        { ...file, clusterUid: "other" },
        { ...file, platform: "other" },
      ].map(async (one) => (await check(one, newer, cluster))[0]?.message),
    );
    expect(messages[0]).toContain("another cluster");
    expect(messages[1]).toContain("platform other");
  });

  test("holds no secret, nor what guesses could be tried against", async () => {
    const cluster = await settled();
    const first = JSON.stringify(await save(newer, cluster));
    for (const text of [madeUpPassword, Buffer.from(madeUpPassword).toString("base64")])
      expect(first).not.toContain(text);
    // the same definition with another password, sealed into the same text: nothing in the file may tell them apart
    const digests = (file: PlanFile) =>
      file.units.flatMap(({ objects }) =>
        Object.values(objects).filter(({ ref }) => ref.name === "paas-ws-acme-orders-values"),
      );
    const before = digests(await save(newer, cluster));
    const { plan, desired, observation } = await planFiles(newer, cluster, { decisions });
    const swapped = desired.units.map((unit) => ({
      ...unit,
      manifests: unit.manifests.map((manifest) =>
        manifest.metadata.name === "paas-ws-acme-orders-values"
          ? {
              ...manifest,
              data: {
                "values.yaml": Buffer.from(
                  Buffer.from((manifest["data"] as Record<string, string>)["values.yaml"] ?? "", "base64")
                    .toString()
                    .replace(madeUpPassword, "made-up-password-2"),
                ).toString("base64"),
              },
            }
          : manifest,
      ),
    }));
    const base = await save(newer, cluster);
    const after = digests(makePlanFile({ ...base, plan, units: swapped, observation }));
    expect(before.length).toBe(1);
    expect(after.map(({ desired: digest }) => digest)).toEqual(before.map(({ desired: digest }) => digest));
  });

  test("of another format, cut short or edited is refused", async () => {
    const text = JSON.stringify(await save(newer, await settled()));
    const codes = (damage: (text: string) => string) => {
      try {
        readPlanText(damage(text), "plan.json");
      } catch (error) {
        if (error instanceof OperationError) return error.code;
        throw error;
      }
      return "read";
    };
    expect(codes((one) => one)).toBe("read");
    expect(codes((one) => one.replace('"format":1', '"format":2'))).toBe("usage");
    for (const damage of [
      (one: string) => one.slice(0, -10),
      () => "",
      () => "[]",
      () => "{}",
      (one: string) => one.replace('"take":["all"]', '"take":"all"'),
      (one: string) => one.replace('"units":[', '"unitz":['),
      (one: string) => one.replace('"adopt":false', '"adopt":"yes"'),
    ]) {
      expect(codes(damage)).toBe("unreadable");
    }
  });
});

describe("does what it shows", () => {
  /** The file as somebody edited it. */
  const tampered = (file: PlanFile, change: (copy: Tampered) => void): PlanFile => {
    const copy = JSON.parse(JSON.stringify(file)) as Tampered;
    change(copy);
    return readPlanText(JSON.stringify(copy), "plan.json");
  };
  type Tampered = {
    decisions: Record<string, unknown>;
    units: { unit: string; intent: string; objects: Record<string, Record<string, unknown>> }[];
    plan: {
      clusterUid: string;
      units: {
        unit: string;
        action: string;
        costAfter: number | undefined;
        hold: unknown;
        recovery: unknown;
        changes: {
          action: string;
          ref: { name: string };
          reason: string;
          force: boolean;
          predicted: boolean;
          kept: string[];
          fields: { path: string; before?: string; after?: string; masked: boolean }[];
        }[];
      }[];
    };
  };
  const unitOf = (copy: Tampered, name: string) => {
    const found = copy.plan.units.find(({ unit }) => unit === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const secretOf = (copy: Tampered) =>
    unitOf(copy, "acme/web-01").changes.find(({ ref }) => ref.name.endsWith("-values"));

  test.each<[string, string, (copy: Tampered) => void]>([
    [
      "a unit is hidden",
      "acme/fresh",
      (copy) => void copy.plan.units.splice(copy.plan.units.indexOf(unitOf(copy, "acme/fresh")), 1),
    ],
    ["a unit is said to stay", "acme/gone", (copy) => void (unitOf(copy, "acme/gone").action = "none")],
    [
      "a removal looks like a change",
      "acme/gone",
      (copy) => void (unitOf(copy, "acme/gone").action = "update"),
    ],
    ["a unit is shown twice", "acme/fresh", (copy) => void copy.plan.units.push(unitOf(copy, "acme/fresh"))],
    ["a change is hidden", "acme/fresh", (copy) => void unitOf(copy, "acme/fresh").changes.pop()],
    [
      "a change is made up",
      "acme/web-03",
      (copy) => void unitOf(copy, "acme/web-03").changes.push(...unitOf(copy, "acme/fresh").changes),
    ],
    [
      "a prune looks like an update",
      "acme/gone",
      (copy) => unitOf(copy, "acme/gone").changes.forEach((change) => void (change.action = "update")),
    ],
    [
      "a reason is another",
      "acme/web-01",
      (copy) => unitOf(copy, "acme/web-01").changes.forEach((change) => void (change.reason = "drift")),
    ],
    ["a field is hidden", "acme/web-01", (copy) => void secretOf(copy)?.fields.pop()],
    [
      "a field is hidden, as if it were predicted",
      "acme/web-01",
      (copy) => {
        const change = secretOf(copy);
        change?.fields.pop();
        if (change !== undefined) change.predicted = true;
      },
    ],
    [
      "a value is another",
      "acme/web-01",
      (copy) => secretOf(copy)?.fields.forEach((field) => void (field.after = "1")),
    ],
    [
      "a value looks secret",
      "acme/web-01",
      (copy) => secretOf(copy)?.fields.forEach((field) => void (field.masked = true)),
    ],
    ["a field is said to be kept", "acme/web-01", (copy) => secretOf(copy)?.kept.push("data")],
    ["a price is another", "acme/fresh", (copy) => void (unitOf(copy, "acme/fresh").costAfter = 0)],
    [
      "a recovery is made up",
      "acme/web-03",
      (copy) => void (unitOf(copy, "acme/web-03").recovery = { type: "rerun-job", why: "x" }),
    ],
    [
      "it is said to be for another cluster",
      "another cluster",
      (copy) => void (copy.plan.clusterUid = "other"),
    ],
    // what is decided in the file changes what is done, and then it is not what is shown
    ["a decision is taken away", "acme", (copy) => void (copy.decisions["take"] = [])],
  ])("%s: refused", async (...[, needle, change]) => {
    const cluster = await settled();
    cluster.edit(refs.deny, set("spec/ingress", [{}]), { manager: "eve" });
    const file = await save(newer, cluster);
    expect(await check(file, newer, cluster)).toEqual([]);
    const copy = tampered(file, change);
    const { plan, desired, observation } = await planFiles(newer, cluster, {
      decisions: copy.decisions as never,
    });
    const items = checkPlanFile(copy, { plan, units: desired.units, observation });
    expect(items.map(({ message }) => message).join("\n")).toContain(needle);
  });

  test("a service that is made to look removed in the file alone goes nowhere: who may say so is destroy", async () => {
    const file = await save(newer, await settled());
    const decided: readonly [string, unknown][] = [
      ["removeUnits", ["acme/web-01"]],
      ["endRollbackHolds", ["acme/web-01"]],
      ["repair", true],
    ];
    for (const [name, value] of decided) {
      expect(() => tampered(file, (copy) => void (copy.decisions[name] = value))).toThrow(
        /decisions\.\w+ is not as woow writes it/,
      );
    }
  });

  test("a plan that could only be predicted may turn out smaller, never larger", async () => {
    const cluster = await settled();
    const denied = ({ dryRun }: { readonly dryRun: boolean }) => {
      if (dryRun) throw new OperationError("forbidden", "cannot patch resource");
    };
    cluster.beforeRequest(denied);
    const file = await save(newer, cluster);
    cluster.beforeRequest(undefined);
    expect(file.plan.units.some(({ changes }) => changes.some(({ predicted }) => predicted))).toBe(true);
    expect(await check(file, newer, cluster)).toEqual([]);
  });

  test("secrets are other stand-ins in every plan, and equal all the same", async () => {
    const cluster = await settled();
    const values = refs.orders;
    cluster.edit(values, set("data/extra", Buffer.from(madeUpPassword).toString("base64")));
    const file = await save(newer, cluster);
    const fields = file.plan.units.flatMap(({ changes }) => changes.flatMap((change) => change.fields));
    expect(fields.some(({ masked }) => masked)).toBe(true);
    expect(await check(file, newer, cluster)).toEqual([]);
  });
});

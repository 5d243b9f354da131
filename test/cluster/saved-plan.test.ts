import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readInventory, writeInventoryPart } from "../../src/apply/inventory/inventory-store.ts";
import { createContext } from "../../src/cli/context.ts";
import { wireClusterDeps } from "../../src/cli/commands/cluster-deps.ts";
import type { WiredDeps } from "../../src/cli/commands/cluster-deps.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import { labelRef, refKey, refOf } from "../../src/cluster/object-ref.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import { resourceTypeOf } from "../../src/cluster/resource-types.ts";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { applyPlatform } from "../../src/operations/cluster/apply.ts";
import type { ApplyReport } from "../../src/operations/cluster/apply.ts";
import { planPlatform } from "../../src/operations/cluster/plan.ts";
import { everything } from "../../src/operations/select-units.ts";
import { compareObject } from "../../src/plan/compare/compare-object.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import type { PlanFile } from "../../src/plan/file/plan-file.ts";
import { readPlanText } from "../../src/plan/file/read-plan-text.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
let platform: TestPlatform;
let wired: WiredDeps;
/** The test's own way to the cluster, under a name of its own in the audit log. */
let client: ClusterClient;
/** The objects as they were applied first. */
let original: ReadonlyMap<string, Manifest>;

const decisions = { ...noDecisions, pruneBudget: 1, take: ["all"] };

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-saved-plan-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 3, b: 1 },
    databases: ["a"],
  });
  const { kubeconfigPath } = cluster();
  const environment = { ...platform.env, HOME: dir };
  const signal = new AbortController().signal;
  client = await connectCluster({
    kubeconfig: kubeconfigPath,
    environment,
    signal,
    userAgent: "test-meddler",
  });
  const applied = await woow("apply", "--yes", "--wait=false");
  if (applied.status !== 0) throw new Error(applied.stdout + applied.stderr);
  const context = { ...createContext(), environment, stdout: () => undefined, stderr: () => undefined };
  wired = wireClusterDeps(dir, { flags: { kubeconfig: kubeconfigPath }, context });
  original = await readOriginal();
  // one value changes, one service is new, one goes
  await editFile("workspaces/a/web-01.yaml", "message: hello", "message: goodbye");
  const text = await readFile(join(dir, "workspaces/a/web-02.yaml"), "utf8");
  await writeFile(
    join(dir, "workspaces/a/fresh.yaml"),
    text.replace("subdomain: a-web-02", "subdomain: fresh").replace("message: hello", "message: fresh"),
  );
  await unlink(join(dir, "workspaces/a/web-03.yaml"));
});

afterAll(async () => {
  wired.end();
  await rm(platform.dir, { recursive: true, force: true });
});

function woow(...args: string[]): Promise<Ran> {
  return runWoow([...args, "--kubeconfig", cluster().kubeconfigPath], {
    cwd: platform.dir,
    env: platform.env,
  });
}

async function editFile(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(platform.dir, path), "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  await writeFile(join(platform.dir, path), text.replace(from, to));
}

/** What the first apply wrote, from a plan that has nothing to do. */
async function readOriginal(): Promise<ReadonlyMap<string, Manifest>> {
  const result = await planPlatform(wired.deps, {
    selection: everything,
    cluster: undefined,
    decisions,
    save: undefined,
  });
  if (!result.ok || result.hasChanges) throw new Error("the first apply did not settle");
  const changes = result.plan.units.flatMap((unit) => unit.changes);
  return new Map(
    changes.flatMap((change) => ("desired" in change ? [[refKey(change.ref), change.desired] as const] : [])),
  );
}

async function save(): Promise<PlanFile> {
  const result = await planPlatform(wired.deps, {
    selection: everything,
    cluster: undefined,
    decisions,
    save: { version: "0.0.0" },
  });
  if (!result.ok || result.file === undefined) throw new Error("no plan");
  expect(result.plan.refusals).toEqual([]);
  return readPlanText(JSON.stringify(result.file), "plan.json");
}

async function applySaved(savedPlan: PlanFile): Promise<ApplyReport> {
  const run = applyPlatform(wired.deps, {
    selection: savedPlan.selection,
    cluster: savedPlan.cluster,
    decisions: savedPlan.decisions,
    command: "apply",
    savedPlan,
    removal: { mode: "keep-data" },
    wait: undefined,
    lock: { waitMs: 10_000, termMs: 5000 },
    confirm: async () => "seen" as const,
  });
  for (;;) {
    const next = await run.next();
    if (next.done === true) return next.value;
  }
}

const ns = "paas-ws-a";
const chart = `${ns}-web-01`;
const core = { apiVersion: "v1" };
const networking = { apiVersion: "networking.k8s.io/v1" };
const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
const helm = { apiVersion: "helm.cattle.io/v1" };
const refs = {
  namespace: { ...core, kind: "Namespace", namespace: undefined, name: ns },
  charts: { ...core, kind: "Namespace", namespace: undefined, name: "paas-charts" },
  quota: { ...core, kind: "ResourceQuota", namespace: ns, name: "workspace-quota" },
  limits: { ...core, kind: "LimitRange", namespace: ns, name: "container-defaults" },
  deny: { ...networking, kind: "NetworkPolicy", namespace: ns, name: "default-deny" },
  same: { ...networking, kind: "NetworkPolicy", namespace: ns, name: "allow-same-namespace" },
  dns: { ...networking, kind: "NetworkPolicy", namespace: "paas-charts", name: "allow-dns" },
  otherDeny: { ...networking, kind: "NetworkPolicy", namespace: "paas-ws-b", name: "default-deny" },
  owner: { ...rbac, kind: "RoleBinding", namespace: ns, name: "woow-owner" },
  role: { ...rbac, kind: "ClusterRole", namespace: undefined, name: "woow-viewer" },
  chart: { ...helm, kind: "HelmChart", namespace: "paas-charts", name: chart },
  staying: { ...helm, kind: "HelmChart", namespace: "paas-charts", name: `${ns}-web-02` },
  going: { ...helm, kind: "HelmChart", namespace: "paas-charts", name: `${ns}-web-03` },
  fresh: { ...helm, kind: "HelmChart", namespace: "paas-charts", name: `${ns}-fresh` },
  values: { ...core, kind: "Secret", namespace: "paas-charts", name: `${chart}-values` },
  dbValues: { ...core, kind: "Secret", namespace: "paas-charts", name: `${ns}-db-01-values` },
  freshValues: { ...core, kind: "Secret", namespace: "paas-charts", name: `${ns}-fresh-values` },
  ingress: { ...networking, kind: "Ingress", namespace: ns, name: chart },
  goingIngress: { ...networking, kind: "Ingress", namespace: ns, name: `${ns}-web-03` },
} as const satisfies Readonly<Record<string, ObjectRef>>;
type Subject = keyof typeof refs;

function pathOf(ref: ObjectRef, isCollection = false): string {
  const { apiVersion, namespaced, plural } = resourceTypeOf(ref);
  const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const home = namespaced ? `/namespaces/${ref.namespace ?? ""}` : "";
  return `${base}${home}/${plural}${isCollection ? "" : `/${ref.name}`}`;
}

async function send(
  method: string,
  path: string,
  rest: { body?: unknown; contentType?: string } = {},
): Promise<void> {
  const { status, body } = await cluster().request({ method, path, userAgent: "test-meddler", ...rest });
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
}

type Op = readonly ["add" | "replace" | "remove", string, unknown?];
type Meddle = () => Promise<void>;

const edit =
  (subject: Subject, ...ops: readonly Op[]): Meddle =>
  () =>
    send("PATCH", `${pathOf(refs[subject])}?fieldManager=eve`, {
      contentType: "application/json-patch+json",
      body: ops.map(([op, path, value]) => ({ op, path, ...(op === "remove" ? {} : { value }) })),
    });
const remove =
  (subject: Subject): Meddle =>
  () =>
    send("DELETE", pathOf(refs[subject]));
const create =
  (ref: ObjectRef, rest: object, labels: Readonly<Record<string, string>> = {}): Meddle =>
  () => {
    const { apiVersion, kind, name, namespace } = ref;
    return send("POST", pathOf(ref, true), {
      body: { apiVersion, kind, metadata: { name, namespace, labels }, ...rest },
    });
  };
const remake =
  (subject: Subject): Meddle =>
  async () => {
    const manifest = original.get(refKey(refs[subject]));
    await send("DELETE", pathOf(refs[subject]));
    if (manifest !== undefined) await client.apply(manifest, { createOnly: true });
  };

const byHand = { ...refs.owner, name: "by-hand" };
const policyByHand = { ...refs.deny, name: "by-hand" };
const ours = { "paas.woowtech.com/platform": "test-platform", "paas.woowtech.com/unit": "a.fresh" };
const releaseOf = (version: string, status: string): Meddle =>
  create(
    { ...core, kind: "Secret", namespace: ns, name: `sh.helm.release.v1.${chart}.v${version}` },
    { type: "helm.sh/release.v1" },
    { owner: "helm", name: chart, status, version },
  );

interface Case {
  readonly what: string;
  readonly meddle: Meddle;
  /** The object that must be named, and the part of it; undefined where it is about a unit. */
  readonly subject: ObjectRef | undefined;
  readonly field: string | undefined;
}

const at = (subject: Subject, field: string | undefined, ...rest: readonly [string, Meddle]): Case => ({
  what: rest[0],
  meddle: rest[1],
  subject: refs[subject],
  field,
});
const escaped = (key: string) => key.replaceAll("/", "~1");
const label = (key: string) => `/metadata/labels/${escaped(key)}`;

const cases: readonly Case[] = [
  at("deny", "spec.ingress", "a hole in a policy", edit("deny", ["add", "/spec/ingress", [{}]])),
  at(
    "deny",
    "spec.policyTypes",
    "a policy for one direction",
    edit("deny", ["replace", "/spec/policyTypes", ["Ingress"]]),
  ),
  at(
    "deny",
    "spec.podSelector",
    "a policy for fewer pods",
    edit("deny", ["replace", "/spec/podSelector", { matchLabels: { a: "b" } }]),
  ),
  at(
    "same",
    "spec.ingress",
    "one peer more",
    edit("same", ["add", "/spec/ingress/0/from/-", { ipBlock: { cidr: "0.0.0.0/0" } }]),
  ),
  at("dns", "spec.egress", "a policy of the platform unit", edit("dns", ["replace", "/spec/egress", [{}]])),
  at(
    "otherDeny",
    "spec.egress",
    "a policy of another workspace",
    edit("otherDeny", ["add", "/spec/egress", [{}]]),
  ),
  at("deny", "metadata.labels", "a label on a policy", edit("deny", ["add", label("team"), "blue"])),
  at("deny", undefined, "a policy deleted", remove("deny")),
  at("deny", undefined, "a policy deleted and made again", remake("deny")),
  at("quota", "spec.hard", "a quota raised", edit("quota", ["replace", "/spec/hard/requests.cpu", "900"])),
  at("quota", "spec.hard", "a quota taken away", edit("quota", ["remove", "/spec/hard/requests.memory"])),
  at("quota", "spec.hard", "one limit more", edit("quota", ["add", "/spec/hard/pods", "0"])),
  at(
    "quota",
    "metadata.annotations",
    "an annotation on a quota",
    edit("quota", ["add", "/metadata/annotations", { a: "b" }]),
  ),
  at("quota", undefined, "a quota deleted", remove("quota")),
  at("quota", undefined, "a quota deleted and made again", remake("quota")),
  at(
    "limits",
    "spec.limits",
    "larger defaults",
    edit("limits", ["replace", "/spec/limits/0/default/cpu", "8"]),
  ),
  at("limits", undefined, "defaults deleted", remove("limits")),
  at("owner", "subjects", "nobody is owner", edit("owner", ["remove", "/subjects"])),
  at(
    "owner",
    "subjects",
    "one owner more",
    edit("owner", [
      "add",
      "/subjects/-",
      { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "eve" },
    ]),
  ),
  at("owner", undefined, "a binding deleted and made again", remake("owner")),
  at(
    "role",
    "rules",
    "a stronger role",
    edit("role", ["add", "/rules/-", { apiGroups: [""], resources: ["secrets"], verbs: ["*"] }]),
  ),
  at("role", "rules", "an empty role", edit("role", ["replace", "/rules", []])),
  at(
    "namespace",
    "metadata.labels",
    "pod security off",
    edit("namespace", ["replace", label("pod-security.kubernetes.io/enforce"), "privileged"]),
  ),
  at(
    "namespace",
    "metadata.labels",
    "a label on a namespace",
    edit("namespace", ["add", label("team"), "blue"]),
  ),
  at(
    "namespace",
    "metadata.annotations",
    "one host more",
    edit("namespace", [
      "replace",
      `/metadata/annotations/${escaped("paas.woowtech.com/hosts")}`,
      "evil.example",
    ]),
  ),
  at(
    "charts",
    "metadata.labels",
    "pod security of the charts",
    edit("charts", ["replace", label("pod-security.kubernetes.io/enforce"), "baseline"]),
  ),
  at("chart", "spec.version", "another chart version", edit("chart", ["replace", "/spec/version", "9.9.9"])),
  at(
    "chart",
    "spec.repo",
    "another repository",
    edit("chart", ["replace", "/spec/repo", "https://evil.example"]),
  ),
  at(
    "chart",
    "spec.valuesContent",
    "other values",
    edit("chart", ["replace", "/spec/valuesContent", "replicas: 9\n"]),
  ),
  at("chart", "spec.set", "values beside ours", edit("chart", ["add", "/spec/set", { a: "b" }])),
  at(
    "chart",
    "spec.failurePolicy",
    "a policy that deletes data",
    edit("chart", ["replace", "/spec/failurePolicy", "reinstall"]),
  ),
  at("chart", "spec.timeout", "no timeout", edit("chart", ["remove", "/spec/timeout"])),
  at(
    "chart",
    "spec.targetNamespace",
    "another namespace",
    edit("chart", ["replace", "/spec/targetNamespace", "default"]),
  ),
  at("chart", "spec.jobImage", "another image", edit("chart", ["add", "/spec/jobImage", "evil.example/x"])),
  at(
    "chart",
    "metadata.annotations",
    "nobody manages it",
    edit("chart", ["add", "/metadata/annotations", { "helmcharts.helm.cattle.io/unmanaged": "x" }]),
  ),
  at(
    "chart",
    "metadata.finalizers",
    "a finalizer",
    edit("chart", ["add", "/metadata/finalizers", ["made.up/x"]]),
  ),
  at(
    "chart",
    "metadata.ownerReferences",
    "an owner",
    edit("chart", [
      "add",
      "/metadata/ownerReferences",
      [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" }],
    ]),
  ),
  at(
    "chart",
    "metadata.labels",
    "our label taken off",
    edit("chart", ["remove", label("paas.woowtech.com/platform")]),
  ),
  at("chart", "metadata.deletionTimestamp", "a chart being deleted", async () => {
    await edit("chart", ["add", "/metadata/finalizers", ["made.up/x"]])();
    await remove("chart")();
  }),
  at("chart", undefined, "a chart deleted", remove("chart")),
  at("chart", undefined, "a chart deleted and made again", remake("chart")),
  at(
    "staying",
    "spec.version",
    "a chart that nothing was to happen to",
    edit("staying", ["replace", "/spec/version", "9.9.9"]),
  ),
  at("staying", undefined, "a chart that nothing was to happen to, deleted", remove("staying")),
  at("going", "spec.version", "a chart that is to go", edit("going", ["replace", "/spec/version", "9.9.9"])),
  at(
    "going",
    "metadata.labels",
    "labels of a chart that is to go",
    edit("going", ["add", label("keep"), "me"]),
  ),
  at("going", undefined, "a chart that is to go, deleted and made again", remake("going")),
  at(
    "goingIngress",
    "spec.rules",
    "an Ingress that is to go",
    edit("goingIngress", ["replace", "/spec/rules/0/http/paths/0/path", "/x"]),
  ),
  at(
    "values",
    "data",
    "other values in the Secret",
    edit("values", ["replace", "/data/values.yaml", "e30K"]),
  ),
  at("values", "data", "one key more in the Secret", edit("values", ["add", "/data/more", "e30K"])),
  at(
    "dbValues",
    "data",
    "secrets of a service that stays",
    edit("dbValues", ["replace", "/data/values.yaml", "e30K"]),
  ),
  at("values", "immutable", "a Secret made immutable", edit("values", ["add", "/immutable", true])),
  at("values", undefined, "a Secret deleted", remove("values")),
  // another host, another class or a default backend is refused by the admission policies
  at(
    "ingress",
    "spec.rules",
    "another backend",
    edit("ingress", ["replace", "/spec/rules/0/http/paths/0/backend/service/name", "x"]),
  ),
  at("ingress", "spec.ingressClassName", "no class", edit("ingress", ["remove", "/spec/ingressClassName"])),
  at("ingress", "spec.tls", "no certificate", edit("ingress", ["remove", "/spec/tls"])),
  at(
    "ingress",
    "metadata.annotations",
    "no annotations",
    edit("ingress", ["remove", "/metadata/annotations"]),
  ),
  at(
    "fresh",
    undefined,
    "what was to be created is there, with our labels",
    create(refs.fresh, { spec: { chart: "x" } }, ours),
  ),
  at(
    "freshValues",
    undefined,
    "its Secret is there, with our labels",
    create(refs.freshValues, { type: "Opaque" }, ours),
  ),
  {
    what: "a role binding by hand",
    meddle: create(byHand, {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
    }),
    subject: byHand,
    field: undefined,
  },
  {
    what: "a policy by hand",
    meddle: create(policyByHand, { spec: { podSelector: {}, ingress: [{}] } }),
    subject: policyByHand,
    field: undefined,
  },
  { what: "a failed release", meddle: releaseOf("7", "failed"), subject: undefined, field: undefined },
  {
    what: "a hold",
    meddle: async () => {
      const part = (await readInventory(client)).parts.get("a");
      if (part === undefined) throw new Error("no inventory");
      const hold = { type: "suspended" as const, by: "eve", at: "2026-01-01T00:00:00Z", reason: "" };
      const units = part.units.map((unit) => (unit.unit === "a/web-01" ? { ...unit, hold } : unit));
      await writeInventoryPart(client, { ...part, units });
    },
    subject: undefined,
    field: undefined,
  },
];

/** Puts everything back as the first apply left it. */
async function restore(): Promise<void> {
  for (const ref of [
    byHand,
    policyByHand,
    refs.fresh,
    refs.freshValues,
    { ...core, kind: "Secret", namespace: ns, name: `sh.helm.release.v1.${chart}.v7` },
  ]) {
    await cluster().request({ method: "DELETE", path: pathOf(ref), userAgent: "test-meddler" });
  }
  const part = (await readInventory(client)).parts.get("a");
  if (part?.units.some(({ hold }) => hold !== undefined) === true) {
    await writeInventoryPart(client, {
      ...part,
      units: part.units.map((unit) => ({ ...unit, hold: undefined })),
    });
  }
  for (const manifest of original.values()) {
    const ref = refOf(manifest);
    let live = await client.get(ref);
    const { finalizers, ownerReferences, annotations = {}, labels = {} } = live?.metadata ?? {};
    const added = [...Object.keys(labels), ...Object.keys(annotations)].some((key) =>
      /^(team|keep|a)$|unmanaged$/.test(key),
    );
    if (finalizers !== undefined || ownerReferences !== undefined || added) {
      await send("PATCH", pathOf(ref), {
        contentType: "application/merge-patch+json",
        body: {
          metadata: {
            finalizers: null,
            ownerReferences: null,
            annotations: null,
            labels: { team: null, keep: null },
          },
        },
      });
      live = await client.get(ref);
    }
    if (
      live !== undefined &&
      compareObject(manifest, live).state === "unchanged" &&
      live["immutable"] !== true
    )
      continue;
    if (ref.kind !== "Namespace" && live !== undefined) await send("DELETE", pathOf(ref));
    const result = await client.apply(manifest, { force: true });
    if (result.type !== "written") throw new Error(`${labelRef(ref)}: ${result.type}`);
  }
}

describe("a saved plan whose ground moved is refused before the first write", () => {
  let mark = 0;
  beforeAll(async () => {
    mark = await cluster().auditMark();
  });

  test("there are at least 50 ways to move it", () => {
    expect(cases.length).toBeGreaterThanOrEqual(50);
  });

  test.each(cases)("$what", async ({ meddle, subject, field }) => {
    await restore();
    const saved = await save();
    expect(saved.plan.summary.units).toMatchObject({ create: 1, update: 2, remove: 1 });
    await meddle();
    const report = await applySaved(saved);
    expect(report.type).toBe("stale");
    if (report.type !== "stale") return;
    const named = report.items.filter(({ ref }) =>
      subject === undefined ? ref === undefined : ref !== undefined && refKey(ref) === refKey(subject),
    );
    expect(named.map((item) => item.field)).toContain(field);
    for (const { message } of report.items) expect(message).not.toContain(databasePassword);
  });

  test("and nothing was written, or asked but by a dry run", async () => {
    const events = (await cluster().auditSince(mark)).filter(({ userAgent }) => userAgent.startsWith("woow"));
    expect(events.length).toBeGreaterThan(cases.length * 10);
    const written = events.filter(({ verb, dryRun }) => !dryRun && !["get", "list", "watch"].includes(verb));
    expect(written.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
  });
});

describe("the command line", () => {
  test("a plan says what it would do, with its status, and never writes", async () => {
    await restore();
    const mark = await cluster().auditMark();
    const plan = await woow("plan", "--detailed-exitcode", "--objects");
    expect(plan.status).toBe(2);
    expect(plan.stdout).toContain("data.values.yaml:message: hello -> goodbye");
    for (const [flag, start] of [
      ["--markdown", "### Plan of"],
      ["--json", '{"version":1,"type":"plan"'],
    ] as const) {
      const { status, stdout } = await woow("plan", "--prune-budget", "1", flag);
      expect([status, stdout.startsWith(start)]).toEqual([0, true]);
    }
    const written = (await cluster().auditSince(mark)).filter(
      ({ verb, dryRun, userAgent }) =>
        userAgent.startsWith("woow") && !dryRun && !["get", "list", "watch"].includes(verb),
    );
    expect(written).toEqual([]);
    expect(plan.stdout + plan.stderr).not.toContain(databasePassword);
  });

  test("without a key everything but the secrets is compared", async () => {
    const args = [
      "plan",
      "--without-secrets",
      "--detailed-exitcode",
      "--kubeconfig",
      cluster().kubeconfigPath,
    ];
    const { status, stdout } = await runWoow(args, { cwd: platform.dir });
    expect(status).toBe(2);
    expect(stdout).toMatch(/3 to change|2 to change/);
    expect(stdout).toContain("secrets of 1 service are not compared");
    expect(stdout).not.toContain("auth.password");
  });

  test("a saved plan that is true is applied, exactly, and is stale then", async () => {
    const saved = await woow("plan", "--out", "plan.json");
    expect(saved).toMatchObject({ status: 0 });
    expect(await readFile(join(platform.dir, "plan.json"), "utf8")).not.toContain(databasePassword);
    const shown = await runWoow(["show", "plan.json"], { cwd: platform.dir });
    expect(shown.stdout).toContain("1 to create, 2 to change, 1 to remove");
    const done = await woow("apply", "plan.json", "--wait=false");
    expect([done.status, done.stderr]).toEqual([0, ""]);
    const again = await woow("apply", "plan.json", "--wait=false");
    expect(again.status).toBe(3);
    expect((await woow("plan", "--detailed-exitcode")).status).toBe(0);
  });
});

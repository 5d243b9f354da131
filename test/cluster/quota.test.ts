import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list, mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
let platform: TestPlatform;

const quotaPath = "/api/v1/namespaces/paas-ws-a/resourcequotas/workspace-quota";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-quota-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 8, b: 1 } });
  // the specification's default: 8 vCPU, eight services of the smallest size
  const text = await readText("platform.yaml");
  await writeText("platform.yaml", text.replace(/default_quota:\n.*\n/, ""));
});

afterAll(() => rm(platform.dir, { recursive: true, force: true }));

function woow(...args: string[]): Promise<Ran> {
  return runWoow([...args, "--kubeconfig", cluster().kubeconfigPath], {
    cwd: platform.dir,
    env: platform.env,
  });
}

const readText = (path: string) => readFile(join(platform.dir, path), "utf8");
const writeText = (path: string, text: string) => writeFile(join(platform.dir, path), text);

async function addService(id: string): Promise<void> {
  const text = await readText("workspaces/a/web-01.yaml");
  await writeText(`workspaces/a/${id}.yaml`, text.replace("subdomain: a-web-01", `subdomain: a-${id}`));
}

async function readUsed(): Promise<Record<string, string>> {
  const quota = await mustRequest<{ status?: { used?: Record<string, string> } }>(cluster(), {
    method: "GET",
    path: quotaPath,
  });
  return quota.status?.used ?? {};
}

async function charts(): Promise<string[]> {
  return (await list(cluster(), collections.charts("paas-charts"))).map(({ metadata }) => metadata.name);
}

interface PlanEvent {
  readonly workspaces: readonly {
    readonly workspace: string;
    readonly cost_before: number;
    readonly cost_after: number;
    readonly quota: readonly Record<string, unknown>[];
  }[];
  readonly refusals: readonly { readonly code: string; readonly unit: string }[];
}

async function planJson(...args: string[]): Promise<PlanEvent> {
  const { stdout } = await woow("plan", "--json", ...args);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PlanEvent & { readonly type: string });
  const plan = events.find(({ type }) => type === "plan");
  if (plan === undefined) throw new Error(stdout);
  return plan;
}

test("eight services of the smallest size run with the default quota, and Kubernetes counts what plan said", async () => {
  const plan = await planJson();
  expect(plan.refusals).toEqual([]);
  const vcpu = plan.workspaces.find(({ workspace }) => workspace === "a")?.quota[0];
  expect(vcpu).toMatchObject({ resource: "vcpu", asked_before: 0, asked_after: 8, hard: 8 });
  const applied = await woow("apply", "--yes");
  expect([applied.status, applied.stdout]).toEqual([0, expect.any(String)]);
  await waitUntil("the quota is counted", async () => (await readUsed())["requests.cpu"] === "8");
});

test("the ninth is refused with the numbers, by plan and by apply, before anything is written", async () => {
  await addService("web-09");
  const before = await charts();
  const mark = await cluster().auditMark();
  const plan = await woow("plan");
  const applied = await woow("apply", "--yes");
  expect([plan.status, applied.status]).toEqual([3, 3]);
  expect(plan.stdout).toMatch(/^a +asked +8 -> 9 of 8 .* 24 -> 27 USD, \+3$/m);
  expect(plan.stdout).toMatch(/^ +in use +8 -> 9 /m);
  const sentence =
    "a/web-09 does not fit into the quota of a: vcpu would be 9 of 8, limits_vcpu would be 18 of 16";
  for (const text of [plan.stdout, applied.stderr]) {
    expect(text).toContain(sentence);
    expect(text).toContain(
      "raise it in workspaces/a/workspace.yaml: quota: { vcpu: 9, limits_vcpu: 18 }, or take a service away",
    );
  }
  const asked = (await cluster().auditSince(mark)).filter(({ userAgent }) => userAgent.startsWith("woow"));
  expect(asked.length).toBeGreaterThan(0);
  const reads = new Set(["get", "list", "watch"]);
  expect(asked.filter(({ verb, dryRun }) => !reads.has(verb) && !dryRun)).toEqual([]);
  expect(await charts()).toEqual(before);
});

test("plan tells what Kubernetes counts, and Markdown has it too", async () => {
  const { workspaces, refusals } = await planJson();
  expect(refusals.map(({ code, unit }) => `${code} ${unit}`)).toEqual(["quota a/web-09"]);
  const [a] = workspaces;
  expect(a).toMatchObject({ workspace: "a", cost_before: 24, cost_after: 27 });
  expect(a?.quota.find(({ resource }) => resource === "ram_gb")).toEqual({
    resource: "ram_gb",
    asked_before: 4,
    asked_after: 4.5,
    used: 4,
    used_after: 4.5,
    hard_before: 16,
    hard: 16,
  });
  expect((await woow("plan", "--markdown")).stdout).toMatch(/^a +asked +8 -> 9 of 8/m);
});

test("other workspaces go on meanwhile; in the full one a change goes on too, and its roll-out waits as plan said", async () => {
  const text = await readText("workspaces/a/web-02.yaml");
  await writeText("workspaces/a/web-02.yaml", text.replace("message: hello", "message: goodbye"));
  const other = await woow("apply", "--yes", "-w", "b");
  expect([other.status, other.stderr.includes("refused")]).toEqual([0, false]);
  const plan = await woow("plan", "-s", "a/web-02");
  expect([plan.status, plan.stdout]).toEqual([
    0,
    expect.stringContaining("the quota of a has no room for a second pod beside a/web-02") as string,
  ]);
  const full = await woow("apply", "--yes", "--timeout", "10", "-s", "a/web-02");
  expect(full.status).toBe(5);
  expect((await woow("status", "-s", "a/web-02")).stdout).toContain("quota workspace-quota leaves no room");
});

test("reconcile leaves the one too many alone, says so with the numbers, and does the rest", async () => {
  const text = await readText("workspaces/a/web-03.yaml");
  await writeText("workspaces/a/web-03.yaml", text.replace("message: hello", "message: goodbye"));
  const ran = await woow("reconcile", "--once", "--json");
  const events = ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ended = new Map(
    events.filter(({ type }) => type === "unit-finished").map((one) => [one["unit"], one]),
  );
  expect(ended.get("a/web-03")).toMatchObject({ outcome: "applied" });
  expect(ended.get("a/web-09")).toMatchObject({
    outcome: "failed",
    message: expect.stringContaining("vcpu would be 9 of 8") as string,
  });
  expect(ran.status).not.toBe(0);
  expect(await charts()).not.toContain("paas-ws-a-web-09");
});

test("whoever goes on all the same gets what was foretold: the pod is refused by Kubernetes, in plain words", async () => {
  const forced = await woow("apply", "--yes", "--allow-over-quota", "--timeout", "20", "-s", "a/web-09");
  expect(forced.status).toBe(5);
  const status = await woow("status", "-s", "a/web-09");
  expect(status.stdout).toMatch(/quota workspace-quota leaves no room for .*requests\.cpu/);
  // a quota that is too full locks nobody out: the service goes again
  await unlink(join(platform.dir, "workspaces/a/web-09.yaml"));
  const gone = await woow("apply", "--yes", "--prune-budget", "1", "--wait=false");
  expect([gone.status, gone.stderr.includes("refused")]).toEqual([0, false]);
  await waitUntil("the chart is gone", async () => !(await charts()).includes("paas-ws-a-web-09"));
});

test("with the quota raised in the same change the ninth is applied, and all that waited for room runs", async () => {
  await addService("web-10");
  const workspace = await readText("workspaces/a/workspace.yaml");
  await writeText("workspaces/a/workspace.yaml", `${workspace}quota: { vcpu: 10, limits_vcpu: 20 }\n`);
  const alone = await woow("plan", "-s", "a/web-10");
  expect([alone.status, alone.stdout]).toEqual([3, expect.stringContaining("add -w a") as string]);
  const applied = await woow("apply", "--yes");
  expect(applied.status).toBe(0);
  await waitUntil("the quota is counted", async () => (await readUsed())["requests.cpu"] === "9");
});

test("a quota lowered below what runs is applied, with a word, and then only growth is refused", async () => {
  const raised = await readText("workspaces/a/workspace.yaml");
  await writeText("workspaces/a/workspace.yaml", raised.replace("vcpu: 10,", "vcpu: 5,"));
  const plan = await woow("plan");
  expect(plan.stdout).toContain("a asks for more than its quota: vcpu 9 of 5");
  const applied = await woow("apply", "--yes", "--wait=false");
  expect(applied.status).toBe(0);
  await addService("web-11");
  expect((await planJson()).refusals.map(({ code, unit }) => `${code} ${unit}`)).toEqual(["quota a/web-11"]);
});

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { goTool } from "../support/go-tool.ts";
import { seal, textOf } from "../secrets/fixtures.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { packageCharts, startChartServer } from "./chart-server.ts";
import type { ChartServer } from "./chart-server.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { freePorts } from "./ports.ts";
import { writesOf } from "./faults/audit-writes.ts";
import { useCluster } from "./use-cluster.ts";

const canary = "made-up-canary-7Qx4";
const newCanary = "made-up-canary-9Zr8";
const file = "workspaces/a/web-01.yaml";

const cluster = useCluster({ components: "api" });
let helm = "";
let charts: ChartServer;
let platform: TestPlatform;
/** Every file as the first apply saw it. */
let original = "";

beforeAll(async () => {
  const tool = await goTool("helm");
  if ("skip" in tool) return;
  helm = tool.path;
  const [port = 0] = await freePorts(1);
  charts = await startChartServer({ port, packages: await packageCharts(helm) });
  const dir = await mkdtemp(join(tmpdir(), "woow-plan-render-"));
  platform = await writeTestPlatform({
    dir,
    cluster: { chartsUrl: charts.url },
    workspaces: { a: 2 },
    databases: ["a"],
  });
  original = await sealed(await readFile(join(dir, file), "utf8"), canary);
  await writeFile(join(dir, file), original);
  const applied = await woow("apply", "--yes", "--wait=false");
  if (applied.status !== 0) throw new Error(applied.stdout + applied.stderr);
});

beforeEach(() => writeFile(join(platform.dir, file), original));

afterAll(async () => {
  await charts.stop();
  await rm(platform.dir, { recursive: true, force: true });
});

async function sealed(text: string, password: string): Promise<string> {
  return textOf(await seal(text, { bind: "a/web-01", set: { password } }));
}

function woow(...args: string[]): Promise<Ran> {
  return runWoow([...args, "--kubeconfig", cluster().kubeconfigPath], {
    cwd: platform.dir,
    env: { ...platform.env, WOOW_HELM: helm },
  });
}

async function edit(from: string, to: string): Promise<void> {
  const text = await readFile(join(platform.dir, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  await writeFile(join(platform.dir, file), text.replace(from, to));
}

/** What of the secrets stands in an output, as text or base64. */
function leaksIn({ stdout, stderr }: Ran): string[] {
  return [canary, newCanary, databasePassword].filter((secret) =>
    [secret, Buffer.from(secret).toString("base64")].some((text) => (stdout + stderr).includes(text)),
  );
}

interface Rendering {
  readonly unit: string;
  readonly failure?: { readonly code: string; readonly message: string };
  readonly chart_before?: string;
  readonly chart_after: string;
  readonly changes: readonly {
    readonly action: string;
    readonly ref: { readonly kind: string };
    readonly fields: readonly { path: string; before?: string; after?: string; masked: boolean }[];
  }[];
  readonly unchanged: number;
}

function renderingsIn({ stdout }: Ran): Rendering[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Rendering & { type: string })
    .filter(({ type }) => type === "rendering");
}

test("objects and fields that come, go and change; requests read only", async () => {
  await edit('chart_version: "1.0.0"', 'chart_version: "1.1.0"');
  await edit("message: hello", "message: good morning\n  persistence.enabled: true");
  const mark = await cluster().auditMark();
  const ran = await woow("plan", "--render", "--json");
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(writesOf(await cluster().auditSince(mark))).toEqual([]);
  const [rendering, ...others] = renderingsIn(ran);
  expect(others).toEqual([]);
  expect(rendering).toMatchObject({
    unit: "a/web-01",
    chart_before: "web 1.0.0",
    chart_after: "web 1.1.0",
    unchanged: 2,
  });
  expect(rendering?.changes.map(({ action, ref }) => `${action} ${ref.kind}`)).toEqual([
    "create PersistentVolumeClaim",
    "update Deployment",
  ]);
  const fields = new Map(rendering?.changes.flatMap((change) => change.fields.map((one) => [one.path, one])));
  const message = 'spec.template.spec.containers[name="web"].env[name="MESSAGE"].value';
  expect(fields.get(message)).toEqual({
    path: message,
    before: "hello",
    after: "good morning",
    masked: false,
  });
  expect(fields.get("spec.template.metadata.annotations.chart-version")).toMatchObject({ after: "1.1.0" });

  const text = await woow("plan", "--render");
  expect(text.stdout).toContain("a/web-01  web 1.0.0 -> web 1.1.0: 1 added, 1 changed, 2 unchanged");
  expect(text.stdout).toContain('env[name="MESSAGE"].value: hello -> good morning');
  const markdown = await woow("plan", "--render", "--markdown");
  expect(markdown.stdout).toContain("### What the charts render");
  expect(markdown.stdout).toContain("+good morning");
});

test("a secret that changes is seen and never shown", async () => {
  const text = await readFile(join(platform.dir, "workspaces/a/web-02.yaml"), "utf8");
  await writeFile(join(platform.dir, file), await sealed(text.replaceAll("web-02", "web-01"), newCanary));
  for (const format of [[], ["--json"], ["--markdown"], ["--objects"]]) {
    const ran = await woow("plan", "--render", ...format);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(leaksIn(ran), format.join()).toEqual([]);
  }
  const [rendering] = renderingsIn(await woow("plan", "--render", "--json"));
  expect(rendering?.changes.map(({ action, ref }) => `${action} ${ref.kind}`)).toEqual(["update Secret"]);
  expect(rendering?.changes[0]?.fields).toMatchObject([{ path: "data.password", masked: true }]);
});

test("values the chart refuses fail the plan, before anything is applied", async () => {
  await edit("message: hello", "message: hello\n  replicas: -1");
  const out = join(platform.dir, "plan.json");
  const ran = await woow("plan", "--render", "--out", out);
  expect(ran.status).toBe(1);
  expect(ran.stdout).toMatch(
    /^error: a\/web-01: helm cannot render web 1\.0\.0 .*replicas.*\[render-failed\]$/m,
  );
  expect(ran.stderr).toContain("not saved");
  await expect(readFile(out)).rejects.toMatchObject({ code: "ENOENT" });
  expect(leaksIn(ran)).toEqual([]);
  // the same change, looked at without the charts, seems sound
  expect((await woow("plan")).status).toBe(0);
});

test.each([["a version that is not there", "9.9.9", "chart-missing"]])("%s", async (_, version, code) => {
  await edit('chart_version: "1.0.0"', `chart_version: "${version}"`);
  const ran = await woow("plan", "--render", "--json");
  expect(ran.status).toBe(1);
  expect(renderingsIn(ran)).toMatchObject([{ unit: "a/web-01", failure: { code }, changes: [] }]);
});

test("a repository that does not answer", async () => {
  await edit("message: hello", "message: bye");
  await charts.down();
  try {
    const ran = await woow("plan", "--render", "--json");
    expect(ran.status).toBe(1);
    expect(renderingsIn(ran)).toMatchObject([{ failure: { code: "chart-unavailable" } }]);
  } finally {
    await charts.up();
  }
});

test("a chart is fetched once for all services that use it, a new service is rendered too", async () => {
  const fresh = join(platform.dir, "workspaces/a/fresh.yaml");
  const text = await readFile(join(platform.dir, "workspaces/a/web-02.yaml"), "utf8");
  await edit("message: hello", "message: bye");
  await writeFile(fresh, text.replace("subdomain: a-web-02", "subdomain: fresh"));
  const before = charts.requests.length;
  try {
    const ran = await woow("plan", "--render", "--json");
    expect(ran.status).toBe(0);
    const renderings = renderingsIn(ran);
    expect(renderings.map(({ unit, unchanged }) => [unit, unchanged])).toEqual([
      ["a/fresh", 0],
      ["a/web-01", 2],
    ]);
    expect(renderings[0]?.changes.map(({ action, ref }) => `${action} ${ref.kind}`)).toEqual([
      "create Service",
      "create Deployment",
    ]);
    expect(charts.requests.slice(before).filter((path) => path.endsWith(".tgz"))).toHaveLength(1);
  } finally {
    await rm(fresh);
  }
});

test("without helm the command says how to get it and asks the cluster nothing", async () => {
  const mark = await cluster().auditMark();
  const ran = await woow("plan", "--render", "--helm", join(platform.dir, "no-helm"));
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain("WOOW_HELM");
  expect(await cluster().auditSince(mark, { user: "admin" })).toEqual([]);
});

test("nothing to render when nothing changes", async () => {
  const ran = await woow("plan", "--render", "--detailed-exitcode");
  expect(ran.status).toBe(0);
  expect(ran.stdout).toContain("charts: no service changes");
});

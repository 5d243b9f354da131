import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list, newestRelease } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-plan-settled-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 1 }, databases: ["a"] });
  const applied = await woow("apply", "--yes");
  if (applied.status !== 0) throw new Error(applied.stdout + applied.stderr);
});

afterAll(() => rm(platform.dir, { recursive: true, force: true }));

function woow(...args: string[]): Promise<Ran> {
  return runWoow([...args, "--kubeconfig", cluster().kubeconfigPath], {
    cwd: platform.dir,
    env: platform.env,
  });
}

async function versions(): Promise<string[]> {
  const charts = await list(cluster(), collections.charts("paas-charts"));
  return charts.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
}

test("what the controllers write to our objects is nobody's drift: the second apply changes nothing", async () => {
  const charts = await list(cluster(), collections.charts("paas-charts"));
  for (const { metadata } of charts)
    expect(metadata.finalizers).toEqual(["wrangler.cattle.io/on-helm-chart-remove"]);
  expect((await woow("plan", "--detailed-exitcode")).stdout).toContain("nothing to do: 4 unchanged");
  const before = await versions();
  const mark = await cluster().auditMark();
  const again = await woow("apply", "--yes");
  expect([again.status, again.stderr]).toEqual([0, ""]);
  const events = (await cluster().auditSince(mark)).filter(({ userAgent }) => userAgent.startsWith("woow"));
  expect(events.filter(({ verb }) => !["get", "list", "watch"].includes(verb))).toEqual([]);
  expect(await versions()).toEqual(before);
});

test("a failed release is work although git and cluster agree, and the plan says what", async () => {
  const file = join(platform.dir, "workspaces/a/web-01.yaml");
  const text = await readFile(file, "utf8");
  // version 2.0.0 of this chart is the one whose upgrade fails
  await writeFile(file, text.replace('chart_version: "1.0.0"', 'chart_version: "2.0.0"'));
  await woow("apply", "--yes", "--wait=false");
  await waitUntil("the failed release", async () => {
    const release = await newestRelease(cluster(), { namespace: "paas-ws-a", name: "paas-ws-a-web-01" });
    return release?.status === "failed";
  });
  const plan = await woow("plan", "--detailed-exitcode");
  expect(plan.status).toBe(2);
  expect(plan.stdout).toMatch(
    /^! a\/web-01 .*recover: Secret paas-ws-a\/sh\.helm\.release\.v1\.paas-ws-a-web-01\.v2 is failed/m,
  );
  expect(plan.stdout).toContain("1 to recover, 3 unchanged");
});

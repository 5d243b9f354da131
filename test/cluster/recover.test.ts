import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list, mustRequest, newestRelease } from "./on-cluster.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster();
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-recover-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 4 },
    databases: ["a"],
  });
  const applied = await woow("apply", "--yes");
  expect(applied.stderr).toBe("");
  expect(applied.status).toBe(0);
}, 120_000);

afterAll(async () => {
  await rm(platform.dir, { recursive: true, force: true });
});

const seen: string[] = [];

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  const ran = await runWoow(args, { cwd: platform.dir, env });
  seen.push(ran.stdout, ran.stderr);
  return ran;
}

async function edit(id: string, change: (text: string) => string): Promise<void> {
  const file = join(platform.dir, "workspaces", "a", `${id}.yaml`);
  await writeFile(file, change(await readFile(file, "utf8")));
}

const pin = (version: string) => (text: string) =>
  text.replace(/chart_version: "[^"]+"/, `chart_version: "${version}"`);
const add = (line: string) => (text: string) => text.replace("helm_values:\n", `helm_values:\n  ${line}\n`);
const drop = (line: string) => (text: string) => text.replace(`  ${line}\n`, "");

const releaseOf = async (id: string) =>
  newestRelease(cluster(), { namespace: "paas-ws-a", name: `paas-ws-a-${id}` });

async function statusOf(id: string): Promise<{ readonly [field: string]: unknown }> {
  const { stdout } = await woow("status", "-s", `a/${id}`, "-o", "json");
  const [service] = (JSON.parse(stdout) as { services: { readonly [field: string]: unknown }[] }).services;
  if (service === undefined) throw new Error(`no status of ${id}`);
  return service;
}

test("a failed upgrade: said why; the file corrected: running", async () => {
  await edit("web-01", pin("2.0.0"));
  const failed = await woow("apply", "--yes", "-s", "a/web-01");
  expect(failed.status).toBe(5);
  expect(failed.stdout + failed.stderr).toContain(
    "the upgrade to revision 2 failed: spec.selector of Deployment paas-ws-a-web-01 cannot be changed",
  );
  expect(await statusOf("web-01")).toMatchObject({ state: "error", helm_revision: 2, ready_pods: 1 });

  await edit("web-01", pin("1.1.0"));
  const mended = await woow("apply", "--yes", "-s", "a/web-01");
  expect(mended.stderr).toBe("");
  expect(mended.status).toBe(0);
  expect(await releaseOf("web-01")).toMatchObject({ status: "deployed", version: 2 });
  expect(await statusOf("web-01")).toMatchObject({ state: "running", helm_chart_version: "1.1.0" });
  // and it stays so: looked at, waited for, and nothing written
  const mark = await cluster().auditMark();
  const idle = await woow("apply", "--yes");
  expect(idle.stdout).toContain("nothing to change");
  const asked = await cluster().auditSince(mark, { user: "admin" });
  expect(asked.filter(({ verb }) => !["get", "list"].includes(verb))).toEqual([]);
  expect(asked.length, idle.stdout).toBeLessThanOrEqual(24);
}, 120_000);

test("a failed upgrade, tried again as it is: the same reason again, and a revision that says so", async () => {
  await edit("web-02", pin("2.0.0"));
  expect((await woow("apply", "--yes", "-s", "a/web-02")).status).toBe(5);
  const retried = await woow("retry", "a/web-02");
  expect(retried.status).toBe(5);
  expect(retried.stderr).toContain("spec.selector of Deployment paas-ws-a-web-02 cannot be changed");
  const { stdout } = await woow("revisions", "a/web-02", "-o", "json");
  expect(stdout).toContain('"retry"');
  await edit("web-02", pin("1.0.0"));
  expect((await woow("apply", "--yes", "-s", "a/web-02")).status).toBe(0);
}, 120_000);

test("a failed first installation: corrected while its job still tries: running", async () => {
  await writeFile(
    join(platform.dir, "workspaces", "a", "web-09.yaml"),
    'kind: CloudService\ntemplate_id: web\nname: Ninth\nchart_version: "1.0.0"\nhelm_values:\n  hooks.preInstall: fail\n',
  );
  const failed = await woow("apply", "--yes", "-s", "a/web-09");
  expect(failed.status).toBe(5);
  expect(failed.stdout + failed.stderr).toContain("the chart's pre-install hook failed");
  await edit("web-09", drop("hooks.preInstall: fail"));
  await edit("web-09", (text) => text.replace("helm_values:\n", "helm_values: {}\n"));
  const mended = await woow("apply", "--yes", "-s", "a/web-09");
  expect(mended.stderr).toBe("");
  expect(mended.status).toBe(0);
  expect(await releaseOf("web-09")).toMatchObject({ status: "deployed" });
}, 120_000);

test("the chart repository down until the job gives up; up again: retry, running", async () => {
  const { runner } = cluster();
  await runner.chartsDown();
  await edit("web-03", pin("1.1.0"));
  const failed = await woow("apply", "--yes", "-s", "a/web-03", "--timeout", "20");
  expect(failed.status).toBe(5);
  expect(failed.stdout + failed.stderr).toMatch(
    /the chart repository http:\/\/127\.0\.0\.1:\d+\/ cannot be reached \(connection refused\)/,
  );
  await runner.chartsUp();
  const retried = await woow("retry", "a/web-03");
  expect(retried.status).toBe(0);
  expect(await statusOf("web-03")).toMatchObject({ state: "running", helm_chart_version: "1.1.0" });
  // nothing to do: nothing is written
  const mark = await cluster().auditMark();
  const idle = await woow("retry", "a/web-03");
  expect(idle.stdout).toContain("nothing to run again");
  const written = (await cluster().auditSince(mark, { user: "admin" })).filter(
    ({ verb }) => !["get", "list", "watch"].includes(verb),
  );
  expect(written).toEqual([]);
}, 120_000);

test("restart makes new pods, and the next upgrade meets no conflict", async () => {
  const pods = async () =>
    (await list(cluster(), `${collections.pods("paas-ws-a")}?labelSelector=app%3Dpaas-ws-a-web-04`))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.uid);
  const before = await pods();
  const restarted = await woow("restart", "a/web-04");
  expect(restarted.status).toBe(0);
  const after = await pods();
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);

  await edit("web-04", add("color: green"));
  expect((await woow("apply", "--yes", "-s", "a/web-04")).status).toBe(0);
  expect(await releaseOf("web-04")).toMatchObject({ status: "deployed", version: 2 });
  // Helm without force takes it as well, as K3s before 1.35.7 runs it
  await mustRequest(cluster(), {
    method: "PATCH",
    path: `${collections.charts("paas-charts")}/paas-ws-a-web-04`,
    contentType: "application/merge-patch+json",
    body: { spec: { forceConflicts: false } },
  });
  await edit("web-04", drop("color: green"));
  expect((await woow("apply", "--yes", "-s", "a/web-04", "--keep", "all")).status).toBe(0);
  const runs = cluster().runner.runs.filter(({ chart }) => chart === "paas-ws-a-web-04");
  expect(runs.at(-1)?.log).toContain("--force-conflicts=false");
  const deployment = await mustRequest<{ spec: { template: { metadata: { annotations: object } } } }>(
    cluster(),
    {
      method: "GET",
      path: "/apis/apps/v1/namespaces/paas-ws-a/deployments/paas-ws-a-web-04",
    },
  );
  expect(Object.keys(deployment.spec.template.metadata.annotations)).toContain(
    "paas.woowtech.com/restarted-at",
  );

  const database = await woow("restart", "a/db-01");
  expect(database.status).toBe(0);
}, 120_000);

test("logs of pods and of the chart job", async () => {
  expect((await woow("logs", "a/web-04")).stdout).toMatch(/\S/);
  expect((await woow("logs", "a/web-04", "--job")).stdout).toContain("helm upgrade");
  const events = await woow("logs", "a/web-04", "--json", "--tail", "1");
  expect(JSON.parse(events.stdout)).toMatchObject({ version: 1, type: "log", container: "web" });
  const missing = await woow("logs", "a/web-04", "--container", "nothing");
  expect(missing.status).toBe(1);
  expect(missing.stderr).toContain("a/web-04 has no container nothing");
  const unknown = await woow("logs", "a/web-44");
  expect(unknown.stderr).toContain("web-04");
});

test("no secret in anything that was printed", () => {
  const text = seen.join("\n");
  expect(text.length).toBeGreaterThan(1000);
  expect(text).not.toContain(databasePassword);
  expect(text).not.toContain(Buffer.from(databasePassword).toString("base64"));
});

test("a Secret that only carries a failed release's labels is nobody's record: it stays, and nothing is recovered", async () => {
  await mustRequest(cluster(), {
    method: "POST",
    path: collections.secrets("paas-ws-a"),
    body: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "not-helms",
        labels: { owner: "helm", name: "paas-ws-a-web-01", status: "failed", version: "9000" },
      },
    },
  });
  const planned = await woow("plan", "-s", "a/web-01", "--detailed-exitcode");
  expect(planned.stdout).not.toContain("not-helms");
  expect(planned.status, planned.stdout).toBe(0);
  const retried = await woow("retry", "a/web-01");
  expect(retried.stdout + retried.stderr).toContain("nothing to run again");
  const path = `${collections.secrets("paas-ws-a")}/not-helms`;
  await mustRequest(cluster(), { method: "GET", path });
  await mustRequest(cluster(), { method: "DELETE", path });
}, 120_000);

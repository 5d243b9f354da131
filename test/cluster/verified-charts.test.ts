import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { CatalogLockDefinition } from "../../src/definitions/schema/catalog-lock.ts";
import { goTool } from "../support/go-tool.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { startRegistry } from "../support/oci-registry.ts";
import type { TestRegistry } from "../support/oci-registry.ts";
import { packageCharts, startChartServer } from "./chart-server.ts";
import type { ChartServer } from "./chart-server.ts";
import { collections, mustRequest, newestRelease } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { freePorts } from "./ports.ts";
import { useCluster } from "./use-cluster.ts";

/** Workspace a runs web 1.0.0, workspace b web 1.1.0, both from a repository of this test's own. */
const cluster = useCluster();
let folder: string;
let packages: string;
let helm: string;
let server: ChartServer;
let registry: TestRegistry;
let platform: TestPlatform;
/** Images of the templates: the registry has the one and not the other. */
let images: { readonly there: string; readonly absent: string };

beforeAll(async () => {
  cluster();
  const tool = await goTool("helm");
  if ("skip" in tool) throw new Error(tool.skip);
  helm = tool.path;
  folder = await mkdtemp(join(tmpdir(), "woow-verified-"));
  packages = join(folder, "packages");
  await cp(await packageCharts(helm), packages, { recursive: true });
  const [port = 0] = await freePorts(1);
  server = await startChartServer({ port, packages });
  platform = await writeTestPlatform({
    dir: join(folder, "platform"),
    cluster: { chartsUrl: server.url },
    workspaces: { a: 1, b: 1 },
    more: "charts: verified\n",
  });
  await edit("workspaces/b/web-01.yaml", '"1.0.0"', '"1.1.0"');
  registry = await startRegistry();
  registry.putChart("org/charts/web", "1.0.0", await readFile(join(packages, "web-1.0.0.tgz")));
  await copy("catalog/web.yaml", "catalog/boxed.yaml", [server.url, `oci://${registry.host}/org/charts`]);
  await copy("workspaces/a/web-01.yaml", "workspaces/b/boxed-01.yaml", [
    "template_id: web",
    "template_id: boxed",
    "subdomain: a-web-01",
    "subdomain: boxed",
  ]);
  images = { there: `${registry.host}/org/web:1.0`, absent: `${registry.host}/org/absent:1.0` };
  await edit("catalog/boxed.yaml", "default_values:", `default_values:\n    image: ${images.there}`);
  await edit("catalog/web.yaml", "default_values:", `default_values:\n    image: ${images.absent}`);
}, 120_000);

afterAll(async () => {
  await server.stop();
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath, WOOW_HELM: helm };
  return runWoow(args, { cwd: platform.dir, env });
}

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(platform.dir, path), "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  await writeFile(join(platform.dir, path), text.replace(from, to));
}

/** Copies a file with words replaced: each with the one after it. */
async function copy(from: string, to: string, words: readonly string[]): Promise<void> {
  let text = await readFile(join(platform.dir, from), "utf8");
  for (let at = 0; at < words.length; at += 2) text = text.replace(words[at] ?? "", words[at + 1] ?? "");
  await writeFile(join(platform.dir, to), text);
}

/** Runs with other bytes in the repository for web 1.0.0. */
async function whileChanged<T>(run: () => Promise<T>): Promise<T> {
  const path = join(packages, "web-1.0.0.tgz");
  const bytes = await readFile(path);
  // a gzip file may be followed by another: the same chart, and not the same bytes
  await writeFile(path, Buffer.concat([bytes, gzipSync("")]));
  try {
    return await run();
  } finally {
    await writeFile(path, bytes);
  }
}

/** What a command wrote to the cluster. */
async function writesOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  const mark = await cluster().auditMark();
  await run();
  const events = await cluster().auditSince(mark, { user: "admin" });
  return events
    .filter(({ verb, dryRun }) => !dryRun && !["get", "list", "watch"].includes(verb))
    .map(({ verb, uri }) => `${verb} ${uri}`);
}

async function chartSpec(workspace: string): Promise<Readonly<Record<string, string>>> {
  const path = `${collections.charts("paas-charts")}/paas-ws-${workspace}-web-01`;
  const { spec } = await mustRequest<{ spec: Record<string, string> }>(cluster(), { method: "GET", path });
  return spec;
}

const releaseOf = (workspace: string) =>
  newestRelease(cluster(), { namespace: `paas-ws-${workspace}`, name: `paas-ws-${workspace}-web-01` });

async function readLock(): Promise<CatalogLockDefinition["charts"]> {
  const text = await readFile(join(platform.dir, "catalog.lock.yaml"), "utf8");
  return (parse(text) as CatalogLockDefinition).charts;
}

test("charts: verified and no lock file: plan says whose chart it is, apply refuses each unit and writes nothing", async () => {
  const plan = await woow("plan");
  expect(plan.stdout).toContain("a/web-01: its chart web 1.0.0");
  let applied: Ran | undefined;
  const writes = await writesOf(async () => (applied = await woow("apply", "--yes")));
  expect(applied?.status).toBe(3);
  expect(applied?.stderr).toMatch(/a\/web-01: its chart web 1\.0\.0 \S+ is not in catalog\.lock\.yaml/);
  expect(applied?.stderr).toMatch(/b\/web-01: its chart web 1\.1\.0 \S+ is not in catalog\.lock\.yaml/);
  expect(writes).toEqual([]);
});

test("catalog verify writes what every service runs, and agrees with it then", async () => {
  const written = await woow("catalog", "verify", "web", "boxed", "--write-lock");
  expect(written.stderr).not.toContain("error");
  expect(written.status).toBe(0);
  const lock = await readLock();
  expect(
    lock.map(({ chart, version, delivery, repository }) => `${chart} ${version} ${delivery} ${repository}`),
  ).toEqual([
    `web 1.0.0 content ${server.url}`,
    `web 1.0.0 content oci://${registry.host}/org/charts`,
    `web 1.1.0 content ${server.url}`,
  ]);
  const bytes = await readFile(join(packages, "web-1.0.0.tgz"));
  expect(lock[0]?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect((await woow("catalog", "verify", "web")).status).toBe(0);
});

test("catalog.lock.yaml has the digest an image's tag stands for; where the registry has none, it says so and goes on", async () => {
  const digest = registry.putManifest("org/web", "1.0", { schemaVersion: 2, made: "up" });
  const note = (image: string) => `catalog.lock.yaml: note: no registry gave a digest for ${image}\n`;
  const written = await woow("catalog", "verify", "boxed", "web", "--write-lock");
  expect(written.status).toBe(0);
  expect(written.stderr).toContain(note(images.absent));
  expect(written.stderr).not.toContain(note(images.there));
  const imagesOf = async (repository: string) =>
    (await readLock()).filter((entry) => entry.repository === repository).map((entry) => entry.images);
  const boxed = `oci://${registry.host}/org/charts`;
  expect(await imagesOf(boxed)).toEqual([[{ image: images.there, digest }]]);
  expect(await imagesOf(server.url)).toEqual([[{ image: images.absent }], [{ image: images.absent }]]);
  expect(registry.requests).toContain("HEAD /v2/org/web/manifests/1.0");

  // the tag is moved: the next writing of the lock file says so, and a mere comparison is none of its business
  const moved = registry.putManifest("org/web", "1.0", { schemaVersion: 2, made: "up anew" });
  expect((await woow("catalog", "verify", "boxed")).status).toBe(0);
  expect(await imagesOf(boxed)).toEqual([[{ image: images.there, digest }]]);
  expect((await woow("catalog", "verify", "boxed", "--write-lock")).status).toBe(0);
  expect(await imagesOf(boxed)).toEqual([[{ image: images.there, digest: moved }]]);
});

test("a download that is no chart is that template's finding; the others are verified and the lock file keeps its entry", async () => {
  const good = await readFile(join(packages, "web-1.0.0.tgz"));
  const before = await readLock();
  registry.putChart("org/charts/web", "1.0.0", Buffer.from("<html>made up</html>"));
  try {
    const ran = await woow("catalog", "verify", "boxed", "web");
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(
      /^catalog\/boxed\.yaml:\d+:\d+: error: .*no packed chart.* \[chart-broken\]$/m,
    );
    expect(ran.stdout).toMatch(/^boxed .* failed$/m);
    expect(ran.stdout).toMatch(/^web .* ok$/m);
    expect((await woow("catalog", "verify", "boxed", "web", "--write-lock")).status).toBe(1);
    expect(await readLock()).toEqual(before);
  } finally {
    registry.putChart("org/charts/web", "1.0.0", good);
  }
});

test("other bytes under the same version: apply refuses that unit and writes nothing; catalog verify fails", async () => {
  await whileChanged(async () => {
    let applied: Ran | undefined;
    const writes = await writesOf(async () => (applied = await woow("apply", "--yes")));
    expect(applied?.status).toBe(3);
    expect(applied?.stderr).toContain("has other bytes in its repository than were verified");
    expect(applied?.stderr).toContain("a/web-01");
    expect(applied?.stderr).not.toContain("b/web-01");
    expect(writes).toEqual([]);
    const verified = await woow("catalog", "verify", "web");
    expect(verified.status).toBe(1);
    expect(verified.stderr).toContain("[chart-changed]");
  });
});

test("the verified bytes are what the chart job installs: with the repository down the service still comes up", async () => {
  await server.down();
  try {
    const asked = server.requests.length;
    const applied = await woow("apply", "--yes");
    expect(applied.stdout + applied.stderr).toContain("the verified bytes are delivered");
    expect(applied.status).toBe(0);
    expect(server.requests).toHaveLength(asked);
  } finally {
    await server.up();
  }
  const [first] = await readLock();
  const { chartContent = "", repo, chart } = await chartSpec("a");
  expect(createHash("sha256").update(Buffer.from(chartContent, "base64")).digest("hex")).toBe(first?.sha256);
  expect({ repo, chart }).toEqual({ repo: undefined, chart: undefined });
  expect(await releaseOf("a")).toMatchObject({ status: "deployed", version: 1 });
  expect(await releaseOf("b")).toMatchObject({ status: "deployed", version: 1 });
  // the chart job could not have got it: Helm speaks no plain http to a registry
  const boxed = { namespace: "paas-ws-b", name: "paas-ws-b-boxed-01" };
  expect(await newestRelease(cluster(), boxed)).toMatchObject({ status: "deployed", version: 1 });
  const plan = await woow("plan", "--detailed-exitcode");
  expect(plan.status).toBe(0);
});

test("reconcile leaves the unit with changed bytes alone, says why, and applies the others", async () => {
  for (const workspace of ["a", "b"])
    await edit(`workspaces/${workspace}/web-01.yaml`, "message: hello", "message: changed");
  const passed = await whileChanged(() => woow("reconcile", "--once", "--json"));
  const events = passed.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const ends = events.filter(({ type }) => type === "unit-finished");
  expect(ends).toContainEqual(
    expect.objectContaining({
      unit: "a/web-01",
      outcome: "failed",
      message: expect.stringContaining("other bytes") as string,
    }),
  );
  expect(ends).toContainEqual(expect.objectContaining({ unit: "b/web-01", outcome: "applied" }));
  const settled = await woow("apply", "--yes");
  expect(settled.status).toBe(0);
  expect(await releaseOf("a")).toMatchObject({ status: "deployed", version: 2 });
});

test("only digests in the lock file: the job downloads, so a repository that cannot be asked stops it", async () => {
  // as --digests-only would write it
  for (let entry = 0; entry < 3; entry += 1)
    await edit("catalog.lock.yaml", "delivery: content", "delivery: download");
  const plan = await woow("plan");
  expect(plan.stdout).toContain("downloaded again by the chart job itself: web 1.0.0, web 1.1.0");
  await server.down();
  try {
    let applied: Ran | undefined;
    const writes = await writesOf(async () => (applied = await woow("apply", "--yes")));
    expect(applied?.status).toBe(3);
    expect(applied?.stderr).toContain("cannot be compared with the lock file");
    expect(writes).toEqual([]);
  } finally {
    await server.up();
  }
  const changed = await whileChanged(() => woow("apply", "--yes"));
  expect(changed.status).toBe(3);
  expect((await woow("apply", "--yes", "-s", "a/web-01", "-s", "b/web-01")).status).toBe(0);
  expect(await chartSpec("a")).toMatchObject({ repo: server.url, chart: "web", version: "1.0.0" });
});

test("charts: any: plan says once per chart, not per service, what nobody verified", async () => {
  await rm(join(platform.dir, "catalog.lock.yaml"));
  await edit("platform.yaml", "charts: verified\n", "");
  for (const workspace of ["a", "b"])
    await edit(`workspaces/${workspace}/web-01.yaml`, "message: changed", "message: again");
  await edit("workspaces/b/web-01.yaml", '"1.1.0"', '"1.0.0"');
  await rm(join(platform.dir, "workspaces/b/boxed-01.yaml"));
  const plan = await woow("plan");
  expect(plan.stdout.match(/nobody verified: web 1\.0\.0/g)).toHaveLength(1);
});

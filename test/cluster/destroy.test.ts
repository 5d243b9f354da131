import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();

interface World extends TestPlatform {
  readonly run: (...args: readonly string[]) => Promise<Ran>;
}

/** One platform for all tests of this file, as one cluster has: a workspace for each test. */
async function makeWorld(
  workspace: string,
  options: { web?: number; database?: boolean } = {},
): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "woow-destroy-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { web = 1, database = false } = options;
  const platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { [workspace]: web },
    databases: database ? [workspace] : [],
  });
  for (const { file, id } of platform.services) {
    if (!id.startsWith("web")) continue;
    const text = await readFile(join(dir, file), "utf8");
    await writeFile(join(dir, file), `${text}  persistence.enabled: true\n`);
  }
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath, WOOW_LOCK_TERM: "2" };
  return { ...platform, run: async (...args) => runWoow(args, { cwd: dir, env }) };
}

/** Every object of a namespace that has to do with data, by name. */
async function claimsIn(namespace: string): Promise<readonly string[]> {
  return (await list(cluster(), collections.claims(namespace))).map(({ metadata }) => metadata.name);
}

interface LiveVolume extends KubeObject {
  readonly spec: {
    readonly persistentVolumeReclaimPolicy: string;
    readonly claimRef?: { readonly namespace: string; readonly name: string };
  };
}

async function volumesOf(namespace: string): Promise<readonly LiveVolume[]> {
  const volumes = await list<LiveVolume>(cluster(), collections.volumes());
  return volumes.filter(({ spec }) => spec.claimRef?.namespace === namespace);
}

async function chartsOf(workspace: string): Promise<readonly string[]> {
  const charts = await list(cluster(), collections.charts("paas-charts"));
  return charts
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith(`paas-ws-${workspace}-`));
}

async function hasNamespace(name: string): Promise<boolean> {
  return (await cluster().request({ method: "GET", path: `/api/v1/namespaces/${name}` })).status === 200;
}

/** The hosts a workspace is allotted. */
async function hostsOf(workspace: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/paas-ws-${workspace}`;
  const { body } = await cluster().request({ method: "GET", path });
  return (body as KubeObject).metadata.annotations?.["paas.woowtech.com/hosts"];
}

const dataOf = async (on: TestCluster, volume: string) =>
  readFile(join(on.volumesDir, volume, "data"), "utf8").catch(() => undefined);

/** What was said, for a failed expectation. */
const said = ({ stdout, stderr }: Ran) => `${stdout}\n${stderr}`;

async function applied(world: World): Promise<void> {
  // the cluster has the workspaces of the other tests as well
  const ran = await world.run("apply", "--yes", "-w", world.services[0]?.workspace ?? "");
  expect(ran.status, said(ran)).toBe(0);
}

describe("woow destroy", () => {
  test("keeps data by default; the service gets it back when it is created again", async () => {
    const world = await makeWorld("one");
    await applied(world);
    const [service] = world.services;
    if (service === undefined) throw new Error("no service");
    const [volume] = await volumesOf(service.namespace);
    const name = volume?.metadata.name ?? "";
    await writeFile(join(cluster().volumesDir, name, "data"), "precious");
    const text = await readFile(join(world.dir, service.file), "utf8");

    const asked = await world.run("destroy", "one/web-01");
    expect(asked.status, said(asked)).toBe(1);
    expect(asked.stderr).toContain("--yes");
    expect(existsSync(join(world.dir, service.file))).toBe(true);

    const gone = await world.run("destroy", "one/web-01", "--yes");
    expect(gone.status, said(gone)).toBe(0);
    expect(gone.stdout).toContain("commit and push the removal");
    expect(existsSync(join(world.dir, service.file))).toBe(false);
    expect(await chartsOf("one")).toEqual([]);
    expect(await dataOf(cluster(), name)).toBe("precious");

    const listed = await world.run("volumes", "list", "-o", "json");
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name, service: "one/web-01", state: "kept" }]);

    await writeFile(join(world.dir, service.file), text);
    await applied(world);
    expect((await volumesOf(service.namespace)).map(({ metadata }) => metadata.name)).toEqual([name]);
    expect(await dataOf(cluster(), name)).toBe("precious");
    const used = await world.run("volumes", "delete", name, "--confirm");
    expect(used.status, said(used)).toBe(3);
    expect(used.stderr).toContain("one/web-01");
    expect(await dataOf(cluster(), name)).toBe("precious");
  });

  test("--delete-data needs the name, and leaves nothing", async () => {
    const world = await makeWorld("two", { database: true });
    await applied(world);
    for (const args of [["--yes"], ["--confirm", "two/web-01"]]) {
      const refused = await world.run("destroy", "two/db-01", "--delete-data", ...args);
      expect(refused.status, said(refused)).toBe(1);
    }
    expect(await chartsOf("two")).toHaveLength(2);
    const ran = await world.run("destroy", "two/db-01", "--delete-data", "--confirm", "two/db-01");
    expect(ran.status, said(ran)).toBe(0);
    expect(await chartsOf("two")).toEqual(["paas-ws-two-web-01"]);
    expect(await claimsIn("paas-ws-two")).toEqual(["paas-ws-two-web-01-data"]);
    expect((await volumesOf("paas-ws-two")).map(({ spec }) => spec.claimRef?.name)).toEqual([
      "paas-ws-two-web-01-data",
    ]);
    const secrets = await list(cluster(), collections.secrets("paas-ws-two"));
    expect(secrets.filter(({ metadata }) => metadata.name.includes("db-01"))).toEqual([]);
  });

  test("a workspace that holds kept data stays; what is kept is deleted by name, and then it goes", async () => {
    const world = await makeWorld("three", { database: true });
    await applied(world);
    const ran = await world.run("destroy", "three", "--yes");
    expect(ran.status, said(ran)).toBe(4);
    expect(said(ran)).toContain("woow volumes delete");
    expect(await chartsOf("three")).toEqual([]);
    expect(existsSync(join(world.dir, "workspaces/three"))).toBe(false);
    expect(await hasNamespace("paas-ws-three")).toBe(true);
    const volumes = await volumesOf("paas-ws-three");
    expect(volumes.map(({ spec }) => spec.persistentVolumeReclaimPolicy)).toEqual(["Retain", "Retain"]);

    const names = (await world.run("volumes", "list", "-o", "name")).stdout
      .split("\n")
      .filter((name) => volumes.some(({ metadata }) => metadata.name === name));
    expect(names).toHaveLength(2);
    const unsure = await world.run("volumes", "delete", ...names);
    expect(unsure.status).toBe(1);
    const deleted = await world.run("volumes", "delete", ...names, "--confirm");
    expect(deleted.status, said(deleted)).toBe(0);
    for (const name of names) expect(await dataOf(cluster(), name)).toBeUndefined();
    expect(await claimsIn("paas-ws-three")).toEqual([]);

    const again = await world.run("destroy", "three", "--yes");
    expect(again.status, said(again)).toBe(0);
    expect(await hasNamespace("paas-ws-three")).toBe(false);
  });

  test("--delete-data of a workspace leaves nothing at all", async () => {
    const world = await makeWorld("four", { web: 2, database: true });
    const domains = join(world.dir, "domains.yaml");
    await writeFile(domains, "kind: Domains\nverified:\n  - { domain: four.example, workspace: four }\n");
    await applied(world);
    const ran = await world.run("destroy", "four", "--delete-data", "--confirm", "four");
    expect(ran.status, said(ran)).toBe(0);
    // else whoever is given the id later has the domain, too
    expect(await readFile(domains, "utf8")).toBe("kind: Domains\nverified: []\n");
    expect(await hasNamespace("paas-ws-four")).toBe(false);
    expect(await volumesOf("paas-ws-four")).toEqual([]);
    expect(await chartsOf("four")).toEqual([]);
    const inventory = await list(cluster(), "/api/v1/namespaces/paas-system/configmaps");
    expect(inventory.map(({ metadata }) => metadata.name)).not.toContain("woow-inventory-four");
  });

  test("a service that was never applied is only a file; one nobody knows is an error", async () => {
    const world = await makeWorld("five");
    const unknown = await world.run("destroy", "five/web-09", "--yes");
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain("five/web-09");
    const ran = await world.run("destroy", "five/web-01", "--yes");
    expect(ran.status, said(ran)).toBe(0);
    expect(existsSync(join(world.dir, "workspaces/five/web-01.yaml"))).toBe(false);
  });

  test("a run that could not uninstall is gone on with by the same command", async () => {
    const world = await makeWorld("six");
    await applied(world);
    cluster().runner.failUninstall("paas-ws-six-web-01");
    const failed = await world.run("destroy", "six/web-01", "--yes");
    expect(failed.status, said(failed)).toBe(1);
    expect(said(failed)).toContain("sh.helm.release.v1.paas-ws-six-web-01");
    expect(existsSync(join(world.dir, "workspaces/six/web-01.yaml"))).toBe(false);
    // as long as it is there, its host is its own
    expect(await hostsOf("six")).toBe("six-web-01.apps.example.com");
    cluster().runner.allowUninstall("paas-ws-six-web-01");
    const ran = await world.run("destroy", "six/web-01", "--yes");
    expect(ran.status, said(ran)).toBe(0);
    await waitUntil("the release is gone", async () => {
      const secrets = await list(cluster(), collections.secrets("paas-ws-six"));
      return secrets.every(({ metadata }) => !metadata.name.includes("helm.release"));
    });
    expect(await hostsOf("six")).toBe("");
    expect((await volumesOf("paas-ws-six")).map(({ spec }) => spec.persistentVolumeReclaimPolicy)).toEqual([
      "Retain",
    ]);
  });
});

test("a file that is taken away is removed by apply, its data kept", async () => {
  const world = await makeWorld("seven");
  await applied(world);
  const [volume] = await volumesOf("paas-ws-seven");
  await rm(join(world.dir, "workspaces/seven/web-01.yaml"));
  const ran = await world.run("apply", "--yes", "-w", "seven");
  expect(ran.status, said(ran)).toBe(0);
  expect(await chartsOf("seven")).toEqual([]);
  const kept = await volumesOf("paas-ws-seven");
  expect(kept.map(({ metadata, spec }) => [metadata.name, spec.persistentVolumeReclaimPolicy])).toEqual([
    [volume?.metadata.name, "Retain"],
  ]);
});

test("a service that is defined again while it goes waits until it is gone, and gets its data back", async () => {
  const world = await makeWorld("eight");
  await applied(world);
  const [volume] = await volumesOf("paas-ws-eight");
  const name = volume?.metadata.name ?? "";
  await writeFile(join(cluster().volumesDir, name, "data"), "precious");
  // as if a removal had been killed, or somebody had deleted the HelmChart by hand
  cluster().runner.stall("paas-ws-eight-web-01");
  const path = `${collections.charts("paas-charts")}/paas-ws-eight-web-01`;
  expect((await cluster().request({ method: "DELETE", path })).status).toBe(200);
  const applying = world.run("apply", "--yes", "-w", "eight");
  await waitUntil("the volume is Retain", async () => {
    const [live] = await volumesOf("paas-ws-eight");
    return live?.spec.persistentVolumeReclaimPolicy === "Retain";
  });
  cluster().runner.unstall("paas-ws-eight-web-01");
  const ran = await applying;
  expect(ran.status, said(ran)).toBe(0);
  expect((await volumesOf("paas-ws-eight")).map(({ metadata }) => metadata.name)).toEqual([name]);
  expect(await dataOf(cluster(), name)).toBe("precious");
});

test("a copy of a service's HelmChart, labels and all, is never deleted with it", async () => {
  const world = await makeWorld("nine");
  await applied(world);
  const path = collections.charts("paas-charts");
  const { body } = await cluster().request({ method: "GET", path: `${path}/paas-ws-nine-web-01` });
  const original = body as KubeObject & { readonly spec: object };
  const copy = {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name: "paas-ws-nine-copy", namespace: "paas-charts", labels: original.metadata.labels },
    spec: { ...original.spec, valuesContent: "fullnameOverride: copy\npersistence: { enabled: true }\n" },
  };
  expect((await cluster().request({ method: "POST", path, body: copy })).status).toBe(201);
  const ran = await world.run("apply", "--yes", "-w", "nine");
  expect(ran.status, said(ran)).toBe(0);
  expect(await chartsOf("nine")).toEqual(["paas-ws-nine-copy", "paas-ws-nine-web-01"]);
  const gone = await world.run("destroy", "nine/web-01", "--delete-data", "--confirm", "nine/web-01");
  expect(gone.status, said(gone)).toBe(0);
  expect(await chartsOf("nine")).toEqual(["paas-ws-nine-copy"]);
});

test("a host goes with its service, so that another tenant may have it; its neighbours' hosts stay", async () => {
  const world = await makeWorld("ten", { web: 2 });
  await applied(world);
  expect(await hostsOf("ten")).toBe("ten-web-01.apps.example.com,ten-web-02.apps.example.com");
  // nothing else of the workspace is touched by the removal of a service
  const quota = join(world.dir, "workspaces/ten/workspace.yaml");
  await writeFile(quota, `${await readFile(quota, "utf8")}quota: { vcpu: 100 }\n`);
  const gone = await world.run("destroy", "ten/web-01", "--yes");
  expect(gone.status, said(gone)).toBe(0);
  expect(await hostsOf("ten")).toBe("ten-web-02.apps.example.com");
  const path = "/api/v1/namespaces/paas-ws-ten/resourcequotas/workspace-quota";
  const { body } = await cluster().request({ method: "GET", path });
  expect((body as { spec: { hard: Record<string, string> } }).spec.hard["requests.cpu"]).toBe("512");

  await rm(join(world.dir, "workspaces/ten/web-02.yaml"));
  const applying = await world.run("apply", "--yes", "-s", "ten/web-02", "--prune-budget", "1");
  expect(applying.status, said(applying)).toBe(0);
  expect(await hostsOf("ten")).toBe("");
});

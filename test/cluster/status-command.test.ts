import { spawn } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtCli, cleanEnvironment, runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-status-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 2, b: 1 },
    databases: ["b"],
  });
  expect((await woow("apply", "--yes", "-w", "a")).status).toBe(0);
}, 120_000);

afterAll(async () => {
  await rm(platform.dir, { recursive: true, force: true });
});

const environment = () => ({ ...platform.env, KUBECONFIG: cluster().kubeconfigPath });
const woow = async (...args: string[]): Promise<Ran> =>
  runWoow(args, { cwd: platform.dir, env: environment() });
const file = (path: string) => join(platform.dir, path);

test("one table of all workspaces; what was never applied is said once", async () => {
  const { stdout, stderr, status } = await woow("status");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toBe(
    [
      "SERVICE   STATE    CHART  REV  PODS  URL                                TLS  REASON",
      "a/web-01  running  1.0.0    1   1/1  https://a-web-01.apps.example.com  -",
      "a/web-02  running  1.0.0    1   1/1  https://a-web-02.apps.example.com  -",
      "b/db-01   pending  -        -   0/0  -                                  -    it is defined but was never applied",
      "b/web-01  pending  -        -   0/0  https://b-web-01.apps.example.com  -    it is defined but was never applied",
      "2 of 4 services running, 2 never applied (woow apply)",
      "",
    ].join("\n"),
  );
});

test("the exit status speaks only when it is asked", async () => {
  expect((await woow("status", "--exit-code")).status).toBe(5);
  expect((await woow("status", "--exit-code", "-w", "a")).status).toBe(0);
  expect((await woow("status", "-s", "a/web-77")).stderr).toContain("there is no service a/web-77");
});

test("json has the specification's fields of a CloudService", async () => {
  const { stdout } = await woow("status", "-s", "a/web-01", "-o", "json");
  const { services } = JSON.parse(stdout) as { services: Record<string, unknown>[] };
  expect(services).toHaveLength(1);
  expect(services[0]).toMatchObject({
    state: "running",
    error_message: null,
    helm_release_name: "paas-ws-a-web-01",
    helm_namespace: "paas-ws-a",
    helm_revision: 1,
    helm_chart_version: "1.0.0",
    last_upgraded_at: null,
    allocated_vcpu: 1,
    allocated_ram_gb: 0.5,
    allocated_storage_gb: 5,
    internal_port: 80,
    subdomain: "a-web-01",
    custom_domain: null,
    is_private_network: false,
    deployment_id: "#1",
    k8s_cluster: "default",
    region: "us-east-1",
  });
  const [event] = (await woow("status", "-s", "a/web-01", "--json")).stdout.trim().split("\n");
  expect(JSON.parse(event ?? "")).toMatchObject({
    version: 1,
    type: "service",
    unit: "a/web-01",
    state: "running",
  });
  expect((await woow("status", "-o", "name", "-w", "a")).stdout).toBe("a/web-01\na/web-02\n");
});

test("a hold stands beside the state", async () => {
  expect((await woow("suspend", "a/web-02", "--reason", "looking into it")).status).toBe(0);
  expect((await woow("status", "-s", "a/web-02")).stdout).toContain("running, suspended");
  expect((await woow("resume", "a/web-02")).status).toBe(0);
});

test("a service whose file went is shown and said to be so; one whose file is broken is not", async () => {
  const path = file("workspaces/a/web-02.yaml");
  const aside = file("web-02.yaml.aside");
  await rename(path, aside);
  try {
    const { stdout } = await woow("status", "-w", "a");
    expect(stdout).toMatch(/^a\/web-02 +running/m);
    expect(stdout).toContain("a/web-02: warning: no file defines it any more");
    await writeFile(path, "kind: CloudService\ntemplate_id: [\n");
    const broken = await woow("status", "-w", "a");
    expect(broken.stdout).toMatch(/^a\/web-02 +running/m);
    expect(broken.stdout).not.toContain("no file defines it");
    expect(broken.stderr).toContain("workspaces/a/web-02.yaml");
  } finally {
    await rename(aside, path);
  }
});

test("a cluster that cannot be reached is named, the others are shown", async () => {
  const path = file("platform.yaml");
  const text = await readFile(path, "utf8");
  await writeFile(
    path,
    `${text}  far:\n    context: not-there\n    k3s_version: v1.35.8+k3s1\n    node_cidrs: [192.0.2.0/28]\n`,
  );
  try {
    const { stdout, stderr, status } = await woow("status", "-w", "a");
    expect(stdout).toContain("2 of 2 services running");
    expect(stderr).toMatch(/^cluster far cannot be read: .*not-there/m);
    expect(status).toBe(1);
  } finally {
    await writeFile(path, text);
  }
});

test("--watch tells each change once, through a restart of the API server, until Ctrl-C", async () => {
  const child = spawn(process.execPath, [builtCli, "status", "--watch", "-s", "b/db-01"], {
    cwd: platform.dir,
    env: cleanEnvironment(platform.dir, environment()),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  child.stdout.on("data", (data: Buffer) => (told += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  try {
    await waitUntil("the first line", async () => told.includes("b/db-01 pending"));
    await cluster().restart("kube-apiserver");
    const applied = await woow("apply", "--yes", "-s", "b/db-01");
    expect(applied.status).toBe(0);
    await waitUntil("the last line", async () => /^b\/db-01 running$/m.test(told));
  } finally {
    child.kill("SIGINT");
  }
  expect(await ended).toBe(0);
  const lines = told.trim().split("\n");
  expect(lines[0]).toBe("b/db-01 pending: it is defined but was never applied");
  expect(new Set(lines).size).toBe(lines.length);
  expect(told).not.toContain(databasePassword);
}, 120_000);

test("waiting outlives the API server's restart", async () => {
  const path = file("workspaces/a/web-01.yaml");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace('chart_version: "1.0.0"', 'chart_version: "1.1.0"'));
  cluster().runner.stall("paas-ws-a-web-01");
  const applying = woow("apply", "--yes", "-s", "a/web-01");
  await waitUntil("the job", async () => {
    const { stdout } = await woow("status", "-s", "a/web-01", "-o", "wide");
    return stdout.includes("job-running");
  });
  await cluster().restart("kube-apiserver");
  cluster().runner.unstall("paas-ws-a-web-01");
  const applied = await applying;
  expect(applied.stderr).toBe("");
  expect(applied.status).toBe(0);
}, 120_000);

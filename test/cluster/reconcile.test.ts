import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { operatorRules } from "../../src/constructs/operator-role.ts";
import type { KubeObject } from "./on-cluster.ts";
import { mustRequest } from "./on-cluster.ts";
import { databasePassword, writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { startReconcile } from "./reconcile-process.ts";
import type { ReconcileProcess } from "./reconcile-process.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "api" });
const account = { namespace: "default", name: "woow-test" };
const user = `system:serviceaccount:${account.namespace}:${account.name}`;

const processes: ReconcileProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const running of processes.splice(0)) await running.kill();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The ServiceAccount with the published rights and no others. */
beforeAll(async () => {
  let made;
  try {
    made = cluster();
  } catch {
    return;
  }
  const post = async (path: string, body: object) => mustRequest(made, { method: "POST", path, body });
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await post(`/api/v1/namespaces/${account.namespace}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: account,
  });
  const name = "published-rights";
  await post(`${rbac}/clusterroles`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: operatorRules,
  });
  await post(`${rbac}/clusterrolebindings`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
});

interface Repository {
  readonly platform: TestPlatform;
  readonly dir: string;
  write(path: string, change: (text: string) => string): void;
  git(...args: string[]): string;
  /** Commits everything and gives the commit. */
  commit(): string;
}

/** A platform in a git repository; every test has its own workspaces, all belong to one platform. */
async function makeRepository(workspaces: Readonly<Record<string, number>>, more = ""): Promise<Repository> {
  const dir = mkdtempSync(join(tmpdir(), "woow-reconcile-"));
  folders.push(dir);
  const [first = ""] = Object.keys(workspaces);
  const platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces,
    databases: [first],
    more: `records: cluster\n${more}`,
  });
  writeFileSync(join(dir, ".gitignore"), "age-key.txt\n.woow/\n");
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Made Up", "-c", "user.email=made-up@example.com", ...args], {
      cwd: dir,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  git("init", "--quiet", "--initial-branch=main");
  const commit = () => {
    git("add", "--all");
    git("commit", "--quiet", "-m", "change");
    return git("rev-parse", "HEAD");
  };
  const write = (path: string, change: (text: string) => string) =>
    writeFileSync(join(dir, path), change(readFileSync(join(dir, path), "utf8")));
  commit();
  return { platform, dir, write, git, commit };
}

async function follow(repository: Repository, ...more: string[]): Promise<ReconcileProcess> {
  const kubeconfig = await cluster().kubeconfigForServiceAccount(account);
  const running = startReconcile(["--git", `file://${repository.dir}`, "--interval", "200ms", ...more], {
    cwd: tmpdir(),
    env: { ...repository.platform.env, KUBECONFIG: kubeconfig, WOOW_LOCK_TERM: "2" },
  });
  processes.push(running);
  return running;
}

const firstPass = async (running: ReconcileProcess) =>
  running.event("pass-finished", { where: ({ reason }) => reason === "start" });

const quotaPath = (id: string) => `/api/v1/namespaces/paas-ws-${id}/resourcequotas/workspace-quota`;
const policyPath = (id: string) =>
  `/apis/networking.k8s.io/v1/namespaces/paas-ws-${id}/networkpolicies/default-deny`;
const bindingsPath = (id: string) =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/paas-ws-${id}/rolebindings`;
const chartPath = (name: string) => `/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts/${name}`;

async function read<T = KubeObject>(path: string): Promise<T> {
  return mustRequest<T>(cluster(), { method: "GET", path });
}

async function edit(path: string, body: object, manager = "kubectl-edit"): Promise<void> {
  await mustRequest(cluster(), {
    method: "PATCH",
    path: `${path}?fieldManager=${manager}`,
    contentType: "application/merge-patch+json",
    body,
  });
}

const openIngress = { spec: { ingress: [{}] } };
const isClosed = async (id: string) =>
  JSON.stringify((await read<{ spec: { ingress?: unknown } }>(policyPath(id))).spec.ingress ?? []) === "[]";

describe("a branch that is followed, with exactly the published rights", () => {
  test("applies, follows, repairs, serves metrics, and asks for nothing it may not", async () => {
    const mark = await cluster().auditMark();
    const repository = await makeRepository({ a: 1, b: 1 });
    const running = await follow(repository, "--listen", "127.0.0.1:0");
    expect(await firstPass(running)).toMatchObject({ outcome: "applied", failedOwners: [] });
    await read(chartPath("paas-ws-a-web-01"));
    await read(chartPath("paas-ws-b-web-01"));

    const before = await read<{ metadata: { generation: number } }>(
      "/api/v1/namespaces/paas-charts/secrets/paas-ws-b-web-01-values",
    );
    let from = running.events.length;
    repository.write("workspaces/b/web-01.yaml", (text) => text.replace("hello", "goodbye"));
    const commit = repository.commit();
    expect(
      await running.event("pass-finished", { from, where: (event) => event.commit === commit }),
    ).toMatchObject({
      reason: "definitions",
      outcome: "applied",
      changedUnits: 1,
    });
    const after = await read<KubeObject>("/api/v1/namespaces/paas-charts/secrets/paas-ws-b-web-01-values");
    expect(after.metadata.resourceVersion).not.toBe(
      (before as unknown as KubeObject).metadata.resourceVersion,
    );

    // three holes, each by its own hand
    from = running.events.length;
    await edit(policyPath("a"), openIngress, "hole-cutter");
    await edit(quotaPath("b"), { spec: { hard: { "requests.cpu": "9999" } } }, "quota-raiser");
    await mustRequest(cluster(), {
      method: "POST",
      path: `${bindingsPath("b")}?fieldManager=key-maker`,
      body: {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "mallory" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "mallory" }],
      },
    });
    const drift = async (kind: string) =>
      running.event("drift", { from, where: ({ ref }) => ref.kind === kind });
    expect(await drift("NetworkPolicy")).toMatchObject({
      unit: "a",
      what: "changed",
      policy: "repair",
      fields: [{ path: "spec.ingress", manager: "hole-cutter", at: expect.any(String) }],
    });
    expect(await drift("ResourceQuota")).toMatchObject({
      unit: "b",
      fields: [{ path: "spec.hard.requests.cpu", manager: "quota-raiser" }],
    });
    expect(await drift("RoleBinding")).toMatchObject({
      unit: "b",
      what: "foreign",
      fields: [{ manager: "key-maker" }],
    });
    await waitUntil("all is mended", async () => {
      const quota = await read<{ spec: { hard: Record<string, string> } }>(quotaPath("b"));
      const binding = await cluster().request({ method: "GET", path: `${bindingsPath("b")}/mallory` });
      return (await isClosed("a")) && quota.spec.hard["requests.cpu"] !== "9999" && binding.status === 404;
    });

    const url = running
      .output()
      .match(/http:\/\/127\.0\.0\.1:[0-9]+/g)
      ?.find((one) => one !== cluster().server);
    expect(url).toBeDefined();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/woow_reconcile_passes_total\{reason="start",outcome="applied"\} 1/);
    expect(metrics).toMatch(/woow_reconcile_drift_found_total\{workspace="a",policy="repair"\} 1/);
    expect(metrics).toMatch(new RegExp(`woow_reconcile_commit_info\\{commit="${commit}"\\} 1`));
    expect(metrics).toMatch(/woow_reconcile_ready 1/);

    expect(running.output()).not.toContain(databasePassword);
    const asked = (await cluster().auditSince(mark)).filter((event) => event.user === user);
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
  });

  test("with nothing to do nothing is written, and hardly anything asked", async () => {
    const repository = await makeRepository({ a: 1, b: 1 });
    const running = await follow(repository);
    await firstPass(running);
    await running.event("pass-finished", { from: running.events.length - 1 });
    await sleep(1500);
    const mark = await cluster().auditMark();
    await sleep(3000);
    const asked = (await cluster().auditSince(mark)).filter((event) => event.user === user);
    expect(asked.filter(({ verb }) => !["watch", "list", "get"].includes(verb))).toEqual([]);
    expect(asked.length).toBeLessThan(5);
  });
});

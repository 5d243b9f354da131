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
import { runWoow } from "../support/woow.ts";
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

/** A platform in a git repository. All tests share the cluster, so all have the same workspaces but special ones. */
async function makeRepository(special: Readonly<Record<string, number>> = {}): Promise<Repository> {
  const dir = mkdtempSync(join(tmpdir(), "woow-reconcile-"));
  folders.push(dir);
  const workspaces = { a: 1, b: 1, c: 1, ...special };
  const platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces,
    databases: ["a"],
    more: "records: cluster\n",
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
    const repository = await makeRepository();
    const running = await follow(repository, "--listen", "127.0.0.1:0");
    expect(await firstPass(running)).toMatchObject({ outcome: "applied", failed_owners: [] });
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
      changed_units: 1,
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
    const refused = asked.filter(({ code }) => code === 401 || code === 403);
    // a pass that wrote admission policies asks until they refuse their probe
    expect(refused.filter(({ name }) => name !== "woow-admission-probe")).toEqual([]);
  });

  test("with nothing to do nothing is written, and hardly anything asked", async () => {
    const repository = await makeRepository();
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

describe("workspaces, each on its own", () => {
  test("where drift is only reported it is told once and left", async () => {
    const repository = await makeRepository();
    repository.write("workspaces/b/workspace.yaml", (text) => `${text}drift: report\n`);
    repository.commit();
    const running = await follow(repository);
    await firstPass(running);
    let from = running.events.length;
    await edit(policyPath("b"), openIngress, "hole-cutter");
    const told = { from, where: ({ unit }: { unit: string }) => unit === "b" };
    expect(await running.event("drift", told)).toMatchObject({
      policy: "report",
      ref: { kind: "NetworkPolicy" },
      fields: [{ path: "spec.ingress", manager: "hole-cutter" }],
    });
    await running.event("pass-finished", {
      from,
      where: (event) => (event as Readonly<Record<string, unknown>>)["drift_found"] === 1,
    });
    expect(await isClosed("b")).toBe(false);
    // looked at again, it is the same news
    from = running.events.length;
    running.signal("SIGHUP");
    expect(await running.event("pass-finished", { from })).toMatchObject({
      reason: "trigger",
      drift_found: 1,
      drift_repaired: 0,
    });
    expect(running.events.slice(from).filter(({ type }) => type === "drift")).toEqual([]);
    // what is gone is told, and made again all the same
    await mustRequest(cluster(), { method: "DELETE", path: quotaPath("b") });
    await running.event("drift", {
      from,
      where: ({ what, policy }) => what === "missing" && policy === "report",
    });
    await waitUntil("the quota is back", async () => {
      const { status } = await cluster().request({ method: "GET", path: quotaPath("b") });
      return status === 200;
    });
    // and the other workspace is repaired as ever
    await edit(policyPath("a"), openIngress, "hole-cutter");
    await waitUntil("a is mended", async () => isClosed("a"));
    expect(await isClosed("b")).toBe(false);
    // the policy is git's to change
    repository.write("workspaces/b/workspace.yaml", (text) => text.replace("drift: report\n", ""));
    repository.commit();
    await waitUntil("b is mended", async () => isClosed("b"));
  });

  test("what is wrong with one does not stop the others, and nothing of it is taken away", async () => {
    const repository = await makeRepository();
    const running = await follow(repository);
    await firstPass(running);
    const good = readFileSync(join(repository.dir, "workspaces/b/web-01.yaml"), "utf8");
    let from = running.events.length;
    // b: a file that cannot be understood, and one that is gone; c: an object of its name is somebody else's
    repository.write("workspaces/b/web-01.yaml", () => "kind: CloudService\ntemplate_id: [\n");
    await mustRequest(cluster(), {
      method: "POST",
      path: "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts",
      body: {
        apiVersion: "helm.cattle.io/v1",
        kind: "HelmChart",
        metadata: { name: "paas-ws-c-web-02", namespace: "paas-charts" },
        spec: { chart: "made-up" },
      },
    });
    writeFileSync(
      join(repository.dir, "workspaces/c/web-02.yaml"),
      readFileSync(join(repository.dir, "workspaces/c/web-01.yaml"), "utf8").replaceAll(
        "c-web-01",
        "c-web-02",
      ),
    );
    repository.write("workspaces/a/web-01.yaml", (text) => text.replace("hello", "goodbye"));
    const commit = repository.commit();
    expect(await running.event("definition-problems", { from })).toMatchObject({
      skipped: ["b"],
      blocks_all: false,
    });
    expect(await running.event("owner-failed", { from })).toMatchObject({ owner: "c", code: "exists" });
    expect(
      await running.event("pass-finished", { from, where: (event) => event.commit === commit }),
    ).toMatchObject({
      outcome: "partly",
      changed_units: 1,
      failed_owners: ["c"],
    });
    await read(chartPath("paas-ws-b-web-01"));
    // drift in a healthy one is still repaired
    await edit(policyPath("a"), openIngress);
    await waitUntil("a is mended", async () => isClosed("a"));
    // mended, all is well
    from = running.events.length;
    await mustRequest(cluster(), { method: "DELETE", path: chartPath("paas-ws-c-web-02") });
    repository.write("workspaces/b/web-01.yaml", () => good);
    const mended = repository.commit();
    expect(
      await running.event("pass-finished", { from, where: (event) => event.commit === mended }),
    ).toMatchObject({
      outcome: "applied",
      failed_owners: [],
    });
    await running.event("owner-recovered", { from, where: ({ owner }) => owner === "c" });
    await read(chartPath("paas-ws-c-web-02"));
  });

  test("a workspace that is gone from git waits for a person; a service that is gone goes", async () => {
    const repository = await makeRepository({ a: 2 });
    const running = await follow(repository);
    await firstPass(running);
    const from = running.events.length;
    rmSync(join(repository.dir, "workspaces/c"), { recursive: true });
    rmSync(join(repository.dir, "workspaces/a/web-02.yaml"));
    const commit = repository.commit();
    expect(await running.event("owner-failed", { from })).toMatchObject({
      owner: "c",
      code: "removal-not-named",
    });
    await running.event("pass-finished", { from, where: (event) => event.commit === commit });
    await read(chartPath("paas-ws-c-web-01"));
    expect((await cluster().request({ method: "GET", path: chartPath("paas-ws-a-web-02") })).status).toBe(
      404,
    );
  });

  test("who sets the same again and again is put back more slowly, and named", async () => {
    const repository = await makeRepository();
    const running = await follow(repository);
    await firstPass(running);
    const isFlapping = () => running.events.some(({ type }) => type === "flapping");
    for (let round = 0; round < 8 && !isFlapping(); round += 1) {
      await edit(policyPath("a"), openIngress, "stubborn");
      await waitUntil("a is mended", async () => isClosed("a"));
      await sleep(400);
    }
    expect(await running.event("flapping")).toMatchObject({
      unit: "a",
      field: "spec.ingress",
      manager: "stubborn",
      times: 5,
    });
    // nobody else waits for it
    await edit(quotaPath("a"), { spec: { hard: { "requests.cpu": "9999" } } });
    await waitUntil("the quota is mended", async () => {
      const quota = await read<{ spec: { hard: Record<string, string> } }>(quotaPath("a"));
      return quota.spec.hard["requests.cpu"] !== "9999";
    });
  });
});

describe("what is on hold", () => {
  const woow = async (repository: Repository, ...args: string[]) => {
    const ran = await runWoow([...args, "-C", repository.dir], {
      cwd: repository.dir,
      env: { ...repository.platform.env, KUBECONFIG: cluster().kubeconfigPath },
    });
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
  };
  const valuesOf = async (release: string) => {
    const secret = await read<{ data: Record<string, string> }>(
      `/api/v1/namespaces/paas-charts/secrets/${release}-values`,
    );
    return Object.values(secret.data)
      .map((text) => Buffer.from(text, "base64").toString("utf8"))
      .join("\n");
  };

  test("a rollback holds until the definition changes in git", async () => {
    const repository = await makeRepository();
    const running = await follow(repository);
    await firstPass(running);
    const say = async (word: string) => {
      repository.write("workspaces/b/web-01.yaml", (text) =>
        text.replace(/message: \w+/, `message: ${word}`),
      );
      const commit = repository.commit();
      await running.event("pass-finished", { where: (event) => event.commit === commit });
    };
    await say("good");
    const { stdout } = await runWoow(["revisions", "b/web-01", "-o", "json", "-C", repository.dir], {
      cwd: repository.dir,
      env: { ...repository.platform.env, KUBECONFIG: cluster().kubeconfigPath },
    });
    const good = Math.max(
      ...[...stdout.matchAll(/"number": ?([0-9]+)/g)].map(([, number]) => Number(number)),
    );
    await say("bad");
    expect(await valuesOf("paas-ws-b-web-01")).toContain("bad");
    await woow(repository, "rollback", "b/web-01", String(good), "--yes", "--wait=false");
    expect(await valuesOf("paas-ws-b-web-01")).toContain("good");
    // git still says otherwise, and looked at again it stays as it is
    let from = running.events.length;
    running.signal("SIGHUP");
    await running.event("pass-finished", { from, where: ({ reason }) => reason === "trigger" });
    expect(await valuesOf("paas-ws-b-web-01")).toContain("good");
    // another file's change is none of its business
    repository.git("stash", "--quiet");
    repository.write("workspaces/a/web-01.yaml", (text) =>
      text.replace(/message: \w+/, "message: elsewhere"),
    );
    const other = repository.commit();
    await running.event("pass-finished", { where: (event) => event.commit === other });
    expect(await valuesOf("paas-ws-b-web-01")).toContain("good");
    repository.git("stash", "drop", "--quiet");
    from = running.events.length;
    await say("better");
    await waitUntil("git has its say again", async () =>
      (await valuesOf("paas-ws-b-web-01")).includes("better"),
    );
  });

  test("a suspended unit is left alone until it is resumed", async () => {
    const repository = await makeRepository();
    const running = await follow(repository);
    await firstPass(running);
    await woow(repository, "suspend", "b", "--reason", "made-up repair", "--yes");
    const from = running.events.length;
    await edit(policyPath("b"), openIngress);
    await running.event("pass-finished", { from, where: ({ reason }) => reason === "drift" });
    expect(await isClosed("b")).toBe(false);
    await woow(repository, "resume", "b", "--yes");
    running.signal("SIGHUP");
    await waitUntil("b is mended", async () => isClosed("b"));
  });
});

describe("when the world misbehaves", () => {
  test("a rewritten branch is not followed, by this process or the next, until a person says so", async () => {
    const repository = await makeRepository();
    const running = await follow(repository, "--listen", "127.0.0.1:0");
    await firstPass(running);
    repository.write("workspaces/a/web-01.yaml", (text) => text.replace("hello", "second"));
    const second = repository.commit();
    await running.event("pass-finished", { where: (event) => event.commit === second });
    let from = running.events.length;
    repository.git("reset", "--quiet", "--hard", "HEAD~1");
    repository.write("workspaces/a/web-01.yaml", (text) => text.replace("hello", "rewritten"));
    const rewritten = repository.commit();
    expect(await running.event("source-failed", { from })).toMatchObject({
      code: "history-rewritten",
      is_final: true,
    });
    const url = /"url":"(http:[^"]+)"/.exec(running.output())?.[1];
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    // what was last good is still kept up
    await edit(policyPath("a"), openIngress);
    await waitUntil("a is mended", async () => isClosed("a"));
    running.signal("SIGTERM");
    expect(await running.ended()).toBe(0);

    const next = await follow(repository);
    expect(await next.event("source-failed")).toMatchObject({ code: "history-rewritten", is_final: true });
    await sleep(1000);
    expect(next.events.filter(({ type }) => type === "pass-started")).toEqual([]);
    await next.kill();

    const accepting = await follow(repository, "--accept-rewritten", rewritten);
    expect(await firstPass(accepting)).toMatchObject({ outcome: "applied", commit: rewritten });
  });

  test("the API server restarts, and what happens then is seen", async () => {
    const repository = await makeRepository();
    const running = await follow(repository);
    await firstPass(running);
    await running.event("pass-finished", { from: running.events.length - 1 });
    const from = running.events.length;
    await cluster().restart("kube-apiserver");
    await edit(policyPath("a"), openIngress);
    await waitUntil("a is mended", async () => isClosed("a"));
    await running.event("drift", { from });
    await edit(quotaPath("b"), { spec: { hard: { "requests.cpu": "9999" } } });
    await running.event("drift", { from, where: ({ unit }) => unit === "b" });
  });

  test("SIGTERM ends it cleanly, in the middle of a pass too: the lock is free and the next run goes on", async () => {
    const repository = await makeRepository({ e: 30 });
    const running = await follow(repository);
    await running.event("object");
    running.signal("SIGTERM");
    expect(await running.ended()).toBe(0);
    expect(running.events.at(-1)).toMatchObject({ type: "reconcile-stopped", reason: "signal" });
    const lease = await read<{ spec: { holderIdentity?: string } }>(
      "/apis/coordination.k8s.io/v1/namespaces/paas-system/leases/woow",
    );
    expect(lease.spec.holderIdentity ?? "").toBe("");
    const next = await follow(repository, "--once");
    expect(await next.ended()).toBe(0);
    await read(chartPath("paas-ws-e-web-30"));
  });

  test("--once says by its exit status how it went", async () => {
    const repository = await makeRepository({ e: 30 });
    await (await follow(repository, "--once")).ended();
    const idle = await follow(repository, "--once");
    expect(await idle.ended()).toBe(0);
    expect(await firstPass(idle)).toMatchObject({ outcome: "unchanged" });
    repository.write("platform.yaml", (text) => `${text}nonsense: true\n`);
    repository.commit();
    const broken = await follow(repository, "--once");
    expect(await broken.ended()).toBe(1);
    const lost = await follow(repository, "--once", "--branch", "nowhere");
    expect(await lost.ended()).toBe(1);
  });
});

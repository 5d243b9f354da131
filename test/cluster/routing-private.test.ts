import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { operatorRules } from "../../src/constructs/operator-role.ts";
import { runWoow, type Ran } from "../support/woow.ts";
import { writesOf } from "./faults/audit-writes.ts";
import { traefikServiceObject } from "./k3s-objects.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "api" });

const servicePath = "/api/v1/namespaces/kube-system/services/traefik";
const configPath = "/apis/helm.cattle.io/v1/namespaces/kube-system/helmchartconfigs/traefik";
const apply = ["apply", "--yes", "--wait=false"];

let dir = "";
let keys: Readonly<Record<string, string>> = {};

beforeEach(async (context) => {
  const found = await clusterOrSkip();
  if ("skip" in found) context.skip(found.skip);
  dir = await mkdtemp(join(tmpdir(), "woow-private-"));
  ({ env: keys } = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 2, b: 1 } }));
  await append("workspaces/a/web-02.yaml", "is_private_network: true\n");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function append(name: string, text: string): Promise<void> {
  const path = join(dir, name);
  await writeFile(path, (await readFile(path, "utf8")) + text);
}

async function woow(args: readonly string[], kubeconfig = cluster().kubeconfigPath): Promise<Ran> {
  return runWoow(args, { cwd: dir, env: { ...keys, KUBECONFIG: kubeconfig } });
}

/** Traefik's Service as it is to be; undefined: it is not there. */
async function setTraefik(policy: "Local" | "Cluster" | undefined): Promise<void> {
  await cluster().request({ method: "DELETE", path: servicePath });
  if (policy === undefined) return;
  const { collection, object } = traefikServiceObject(policy);
  await mustRequest(cluster(), { method: "POST", path: collection, body: object });
}

async function isThere(path: string): Promise<boolean> {
  return (await cluster().request({ method: "GET", path })).status === 200;
}

const ingressOf = (workspace: string, id: string) =>
  `/apis/networking.k8s.io/v1/namespaces/paas-ws-${workspace}/ingresses/paas-ws-${workspace}-${id}`;
const chartOf = (workspace: string, id: string) =>
  `/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts/paas-ws-${workspace}-${id}`;

/** Runs a command that must be refused, and gives what it says; nothing may have been written. */
async function refusedRun(args: readonly string[], kubeconfig?: string): Promise<string> {
  const mark = await cluster().auditMark();
  const ran = await woow(args, kubeconfig);
  expect(ran.status, ran.stdout + ran.stderr).toBe(3);
  expect(writesOf(await cluster().auditSince(mark))).toEqual([]);
  return ran.stdout + ran.stderr;
}

test("a private service is refused before any write while Traefik's Service has another policy, is not there, or cannot be read", async () => {
  await setTraefik("Cluster");
  for (const command of [apply, ["plan"]]) {
    const said = await refusedRun(command);
    expect(said).toContain("a/web-02 is private");
    expect(said).toContain("externalTrafficPolicy Cluster");
    expect(said).toContain("traefik: { manage: true }");
  }

  await setTraefik(undefined);
  expect(await refusedRun(apply)).toContain("there is no Service kube-system/traefik");

  await setTraefik("Local");
  const account = { namespace: "default", name: "without-services" };
  const rules = operatorRules.map((rule) => ({
    ...rule,
    resources: rule.resources?.filter((resource) => resource !== "services"),
  }));
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: account.name };
  const post = async (path: string, body: object) => mustRequest(cluster(), { method: "POST", path, body });
  await post(`/api/v1/namespaces/${account.namespace}/serviceaccounts`, { metadata: account });
  await post("/apis/rbac.authorization.k8s.io/v1/clusterroles", { metadata: { name: account.name }, rules });
  await post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: account.name },
    roleRef: role,
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  const said = await refusedRun(apply, await cluster().kubeconfigForServiceAccount(account));
  expect(said).toContain("the Service kube-system/traefik cannot be read");
});

test("what is not private goes on without a look at Traefik; doctor tells of it", async () => {
  await setTraefik("Cluster");
  const mark = await cluster().auditMark();
  const ran = await woow([...apply, "-s", "a/web-01", "-s", "b/web-01"]);
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  const asked = (await cluster().auditSince(mark)).filter(({ uri }) => uri.startsWith(servicePath));
  expect(asked).toEqual([]);
  expect(await isThere(ingressOf("a", "web-01"))).toBe(true);
  expect(await isThere(ingressOf("a", "web-02"))).toBe(false);
  const { stdout } = await woow(["doctor"]);
  expect(stdout).toMatch(/client-addresses.*apply refuses private services.*externalTrafficPolicy Cluster/);
});

test("reconcile leaves the workspace of such a service as it is, says why, and goes on with the others", async () => {
  await setTraefik("Cluster");
  const path = join(dir, "workspaces/b/web-01.yaml");
  await writeFile(path, (await readFile(path, "utf8")).replace("subdomain: b-web-01", "subdomain: b-moved"));
  const mark = await cluster().auditMark();
  const ran = await woow(["reconcile", "--once", "--json", "-C", dir]);
  expect(ran.status, ran.stdout + ran.stderr).not.toBe(0);
  expect(ran.stdout).toContain('"client-addresses"');
  const writes = writesOf(await cluster().auditSince(mark));
  expect(writes.filter((write) => write.includes("paas-ws-a"))).toEqual([]);
  const moved = await mustRequest<{ spec: object }>(cluster(), {
    method: "GET",
    path: ingressOf("b", "web-01"),
  });
  expect(JSON.stringify(moved.spec)).toContain("b-moved.apps.example.com");
  expect(await isThere(ingressOf("a", "web-02"))).toBe(false);
});

test("with Local a private service is applied for one read more; a policy that changes later is told, and stops its next change", async () => {
  await setTraefik("Local");
  const ran = await woow(apply);
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  expect(await isThere(ingressOf("a", "web-02"))).toBe(true);
  const mark = await cluster().auditMark();
  expect(await woow(apply)).toMatchObject({ status: 0 });
  const events = await cluster().auditSince(mark);
  expect(writesOf(events)).toEqual([]);
  expect(events.filter(({ uri }) => uri.startsWith(servicePath))).toHaveLength(1);

  await setTraefik("Cluster");
  const still = await woow(apply);
  expect(still, still.stdout + still.stderr).toMatchObject({ status: 0 });
  expect(still.stdout + still.stderr).toMatch(
    /note: a\/web-02: it is private, and .* externalTrafficPolicy Cluster/,
  );
  const path = join(dir, "workspaces/a/web-02.yaml");
  await writeFile(path, (await readFile(path, "utf8")).replace("message: hello", "message: changed"));
  expect(await refusedRun(apply)).toContain("a/web-02 is private");
  // on its way out it needs no allow-list
  const gone = await woow(["destroy", "a/web-02", "--keep-data", "--yes"]);
  expect(gone, gone.stdout + gone.stderr).toMatchObject({ status: 0 });
});

/** A private service that nobody applied yet. */
async function addPrivateService(workspace: string, id: string): Promise<void> {
  const text = await readFile(join(dir, "workspaces/b/web-01.yaml"), "utf8");
  const own = text.replace("subdomain: b-web-01", `subdomain: ${workspace}-${id}`);
  await writeFile(join(dir, `workspaces/${workspace}/${id}.yaml`), `${own}is_private_network: true\n`);
}

test("with traefik.manage the platform unit comes first, and a private service waits until Traefik is rolled out", async () => {
  await setTraefik("Cluster");
  await append("platform.yaml", "traefik: { manage: true }\n");
  await addPrivateService("b", "web-02");
  await writeFile(
    join(dir, "workspaces/a/web-03.yaml"),
    (await readFile(join(dir, "workspaces/a/web-01.yaml"), "utf8")).replace("a-web-01", "a-web-03"),
  );
  const services = ["-s", "b/web-02", "-s", "a/web-03"];
  const plan = await woow(["plan", ...services]);
  expect(plan.status, plan.stdout + plan.stderr).toBe(0);
  expect(plan.stdout).toContain("b/web-02 is private and waits until Traefik is rolled out");
  const running = woow([...apply, ...services]);
  await waitUntil("Traefik's settings are written", () => isThere(configPath));
  await waitUntil("what is not private is applied", () => isThere(ingressOf("a", "web-03")));
  const mark = await cluster().auditMark();
  // what K3s' helm-controller would do
  const before = await mustRequest<{ spec: object }>(cluster(), { method: "GET", path: servicePath });
  expect(before.spec).toMatchObject({ externalTrafficPolicy: "Cluster" });
  expect(await isThere(chartOf("b", "web-02"))).toBe(false);
  expect(await isThere(ingressOf("b", "web-02"))).toBe(false);
  await mustRequest(cluster(), {
    method: "PATCH",
    path: servicePath,
    contentType: "application/merge-patch+json",
    body: { spec: { externalTrafficPolicy: "Local" } },
  });
  const ran = await running;
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  expect(await isThere(ingressOf("b", "web-02"))).toBe(true);
  const events = await cluster().auditSince(mark);
  const switched = events.findIndex(({ verb, uri }) => verb === "patch" && uri === servicePath);
  const isOfPrivate = (write: string) => write.includes("b-web-02");
  expect(switched).toBeGreaterThanOrEqual(0);
  expect(writesOf(events.slice(0, switched)).filter(isOfPrivate)).toEqual([]);
  expect(writesOf(events.slice(switched)).filter(isOfPrivate)).not.toEqual([]);
});

test("with traefik.manage and a Traefik that is never rolled out, the private service is not applied and says why", async () => {
  await setTraefik("Cluster");
  await append("platform.yaml", "traefik: { manage: true }\n");
  await addPrivateService("b", "web-03");
  const ran = await woow(["apply", "--yes", "--timeout", "2", "-s", "b/web-03"]);
  expect(ran.status, ran.stdout + ran.stderr).toBe(4);
  expect(ran.stdout + ran.stderr).toMatch(/b\/web-03.*nothing of it was written: after 2 s .*Cluster/);
  expect(await isThere(chartOf("b", "web-03"))).toBe(false);
  expect(await isThere(ingressOf("b", "web-03"))).toBe(false);
});

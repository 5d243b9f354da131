import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-strangers-"));
  platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 2, b: 3 },
    databases: ["a"],
  });
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath, WOOW_LOCK_TERM: "2" };
  return runWoow(args, { cwd: platform.dir, env });
}

type Method = "GET" | "POST" | "DELETE" | "PATCH";

async function send(method: Method, path: string, body?: object): Promise<Record<string, unknown>> {
  const patch = method === "PATCH" ? { contentType: "application/merge-patch+json" } : {};
  const answer = await cluster().request({ method, path, ...(body === undefined ? {} : { body }), ...patch });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.body as Record<string, unknown>;
}

const secrets = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
const isThere = async (path: string) => (await cluster().request({ method: "GET", path })).status === 200;

async function putSecret(namespace: string, name: string, labels: object): Promise<void> {
  await send("POST", secrets(namespace), { apiVersion: "v1", kind: "Secret", metadata: { name, labels } });
}

async function changeText(unit: string, to: string): Promise<void> {
  const path = join(platform.dir, "workspaces", `${unit}.yaml`);
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/message: .*/, `message: ${to}`));
}

const apply = async (...args: string[]) => woow("apply", "--yes", "--wait=false", ...args);

test("a plan that was saved of an empty cluster is applied as it was shown", async () => {
  expect(await woow("plan", "--out", "first.json")).toMatchObject({ status: 0 });
  const done = await woow("apply", "first.json", "--wait=false");
  expect([done.stderr, done.status]).toEqual(["", 0]);
  expect((await woow("plan", "--detailed-exitcode")).status).toBe(0);
});

describe("objects that only say they are ours", () => {
  test("copies of a values Secret, labels and all, stay where they are", async () => {
    const path = `${secrets("paas-charts")}/paas-ws-a-db-01-values`;
    const { metadata, data } = (await send("GET", path)) as {
      metadata: { labels: object };
      data: object;
    };
    const copies = ["default", "kube-system", "paas-ws-b"];
    for (const namespace of copies) {
      const body = { metadata: { name: "copy", labels: metadata.labels }, data };
      await send("POST", secrets(namespace), { apiVersion: "v1", kind: "Secret", ...body });
    }
    await changeText("a/web-01", "one");
    const done = await apply();
    expect(done.status).toBe(0);
    expect(done.stdout).not.toContain("copy");
    expect((await woow("plan")).stdout).toContain("Secret default/copy");
    for (const namespace of copies) {
      expect(await isThere(`${secrets(namespace)}/copy`)).toBe(true);
      await send("DELETE", `${secrets(namespace)}/copy`);
    }
  });

  test("units that only labels name are none: nobody is refused, nothing is counted", async () => {
    const names = ["ghost", "b.ghost-1", "b.ghost-2", "b.ghost-3", "kube-system", "A_b", "a.b.c"];
    for (const [index, unit] of names.entries()) {
      await putSecret("paas-ws-a", `ghost-${index}`, {
        "paas.woowtech.com/platform": "test-platform",
        "paas.woowtech.com/unit": unit,
      });
    }
    await changeText("b/web-01", "two");
    const done = await apply();
    expect([done.status, done.stderr]).toEqual([0, ""]);
    expect(done.stdout).not.toContain("ghost");
    const { stdout } = await woow("plan", "--json");
    expect((JSON.parse(stdout) as { notes: string[] }).notes.join()).toContain("paas-ws-a/ghost-0");
    for (const index of names.keys()) await send("DELETE", `${secrets("paas-ws-a")}/ghost-${index}`);
  });

  test("what opens a tenant goes, whatever marks of Helm it carries", async () => {
    const group = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/networkpolicies";
    const metadata = {
      name: "hole",
      labels: { "app.kubernetes.io/managed-by": "Helm" },
      annotations: { "meta.helm.sh/release-name": "paas-ws-a-web-01" },
    };
    const spec = { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] };
    await send("POST", group, { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec });
    const plan = await woow("plan", "--objects", "--detailed-exitcode");
    expect([plan.status, plan.stdout]).toEqual([
      2,
      expect.stringContaining("- NetworkPolicy paas-ws-a/hole (added by hand)"),
    ]);
    expect((await apply()).status).toBe(0);
    expect(await isThere(`${group}/hole`)).toBe(false);
  });
});

describe("a saved plan that somebody edited", () => {
  test("removes nothing that it does not show", async () => {
    await changeText("a/web-01", "three");
    expect(await woow("plan", "--out", "plan.json")).toMatchObject({ status: 0 });
    const path = join(platform.dir, "plan.json");
    const file = JSON.parse(await readFile(path, "utf8")) as {
      decisions: { removeUnits: string[] };
      units: { unit: string; intent: string; objects: Record<string, { desired?: string }> }[];
      plan: { units: { unit: string; changes: unknown[] }[] };
    };
    const goes = structuredClone(file);
    goes.decisions.removeUnits = ["a/web-01"];
    for (const unit of goes.units.filter(({ unit: name }) => name === "a/web-01")) {
      unit.intent = "remove";
      for (const object of Object.values(unit.objects)) delete object.desired;
    }
    await writeFile(path, JSON.stringify(goes));
    const refused = await woow("apply", "plan.json", "--wait=false");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("decisions.removeUnits")]);
    const quiet = structuredClone(file);
    for (const unit of quiet.plan.units) unit.changes = [];
    await writeFile(path, JSON.stringify(quiet));
    const stale = await woow("apply", "plan.json", "--wait=false");
    expect([stale.status, stale.stderr]).toEqual([
      3,
      expect.stringContaining("what is shown of Secret paas-charts/paas-ws-a-web-01-values"),
    ]);
    await writeFile(path, JSON.stringify(file));
    expect(await woow("apply", "plan.json", "--wait=false")).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("an inventory that somebody edited", () => {
  const path = "/api/v1/namespaces/paas-system/configmaps/woow-inventory-a";
  const key = "inventory.json";

  test.each([["v1/Nonsense"], ["v1/constructor"], ["apps/v1/Secret"]])(
    "with %s in it stops everything with a sentence",
    async (type) => {
      const { data } = (await send("GET", path)) as { data: Record<string, string> };
      const text = data[key] ?? "";
      const inventory = JSON.parse(text) as { units: { objects: Record<string, string[]> }[] };
      for (const unit of inventory.units) unit.objects[type] = ["x/y"];
      await send("PATCH", path, { data: { [key]: JSON.stringify(inventory) } });
      for (const args of [["plan"], ["apply", "--yes"], ["status"]]) {
        const { status, stderr } = await woow(...args);
        expect([args[0], status]).toEqual([args[0], 1]);
        expect(stderr).toContain("cannot be read");
        expect(stderr).not.toContain("    at ");
      }
      await send("PATCH", path, { data: { [key]: text } });
    },
  );
});

describe("one tenant's trouble", () => {
  test("a service that is gone from git is removed alone, by name", async () => {
    const file = join(platform.dir, "workspaces/b/web-03.yaml");
    await rm(file);
    await changeText("a/web-01", "four");
    const done = await apply("-s", "b/web-03");
    expect([done.status, done.stderr]).toEqual([0, ""]);
    expect(done.stdout).toContain("b/web-03: HelmChart paas-charts/paas-ws-b-web-03 pruned");
    expect(done.stdout).not.toContain("a/web-01");
    const again = await apply("-s", "b/web-03");
    expect([again.status, again.stderr]).toEqual([
      1,
      expect.stringContaining("there is no service b/web-03"),
    ]);
  });

  test("a unit on hold that is named ends with 3, or 4 beside what was done", async () => {
    expect((await woow("suspend", "a/web-01", "--reason", "made up")).status).toBe(0);
    expect((await apply("-s", "a/web-01")).status).toBe(3);
    await changeText("b/web-02", "five");
    expect((await apply("-s", "a/web-01", "-s", "b/web-02")).status).toBe(4);
    expect((await apply()).status).toBe(0);
    expect((await woow("resume", "a/web-01")).status).toBe(0);
    expect((await apply()).status).toBe(0);
  });

  test("a namespace that is being deleted stops its own tenant, and says so once", async () => {
    const path = "/api/v1/namespaces/paas-ws-a";
    await send("PATCH", path, { metadata: { finalizers: ["made.up/hold"] } });
    await send("DELETE", path);
    await changeText("b/web-01", "six");
    const plan = await woow("plan", "--detailed-exitcode");
    expect(plan.status).toBe(2);
    expect(plan.stdout.split("is being deleted").length).toBe(2);
    const done = await apply();
    expect(done.status).toBe(4);
    const output = done.stdout + done.stderr;
    expect(output).toContain("b/web-01: applied");
    expect(output.split("the namespace paas-ws-a is being deleted").length).toBe(2);
    expect((await apply()).status).toBe(3);
    expect((await apply("-w", "b")).status).toBe(0);
  });
});

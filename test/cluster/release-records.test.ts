import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ran } from "../support/woow.ts";
import { runWoow } from "../support/woow.ts";
import type { ApiAnswer } from "./api-client.ts";
import { decodeRelease, encodeRelease } from "./helm-release.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform, type TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

/** What a Helm release remembers, as far as it is forged here. */
interface Record {
  manifest: string;
  hooks?: object[];
  version: number;
}

interface RecordSecret {
  readonly metadata: { readonly name: string; readonly labels: { readonly version: string } };
  readonly data: { readonly release: string };
}

const tenantUser = "paas:alice";
const cluster = useCluster({ users: [{ name: tenantUser }] });
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const admission = "/apis/admissionregistration.k8s.io/v1";
const secrets = "/api/v1/namespaces/paas-ws-a/secrets";
const release = "paas-ws-a-web-01";
const refusal = "woow-release-records";
const mergePatch = "application/merge-patch+json";
const everyRight = {
  metadata: { name: "strong" },
  rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
};

let dir = "";
let platform: TestPlatform;
let account = "";
let ownJob = "";
let otherJob = "";

const woow = async (...args: string[]): Promise<Ran> =>
  runWoow(args, { cwd: dir, env: { ...platform.env, KUBECONFIG: cluster().kubeconfigPath } });
const post = async <T>(path: string, body: object): Promise<T> =>
  mustRequest<T>(cluster(), { method: "POST", path, body });
const tokenOf = async (namespace: string, name: string): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
  return (await post<{ status: { token: string } }>(path, body)).status.token;
};

/** What a chart may give its own account; plan takes a Role that nobody's release made for a stranger's and removes it. */
async function grant(): Promise<void> {
  const subjects = [
    { kind: "ServiceAccount", name: "app", namespace: "paas-ws-a" },
    { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: tenantUser },
  ];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "strong" };
  for (const [plural, body] of [
    ["roles", everyRight],
    ["rolebindings", { metadata: { name: "strong" }, roleRef, subjects }],
  ] as const) {
    await cluster().request({ method: "POST", path: `${rbac}/namespaces/paas-ws-a/${plural}`, body });
  }
  await waitUntil("the tenant's rights", async () => {
    const answer = await cluster().request({ method: "GET", path: secrets, token: account });
    return answer.status === 200;
  });
}

async function newestRecord(): Promise<RecordSecret> {
  const labels = encodeURIComponent(`owner=helm,name=${release}`);
  const { items } = await mustRequest<{ items: RecordSecret[] }>(cluster(), {
    method: "GET",
    path: `${secrets}?labelSelector=${labels}`,
  });
  const newest = items.toSorted(
    (a, b) => Number(b.metadata.labels.version) - Number(a.metadata.labels.version),
  )[0];
  if (newest === undefined) throw new Error(`${release} has no record`);
  return newest;
}

async function change(message: string): Promise<void> {
  const path = join(dir, "workspaces/a/web-01.yaml");
  await writeFile(path, (await readFile(path, "utf8")).replace(/message: .*/, `message: ${message}`));
}

async function bindings(): Promise<readonly string[]> {
  const { items } = await mustRequest<{ items: { metadata: { name: string } }[] }>(cluster(), {
    method: "GET",
    path: `${admission}/validatingadmissionpolicybindings`,
  });
  return items.map(({ metadata }) => metadata.name);
}

/** The record, as if the release had made every binding: Helm deletes what the next manifest lacks. */
function forge(secret: RecordSecret, names: readonly string[]): string {
  const record = decodeRelease(secret.data.release) as unknown as Record;
  const objects = names.map(
    (name) =>
      `apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: { name: ${name} }\n`,
  );
  record.manifest = `---\n${objects.join("---\n")}${record.manifest}`;
  return encodeRelease(record as never);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "woow-records-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 2 } });
  const applied = await woow("apply", "--yes");
  expect([applied.stderr, applied.status]).toEqual([expect.any(String), 0]);
  await post("/api/v1/namespaces/paas-ws-a/serviceaccounts", { metadata: { name: "app" } });
  account = await tokenOf("paas-ws-a", "app");
  ownJob = await tokenOf("paas-charts", `helm-${release}`);
  otherJob = await tokenOf("paas-charts", "helm-paas-ws-a-web-02");
  await grant();
}, 300_000);

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("the records of a Helm release, which say what the chart job deletes and runs", () => {
  test("are changed, made or taken away by nobody of the tenant, nor by another release's job", async () => {
    const newest = await newestRecord();
    const path = `${secrets}/${newest.metadata.name}`;
    const forged = { data: { release: forge(newest, await bindings()) } };
    const named = { name: `sh.helm.release.v1.${release}.v99` };
    const labels = { owner: "helm", name: release, version: "99", status: "deployed" };
    const requests = [
      { method: "PATCH", path, contentType: mergePatch, body: forged },
      { method: "DELETE", path },
      { method: "POST", path: secrets, body: { metadata: named, type: "helm.sh/release.v1" } },
      // Helm looks for labels, not for names
      { method: "POST", path: secrets, body: { metadata: { name: "harmless", labels } } },
      { method: "POST", path: secrets, body: { metadata: { generateName: "sh.helm.release.v1.x" } } },
    ];
    const who: readonly [string, object][] = [
      ["account", { token: account }],
      ["user", { user: tenantUser }],
      ["another release's job", { token: otherJob }],
    ];
    for (const [name, credentials] of who) {
      for (const request of requests) {
        const answer: ApiAnswer = await cluster().request({ ...request, ...credentials });
        const said = (answer.body as { message?: string } | null)?.message ?? "";
        expect([answer.status, said], `${name}: ${request.method} ${request.path}`).toEqual([
          403,
          expect.stringContaining(refusal),
        ]);
      }
    }
    const ordinary = { metadata: { name: "ordinary" }, stringData: { key: "made-up" } };
    const answer = await cluster().request({ method: "POST", path: secrets, body: ordinary, token: account });
    expect(answer.status).toBe(201);
  });

  test("are its own job's: an upgrade, a rollback, and old ones that Helm prunes", async () => {
    await change("upgraded");
    for (const command of [
      ["apply", "--yes", "-s", "a/web-01"],
      ["rollback", "a/web-01", "1", "--yes"],
    ]) {
      const ran = await woow(...command);
      expect([ran.stdout + ran.stderr, ran.status]).toEqual([expect.any(String), 0]);
    }
    expect((await woow("resume", "a/web-01")).status).toBe(0);
    const { metadata } = await newestRecord();
    expect(metadata.labels.version).toBe("3");
    const pruned = await cluster().request({
      method: "DELETE",
      path: `${secrets}/sh.helm.release.v1.${release}.v1?dryRun=All`,
      token: ownJob,
    });
    expect(pruned.status).toBe(200);
  });

  test("without the policy a forged one takes every wall away, and apply says so", async () => {
    await grant();
    await mustRequest(cluster(), {
      method: "DELETE",
      path: `${admission}/validatingadmissionpolicybindings/${refusal}`,
    });
    const newest = await newestRecord();
    const body = { data: { release: forge(newest, await bindings()) } };
    const path = `${secrets}/${newest.metadata.name}`;
    await waitUntil("the policy is out of force", async () => {
      const answer = await cluster().request({
        method: "PATCH",
        path,
        contentType: mergePatch,
        body,
        token: account,
      });
      return answer.status === 200;
    });
    await change("forged");
    const ran = await woow("apply", "--yes", "-s", "a/web-01");
    // what was missing was put back before; the chart job took the rest
    expect(await bindings()).toEqual([refusal]);
    expect([ran.stderr, ran.status]).toEqual([
      expect.stringContaining("ValidatingAdmissionPolicyBinding woow-chart-jobs is gone"),
      4,
    ]);
    const repaired = await woow("apply", "--yes");
    expect([repaired.stderr, repaired.status]).toEqual(["", 0]);
    expect(await bindings()).toContain(refusal);
  });

  test("let the release be removed", async () => {
    await rm(join(dir, "workspaces/a/web-01.yaml"));
    const ran = await woow("apply", "--yes");
    expect([ran.stdout + ran.stderr, ran.status]).toEqual([expect.any(String), 0]);
  });
});

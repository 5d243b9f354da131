import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { roles } from "../../src/model/workspace.ts";
import { runWoow } from "../support/woow.ts";
import type { ApiRequest } from "./api-client.ts";
import { attemptsInTenant, attemptsOnPlatform } from "./member-attempts.ts";
import type { Attempt } from "./member-attempts.ts";
import { mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const memberOf = (role: string) => `paas:${role}@a.example`;
const cluster = useCluster({
  components: "api",
  audit: false,
  users: roles.map((role) => ({ name: memberOf(role) })),
});
let platform: TestPlatform;
let accountToken: string;

const own = "paas-ws-a";
const other = "paas-ws-b";
const account = `system:serviceaccount:${own}:default`;
/** Stands in the Secrets: whoever sees it has read one. */
const canary = "made-up-password-1";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-attempts-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 0, b: 0 } });
  const members = roles.map((role) => `  - { user: ${role}@a.example, role: ${role} }\n`).join("");
  await writeFile(join(dir, "workspaces/a/workspace.yaml"), `kind: Workspace\nname: a\nmembers:\n${members}`);
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  const applied = await runWoow(["apply", "--yes"], { cwd: dir, env });
  expect([applied.stderr, applied.status]).toEqual(["", 0]);
  await Promise.all([own, other].map(fillTenant));
  await fillCharts();
  const { status } = await post<{ status: { token: string } }>(
    `/api/v1/namespaces/${own}/serviceaccounts/default/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
  );
  accountToken = status.token;
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

describe.each(roles)("as %s, with a token of one's own,", (role) => {
  const user = memberOf(role);

  test("one looks at one's own workspace and not at another one's", async () => {
    const look = async (path: string) => (await cluster().request({ method: "GET", path, user })).status;
    for (const what of [
      "pods",
      "pods/app",
      "services",
      "events",
      "resourcequotas",
      "persistentvolumeclaims",
    ]) {
      expect([what, await look(`/api/v1/namespaces/${own}/${what}`)]).toEqual([what, 200]);
      expect([what, await look(`/api/v1/namespaces/${other}/${what}`)]).toEqual([what, 403]);
    }
    expect(await look(`/api/v1/namespaces/${other}/pods/app/log`)).toBe(403);
  });

  test("every way out of the own workspace's walls is refused", async () => {
    await expectRefused(attemptsInTenant({ namespace: own, user }), { user, name: user });
  });

  test("every way into another tenant's is refused", async () => {
    await expectRefused(attemptsInTenant({ namespace: other, user }), { user, name: user });
  });

  test("every way to the platform is refused", async () => {
    await expectRefused(attemptsOnPlatform(user), { user, name: user });
  });
});

test("with the token of a tenant's default ServiceAccount all of it is refused, and looking too", async () => {
  const token = accountToken;
  const tried = [
    ...attemptsInTenant({ namespace: own, user: account }),
    ...attemptsInTenant({ namespace: other, user: account }),
    ...attemptsOnPlatform(account),
  ];
  await expectRefused(tried, { token, name: account });
  const look = async (path: string) => (await cluster().request({ method: "GET", path, token })).status;
  for (const what of ["pods", "services", "events", "configmaps"]) {
    expect([what, await look(`/api/v1/namespaces/${own}/${what}`)]).toEqual([what, 403]);
  }
  expect(await look("/apis")).toBe(200);
});

test("an administrator's same requests fail for no want of rights", async () => {
  const all = [...attemptsInTenant({ namespace: own, user: account }), ...attemptsOnPlatform(account)];
  const lacking: unknown[] = [];
  for (const { what, request, asAdmin } of all) {
    const { status, body } = await cluster().request(request);
    const isFine = asAdmin === "done" ? status < 300 : !lacksRightsOrPlace.test(JSON.stringify(body));
    if (!isFine) lacking.push({ what, status, body });
  }
  expect(lacking).toEqual([]);
});

/** What authorization says, and what a path says that leads nowhere. */
const lacksRightsOrPlace = / cannot |Unauthorized|could not find the requested resource|MethodNotAllowed/;

/** Each attempt must end in the 403 of authorization, with the name it was refused to and nothing of a Secret. */
async function expectRefused(
  attempts: readonly Attempt[],
  { name, ...who }: Pick<ApiRequest, "user" | "token"> & { readonly name: string },
): Promise<void> {
  const answers = await Promise.all(
    attempts.map(async ({ what, request }) => {
      const { status, body } = await cluster().request({ ...request, ...who });
      const text = JSON.stringify(body);
      expect(text).not.toContain(canary);
      expect(text).not.toContain(Buffer.from(canary).toString("base64"));
      return [what, status, text.includes(`User \\"${name}\\" cannot `)];
    }),
  );
  expect(answers).toEqual(attempts.map(({ what }) => [what, 403, true]));
}

async function post<T>(path: string, body: object): Promise<T> {
  return mustRequest<T>(cluster(), { method: "POST", path, body });
}

const secret = (name: string) => ({
  metadata: { name },
  data: { password: Buffer.from(canary).toString("base64") },
});

/** What the attempts are made on; controllers would make the ServiceAccount. */
async function fillTenant(namespace: string): Promise<void> {
  const base = `/api/v1/namespaces/${namespace}`;
  await post(`${base}/serviceaccounts`, { metadata: { name: "default" } });
  await post(`${base}/secrets`, secret("app"));
  await post(`${base}/services`, {
    metadata: { name: "app" },
    spec: { selector: { app: "app" }, ports: [{ port: 80 }] },
  });
  await post(`${base}/pods`, {
    metadata: { name: "app", labels: { app: "app" } },
    spec: { containers: [{ name: "app", image: "registry.example.com/web:1" }] },
  });
}

async function fillCharts(): Promise<void> {
  const base = "/api/v1/namespaces/paas-charts";
  await post(`${base}/serviceaccounts`, { metadata: { name: "app" } });
  await post(`${base}/secrets`, secret("app"));
  await post("/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts", {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name: "app" },
    spec: { chart: "web" },
  });
}

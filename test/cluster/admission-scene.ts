import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import type { ApiAnswer } from "./api-client.ts";
import { createNamespace, mustRequest } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { waitUntil } from "./wait-until.ts";

/** Who tries: the chart job of a/web-01, a ServiceAccount of a with every right there, a user of a with the same. */
export type Who = "chart job" | "service account" | "user" | "admin";

/** Whom the rules that are not about hosts bind. */
export const bound: readonly Who[] = ["chart job", "service account", "user"];
export const everybody: readonly Who[] = [...bound, "admin"];

/** The name a test cluster must know as a user: `startTestCluster({ users: [{ name: tenantUser }] })`. */
export const tenantUser = "paas:alice";

/** A request, in words. */
export interface Attempt {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** True: exec, proxy and their like, which know no dry run. */
  readonly isConnect?: boolean;
}

/** A platform with tenants a, b and c whose policies are in force, and everybody who may try something. */
export interface AdmissionScene {
  readonly dir: string;
  woow(...args: string[]): Promise<Ran>;
  /** In a dry run; the answer's status and what it says. */
  attempt(who: Who, attempt: Attempt): Promise<{ readonly status: number; readonly message: string }>;
  /** With the token of a chart job's ServiceAccount, for real. */
  asChartJob(release: string, request: Omit<Attempt, "title">): Promise<ApiAnswer>;
  remove(): Promise<void>;
}

/** On a Service without pods, and so on the endpoints that controllers make for it. */
export const madeByControllers = { app: "made-by-controllers" };

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const clusterAdmin = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };

/** Applies the platform and gives everybody the strongest rights they could come by. */
export async function makeAdmissionScene(cluster: TestCluster): Promise<AdmissionScene> {
  const dir = await mkdtemp(join(tmpdir(), "woow-admission-"));
  const platform = await writeTestPlatform({
    dir,
    cluster,
    workspaces: { a: 1, b: 1, c: 1 },
    more: "records: cluster\n",
  });
  const template = await readFile(join(dir, "catalog/web.yaml"), "utf8");
  await writeFile(join(dir, "catalog/operator.yaml"), `${template}cluster_scoped_kinds: [ClusterRole]\n`);
  const service = await readFile(join(dir, "workspaces/a/web-01.yaml"), "utf8");
  await writeFile(
    join(dir, "workspaces/a/op-01.yaml"),
    service.replace("template_id: web", "template_id: operator").replace(/subdomain: .*\n/, ""),
  );
  const env = { ...platform.env, KUBECONFIG: cluster.kubeconfigPath };
  const woow = async (...args: string[]) => runWoow(args, { cwd: dir, env });
  const applied = await woow("apply", "--yes", "--wait=false");
  if (applied.status !== 0) throw new Error(applied.stdout + applied.stderr);

  const post = async (path: string, body: object) => mustRequest(cluster, { method: "POST", path, body });
  const accountOf = async (namespace: string, name: string) => {
    await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
    const { status } = await mustRequest<{ status: { token: string } }>(cluster, {
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
    });
    return status.token;
  };
  const jobs = new Map<string, string>();
  for (const release of ["paas-ws-a-web-01", "paas-ws-a-op-01"]) {
    jobs.set(release, await accountOf("paas-charts", `helm-${release}`));
    // as K3s' helm-controller does
    await post(`${rbac}/clusterrolebindings`, {
      metadata: { name: `helm-paas-charts-${release}` },
      roleRef: clusterAdmin,
      subjects: [{ kind: "ServiceAccount", namespace: "paas-charts", name: `helm-${release}` }],
    });
  }
  const account = await accountOf("paas-ws-a", "app");
  const asChartJob = async (release: string, request: Omit<Attempt, "title">) =>
    cluster.request({ ...request, token: jobs.get(release) ?? "" });
  const role = {
    metadata: { name: "strong" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  };
  const made = [
    await asChartJob("paas-ws-a-web-01", {
      method: "POST",
      path: `${rbac}/namespaces/paas-ws-a/roles`,
      body: role,
    }),
    await asChartJob("paas-ws-a-web-01", {
      method: "POST",
      path: `${rbac}/namespaces/paas-ws-a/rolebindings`,
      body: {
        metadata: { name: "strong" },
        roleRef: { ...clusterAdmin, kind: "Role", name: "strong" },
        subjects: [{ kind: "ServiceAccount", name: "app", namespace: "paas-ws-a" }],
      },
    }),
  ];
  if (made.some(({ status }) => status !== 201)) throw new Error(JSON.stringify(made));
  await post(`${rbac}/namespaces/paas-ws-a/rolebindings`, {
    metadata: { name: "strong-user" },
    roleRef: { ...clusterAdmin, kind: "Role", name: "strong" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: tenantUser }],
  });
  // what an operator's mistake would give
  await post(`${rbac}/namespaces/paas-ws-b/rolebindings`, {
    metadata: { name: "mistake" },
    roleRef: clusterAdmin,
    subjects: [{ kind: "ServiceAccount", name: "app", namespace: "paas-ws-a" }],
  });
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: "mistake" },
    roleRef: clusterAdmin,
    subjects: [
      { kind: "ServiceAccount", name: "app", namespace: "paas-ws-a" },
      { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: tenantUser },
    ],
  });
  await post("/api/v1/namespaces/paas-ws-a/services", {
    metadata: { name: "made-by-controllers", labels: madeByControllers },
    spec: { selector: { app: "nothing" }, ports: [{ port: 80 }] },
  });
  for (const name of ["paas-ws", "paas-ws-a-web"]) await createNamespace(cluster, name);

  const credentials: Readonly<Record<Who, { readonly token?: string; readonly user?: string }>> = {
    "chart job": { token: jobs.get("paas-ws-a-web-01") ?? "" },
    "service account": { token: account },
    user: { user: tenantUser },
    admin: {},
  };
  const scene: AdmissionScene = {
    dir,
    woow,
    asChartJob,
    async attempt(who, { method, path, body: sent, contentType = "application/json", isConnect = false }) {
      const { status, body } = await cluster.request({
        method,
        contentType,
        body: sent,
        ...credentials[who],
        path: isConnect ? path : `${path}${path.includes("?") ? "&" : "?"}dryRun=All`,
      });
      return { status, message: (body as { message?: string } | null)?.message ?? "" };
    },
    remove: async () => rm(dir, { recursive: true, force: true }),
  };
  // the API server learns of new rights a moment later
  await waitUntil("everybody's rights", async () => {
    const body = { metadata: { name: "rights" } };
    const answers = (namespace: string) => {
      const create = { title: "", method: "POST", path: `/api/v1/namespaces/${namespace}/configmaps`, body };
      return Promise.all(everybody.map(async (who) => scene.attempt(who, create)));
    };
    return (
      (await answers("paas-ws-a")).every(({ status }) => status === 201) &&
      (await answers("paas-system")).every(({ message }) => !message.includes("cannot create"))
    );
  });
  return scene;
}

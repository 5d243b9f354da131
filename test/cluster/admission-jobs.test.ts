import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAdmissionScene, tenantUser } from "./admission-scene.ts";
import type { AdmissionScene, Attempt, Who } from "./admission-scene.ts";
import { list, mustRequest } from "./on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "controllers", users: [{ name: tenantUser }] });
let scene: AdmissionScene;

beforeAll(async () => {
  scene = await makeAdmissionScene(cluster());
});

afterAll(async () => scene.remove());

const home = "/api/v1/namespaces/paas-ws-a";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const policies = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/networkpolicies";
const managed = "app.kubernetes.io/managed-by";

const post = (path: string, body: object = {}, title = `POST ${path}`): Attempt => ({
  title,
  method: "POST",
  path,
  body: { metadata: { name: "tried" }, ...body },
});
const patch = (path: string, body: object): Attempt => ({
  title: `PATCH ${path}`,
  method: "PATCH",
  path,
  body,
  contentType: "application/merge-patch+json",
});
const exec = (namespace: string): Attempt => ({
  title: `exec in ${namespace}`,
  method: "POST",
  path: `/api/v1/namespaces/${namespace}/pods/missing/exec?command=id`,
  isConnect: true,
});
const remove = (path: string): Attempt => ({ title: `DELETE ${path}`, method: "DELETE", path });

/** The policy that refuses it, `allowed`, or what else was said. */
async function tried(who: Who, attempt: Attempt): Promise<string> {
  const { status, message } = await scene.attempt(who, attempt);
  if (status < 300) return "allowed";
  return /ValidatingAdmissionPolicy '([^']*)'/.exec(message)?.[1] ?? `${status} ${message}`;
}

async function triedAll(who: Who, attempts: readonly Attempt[]): Promise<readonly string[]> {
  return Promise.all(
    attempts.map(async (attempt) => `${who}: ${attempt.title}: ${await tried(who, attempt)}`),
  );
}

const expected = (who: Who, attempts: readonly Attempt[], said: string) =>
  attempts.map(({ title }) => `${who}: ${title}: ${said}`);

/** What a chart may not do wherever it is; its account may do everything. */
const outside: readonly Attempt[] = [
  ...["paas-ws-b", "paas-charts", "paas-system", "kube-system", "default", "paas-ws", "paas-ws-a-web"].map(
    (namespace) => post(`/api/v1/namespaces/${namespace}/configmaps`),
  ),
  post("/api/v1/namespaces/paas-ws-b/serviceaccounts/default/token", {
    metadata: undefined,
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [] },
  }),
  exec("paas-ws-b"),
  { title: "a node's kubelet", method: "GET", path: "/api/v1/nodes/x/proxy/pods", isConnect: true },
  remove("/api/v1/namespaces/paas-ws-b/configmaps/kube-root-ca.crt"),
  remove("/api/v1/namespaces/paas-ws-b/configmaps"),
  post("/api/v1/namespaces"),
  patch("/api/v1/namespaces/paas-ws-a", { metadata: { labels: { tried: "yes" } } }),
  remove("/api/v1/namespaces/paas-ws-b"),
  post(`${rbac}/clusterroles`, { rules: [] }),
  patch(`${rbac}/clusterroles/view`, { rules: [] }),
  remove(`${rbac}/clusterroles/view`),
  post(`${rbac}/clusterrolebindings`, { roleRef: { kind: "ClusterRole", name: "view" } }),
];

const forAll = [
  patch(`${policies}/default-deny`, { spec: { ingress: [{ from: [{ podSelector: {} }] }] } }),
  patch(`${policies}/default-deny`, { metadata: { labels: { [managed]: null } } }),
  remove(`${policies}/default-deny`),
  remove(policies),
  patch(`${home}/resourcequotas/workspace-quota`, { spec: { hard: { "requests.cpu": "999" } } }),
  patch(`${home}/resourcequotas/workspace-quota/status`, { status: { used: { "requests.cpu": "0" } } }),
  remove(`${home}/limitranges/container-defaults`),
  post(
    `${home}/configmaps`,
    { metadata: { name: "tried", labels: { [managed]: "woow" } } },
    "a made-up label",
  ),
];

test("woow-chart-jobs: a chart job writes nothing outside the namespace of its release", async () => {
  expect(await triedAll("chart job", outside)).toEqual(
    expected("chart job", outside, "woow-chart-jobs").map((line) =>
      // both refuse it, and the API server names one
      line.includes("PATCH /api/v1/namespaces/paas-ws-a:") ||
      line.includes("DELETE /api/v1/namespaces/paas-ws-b:") ||
      line.includes("/clusterrole")
        ? expect.stringMatching(/woow-(chart-jobs|cluster-roles|platform-objects)$/)
        : line,
    ),
  );
});

test("woow-chart-jobs: in its own namespace a chart job writes, deletes and executes", async () => {
  const inside = [
    post(`${home}/configmaps`),
    remove(`${home}/configmaps/kube-root-ca.crt`),
    remove(`${home}/configmaps`),
    post(`/apis/apps/v1/namespaces/paas-ws-a/statefulsets`, {
      spec: {
        selector: { matchLabels: { app: "x" } },
        template: {
          metadata: { labels: { app: "x" } },
          spec: { containers: [{ name: "c", image: "registry.example.com/c" }] },
        },
      },
    }),
    post(`/apis/batch/v1/namespaces/paas-ws-a/jobs`, {
      spec: {
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "c", image: "registry.example.com/c" }] },
        },
      },
    }),
    post(`${home}/persistentvolumeclaims`, {
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    }),
    post(`${home}/serviceaccounts`),
  ];
  expect(await triedAll("chart job", inside)).toEqual(expected("chart job", inside, "allowed"));
  const { message } = await scene.attempt("chart job", exec("paas-ws-a"));
  expect(message).toContain("not found");
});

test("woow-chart-jobs: declared kinds may be made, and of them only what is the release's own is changed or removed", async () => {
  const job = async (release: string, request: Omit<Attempt, "title">) => {
    const { status, body } = await scene.asChartJob(release, request);
    const { message = "" } = body as { message?: string };
    return status < 300 ? "allowed" : (/Policy '([^']*)'/.exec(message)?.[1] ?? message);
  };
  const operator = "paas-ws-a-op-01";
  const web = "paas-ws-a-web-01";
  const roles = `${rbac}/clusterroles`;
  const marks = (release: string) => ({
    annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "paas-ws-a" },
  });
  const role = (name: string, release: string) =>
    post(roles, { metadata: { name, ...marks(release) }, rules: [] });
  expect(await job(operator, role("operator", operator))).toBe("allowed");
  expect(await job(web, role("web", web))).toBe("woow-chart-jobs");
  const change = (name: string) => patch(`${roles}/${name}`, { metadata: { labels: { tried: "yes" } } });
  expect(await job(operator, change("operator"))).toBe("allowed");
  const bySeveral = /^woow-(chart-jobs|cluster-roles|platform-objects)$/;
  for (const name of ["view", "woow-owner", "cluster-admin"])
    expect(await job(operator, change(name)), name).toMatch(bySeveral);
  // the mark itself does not make an object its own
  expect(await job(operator, patch(`${roles}/view`, { metadata: marks(operator) }))).toMatch(bySeveral);
  expect(await job(operator, remove(`${roles}/view`))).toBe("woow-chart-jobs");
  expect(
    await job(
      operator,
      post(`${rbac}/clusterrolebindings`, { roleRef: { kind: "ClusterRole", name: "view" } }),
    ),
  ).toBe("woow-chart-jobs");
  expect(await job(web, remove(`${roles}/operator`))).toBe("woow-chart-jobs");
  expect(await job(operator, remove(`${roles}/operator`))).toBe("allowed");
  // a template that declares no more leaves what its releases made to be removed by them
  await mustRequest(cluster(), { method: "POST", path: roles, body: role("left", web).body });
  expect(await job(web, change("left"))).toBe("woow-chart-jobs");
  expect(await job(web, remove(`${roles}/left`))).toBe("allowed");
});

test.each(["chart job", "service account", "user"] as const)(
  "woow-platform-objects: walls, quota and labels of the platform are not the %s's to change, whatever its rights",
  async (who) => {
    expect(await triedAll(who, forAll)).toEqual(expected(who, forAll, "woow-platform-objects"));
  },
);

test("woow-platform-objects: a tenant's account does not take the tenant's label from its namespace", async () => {
  const relabel = patch("/api/v1/namespaces/paas-ws-a", {
    metadata: { labels: { "paas.woowtech.com/workspace": null } },
  });
  expect(await tried("user", relabel)).toBe("woow-platform-objects");
  // two policies say no, and the API server names one
  for (const attempt of [relabel, remove("/api/v1/namespaces/paas-ws-a")])
    expect(await tried("service account", attempt)).toMatch(/^woow-(platform-objects|tenant-accounts)$/);
});

test("woow-charts, woow-platform-objects: cluster-admin given by mistake installs no chart and changes nothing of the platform, anywhere", async () => {
  const charts = "/apis/helm.cattle.io/v1/namespaces";
  const chart = (namespace: string, kind: string) =>
    post(`${charts}/${namespace}/${kind.toLowerCase()}s`, {
      apiVersion: "helm.cattle.io/v1",
      kind,
      spec: {},
    });
  const system = "/api/v1/namespaces/paas-system";
  const label = "paas.woowtech.com";
  const inventory = await list(cluster(), `${system}/configmaps?labelSelector=${label}/inventory`);
  const records = await list(cluster(), `${system}/secrets?labelSelector=${label}/record`);
  expect([inventory.length > 0, records.length > 0]).toEqual([true, true]);
  const ours = [
    "/api/v1/namespaces/paas-charts/secrets/paas-ws-a-web-01-values",
    `${charts}/paas-charts/helmcharts/paas-ws-a-web-01`,
    "/apis/networking.k8s.io/v1/namespaces/paas-charts/networkpolicies/allow-repositories",
    `${rbac}/clusterroles/woow-viewer`,
    `${rbac}/namespaces/paas-ws-b/rolebindings/woow-owner`,
    "/apis/coordination.k8s.io/v1/namespaces/paas-system/leases/woow",
    ...inventory.map(({ metadata }) => `${system}/configmaps/${metadata.name}`),
    ...records.map(({ metadata }) => `${system}/secrets/${metadata.name}`),
  ];
  for (const path of ours) expect((await cluster().request({ method: "GET", path })).status, path).toBe(200);
  const installed = [
    chart("paas-charts", "HelmChart"),
    chart("default", "HelmChart"),
    chart("kube-system", "HelmChartConfig"),
  ];
  const removed = ours.map(remove);
  const changed = ours.map((path) => patch(path, { metadata: { labels: { tried: "yes" } } }));
  expect(await triedAll("user", installed)).toEqual(expected("user", installed, "woow-charts"));
  expect(await triedAll("user", removed)).toEqual(expected("user", removed, "woow-platform-objects"));
  const plain = changed.filter(({ path }) => !/helmcharts|clusterroles|rolebindings/.test(path));
  expect(await triedAll("user", plain)).toEqual(expected("user", plain, "woow-platform-objects"));
  // of the rest several policies say no, and the API server names one
  for (const line of [
    ...(await triedAll("user", changed)),
    ...(await triedAll("service account", [...installed, ...removed, ...changed])),
  ])
    expect(line).toMatch(/: woow-[a-z-]+$/);
});

test("woow-tenant-accounts: an account of a writes nothing in b, even where somebody gave it the right", async () => {
  const there = [
    post("/api/v1/namespaces/paas-ws-b/configmaps"),
    patch("/api/v1/namespaces/paas-ws-b/configmaps/kube-root-ca.crt", { data: { tried: "yes" } }),
    remove("/api/v1/namespaces/paas-ws-b/configmaps/kube-root-ca.crt"),
    exec("paas-ws-b"),
  ];
  expect(await triedAll("service account", there)).toEqual(
    expected("service account", there, "woow-tenant-accounts"),
  );
  const here = [post(`${home}/configmaps`), remove(`${home}/configmaps/kube-root-ca.crt`)];
  expect(await triedAll("service account", here)).toEqual(expected("service account", here, "allowed"));
});

test("woow-pod-status: nobody of a tenant tells where a pod is", async () => {
  await mustRequest(cluster(), {
    method: "POST",
    path: `${home}/pods`,
    body: {
      metadata: { name: "unscheduled" },
      spec: { schedulerName: "nobody", containers: [{ name: "c", image: "registry.example.com/c" }] },
    },
  });
  const status = patch(`${home}/pods/unscheduled/status`, {
    status: { podIP: "10.42.0.9", podIPs: [{ ip: "10.42.0.9" }] },
  });
  for (const who of ["chart job", "service account", "user"] as const)
    expect(await tried(who, status), who).toBe("woow-pod-status");
  expect(await tried("admin", status)).toBe("allowed");
});

test("woow-certificate-requests, woow-foreign-network-policies: refused where a cluster has such kinds", async () => {
  const requests = "woow-certificate-requests";
  const foreign = "woow-foreign-network-policies";
  const kinds = [
    { group: "acme.cert-manager.io", version: "v1", kind: "Order", plural: "orders", policy: requests },
    {
      group: "cert-manager.io",
      version: "v1",
      kind: "CertificateRequest",
      plural: "certificaterequests",
      policy: requests,
    },
    {
      group: "cilium.io",
      version: "v2",
      kind: "CiliumNetworkPolicy",
      plural: "ciliumnetworkpolicies",
      policy: foreign,
    },
    {
      group: "gateway.networking.k8s.io",
      version: "v1",
      kind: "HTTPRoute",
      plural: "httproutes",
      policy: "woow-routes",
    },
  ];
  for (const { group, version, kind, plural, policy } of kinds) {
    const { status } = await cluster().request({
      method: "POST",
      path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      body: {
        metadata: {
          name: `${plural}.${group}`,
          annotations: { "api-approved.kubernetes.io": "unapproved, for a test" },
        },
        spec: {
          group,
          scope: "Namespaced",
          names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
          versions: [
            { name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
          ],
        },
      },
    });
    // the test cluster may have it
    expect([201, 409], kind).toContain(status);
    const path = `/apis/${group}/${version}/namespaces/paas-ws-a/${plural}`;
    await waitUntil(kind, async () => (await cluster().request({ method: "GET", path })).status === 200);
    const spec = { issuerRef: { name: "x" }, request: "eA==" };
    const attempt = post(path, { apiVersion: `${group}/${version}`, kind, spec });
    await mustRequest(cluster(), {
      ...attempt,
      body: { ...(attempt.body as object), metadata: { name: "made" } },
    });
    const change = patch(`${path}/made`, { metadata: { labels: { tried: "yes" } } });
    for (const who of ["chart job", "service account", "user"] as const)
      for (const one of [attempt, change])
        expect(await tried(who, one), `${one.method} ${kind}`).toBe(policy);
  }
});

test("an Ingress whose host is no longer its tenant's can still lose its finalizer, and change nothing else", async () => {
  const path = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/ingresses";
  const host = "a-web-01.apps.example.com";
  const backend = { service: { name: "paas-ws-a-web-01", port: { number: 80 } } };
  await mustRequest(cluster(), {
    method: "POST",
    path,
    body: {
      metadata: { name: "old", finalizers: ["example.com/slow"] },
      spec: { rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] },
    },
  });
  await mustRequest(cluster(), {
    ...patch("/api/v1/namespaces/paas-ws-a", {
      metadata: { annotations: { "paas.woowtech.com/hosts": "" } },
    }),
  });
  const more = patch(`${path}/old`, { metadata: { annotations: { tried: "yes" } } });
  await waitUntil("the host to be gone", async () => (await tried("admin", more)) === "woow-ingresses");
  await cluster().request(remove(`${path}/old`));
  expect(await tried("admin", more)).toBe("woow-ingresses");
  await mustRequest(cluster(), patch(`${path}/old`, { metadata: { finalizers: null } }));
  expect((await cluster().request({ method: "GET", path: `${path}/old` })).status).toBe(404);
});

test("a tenant's namespace with all that is in it is deleted in the end, policies or no", async () => {
  const path = "/api/v1/namespaces/paas-ws-c";
  await mustRequest(cluster(), { method: "DELETE", path });
  await waitUntil(
    "the namespace to be gone",
    async () => (await cluster().request({ method: "GET", path })).status === 404,
  );
});

test("without its policy, what a rule about whoever asks refuses is accepted", async () => {
  const group = "/apis/admissionregistration.k8s.io/v1";
  const status = patch(`${home}/pods/unscheduled/status`, { status: { podIP: "10.42.0.9" } });
  const label = post(`${home}/configmaps`, { metadata: { name: "tried", labels: { [managed]: "woow" } } });
  const relabel = (group: string, plural: string) =>
    patch(`/apis/${group}/namespaces/paas-ws-a/${plural}/made`, { metadata: { labels: { tried: "yes" } } });
  const cases = [
    ["woow-chart-jobs", "chart job", post("/api/v1/namespaces/paas-system/configmaps")],
    ["woow-tenant-accounts", "service account", post("/api/v1/namespaces/paas-ws-b/configmaps")],
    ["woow-platform-objects", "user", label],
    ["woow-pod-status", "service account", status],
    ["woow-certificate-requests", "user", relabel("cert-manager.io/v1", "certificaterequests")],
    ["woow-foreign-network-policies", "chart job", relabel("cilium.io/v2", "ciliumnetworkpolicies")],
  ] as const;
  for (const [policy, who, attempt] of cases) {
    expect(await tried(who, attempt)).toBe(policy);
    await mustRequest(cluster(), {
      method: "DELETE",
      path: `${group}/validatingadmissionpolicybindings/${policy}`,
    });
    await waitUntil(`${policy} to be out of force`, async () => (await tried(who, attempt)) === "allowed");
  }
});

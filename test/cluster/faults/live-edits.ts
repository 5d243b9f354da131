import { mustRequest } from "../on-cluster.ts";
import type { TestCluster } from "../test-cluster.ts";

/** What somebody does to a live object while a plan waits for its approval. */
export interface LiveEdit {
  readonly name: string;
  readonly edit: (cluster: TestCluster) => Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;

const paths = {
  namespace: "/api/v1/namespaces/paas-ws-a",
  otherNamespace: "/api/v1/namespaces/paas-ws-b",
  quota: "/api/v1/namespaces/paas-ws-a/resourcequotas/workspace-quota",
  limits: "/api/v1/namespaces/paas-ws-a/limitranges/container-defaults",
  policies: "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/networkpolicies",
  bindings: "/apis/rbac.authorization.k8s.io/v1/namespaces/paas-ws-a/rolebindings",
  role: "/apis/rbac.authorization.k8s.io/v1/clusterroles/woow-viewer",
  charts: "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts",
  values: "/api/v1/namespaces/paas-charts/secrets",
  ingresses: "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/ingresses",
} as const;

const chart = `${paths.charts}/paas-ws-a-web-01`;
const database = `${paths.charts}/paas-ws-a-db-01`;
const values = `${paths.values}/paas-ws-a-web-01-values`;
const ingress = `${paths.ingresses}/paas-ws-a-web-01`;
const deny = `${paths.policies}/default-deny`;
const binding = `${paths.bindings}/woow-owner`;

function merge(name: string, path: string, body: Body): LiveEdit {
  return { name, edit: async (cluster) => patch(cluster, path, { body, type: "merge-patch" }) };
}

function jsonPatch(name: string, path: string, body: readonly Body[]): LiveEdit {
  return { name, edit: async (cluster) => patch(cluster, path, { body, type: "json-patch" }) };
}

async function patch(
  cluster: TestCluster,
  path: string,
  { body, type }: { readonly body: unknown; readonly type: string },
): Promise<void> {
  const contentType = `application/${type}+json`;
  await mustRequest(cluster, { method: "PATCH", path: `${path}?fieldManager=somebody`, contentType, body });
}

/** With its finalizers taken off: gone at once. */
async function remove(cluster: TestCluster, path: string): Promise<void> {
  await patch(cluster, path, { body: { metadata: { finalizers: null } }, type: "merge-patch" });
  await mustRequest(cluster, { method: "DELETE", path });
}

function deletion(name: string, path: string): LiveEdit {
  return { name, edit: async (cluster) => remove(cluster, path) };
}

/** The same in every field but uid and time. */
function recreation(name: string, path: string): LiveEdit {
  return {
    name,
    async edit(cluster) {
      const live = await mustRequest<{ metadata: Record<string, unknown> }>(cluster, { method: "GET", path });
      await remove(cluster, path);
      const { name: own, namespace, labels, annotations } = live.metadata;
      const body = { ...live, metadata: { name: own, namespace, labels, annotations } };
      await mustRequest(cluster, { method: "POST", path: path.slice(0, path.lastIndexOf("/")), body });
    },
  };
}

/** Deleted, but a finalizer holds it: it is there and going. */
function goingAway(name: string, path: string): LiveEdit {
  return {
    name,
    async edit(cluster) {
      const body = { metadata: { finalizers: ["example.com/hold"] } };
      await patch(cluster, path, { body, type: "merge-patch" });
      await mustRequest(cluster, { method: "DELETE", path });
    },
  };
}

function creation(name: string, collection: string, body: Body): LiveEdit {
  return {
    name,
    edit: async (cluster) => {
      await mustRequest(cluster, { method: "POST", path: `${collection}?fieldManager=somebody`, body });
    },
  };
}

/** Somebody else's server-side apply, by force: now the field has another owner, or one more. */
function takeover(name: string, path: string, body: Body): LiveEdit {
  return {
    name,
    edit: async (cluster) => {
      await mustRequest(cluster, {
        method: "PATCH",
        path: `${path}?fieldManager=somebody&force=true`,
        contentType: "application/apply-patch+yaml",
        body,
      });
    },
  };
}

const subject = (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name });
const roleRef = (name: string) => ({
  apiGroup: "rbac.authorization.k8s.io",
  kind: "ClusterRole",
  name,
});
const owner = (uid: string) => [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
const madeUpUid = "00000000-0000-4000-8000-000000000000";

/** Every one of them makes a plan stale that was made before. */
export const liveEdits: readonly LiveEdit[] = [
  merge("chart: version", chart, { spec: { version: "1.1.0" } }),
  merge("chart: another chart", chart, { spec: { chart: "db" } }),
  merge("chart: repository", chart, { spec: { repo: "https://charts.example.com" } }),
  merge("chart: values", chart, { spec: { valuesContent: "replicas: 9\n" } }),
  merge("chart: target namespace", chart, { spec: { targetNamespace: "paas-ws-b" } }),
  merge("chart: a field that was not set", chart, { spec: { set: { color: "green" } } }),
  merge("chart: what happens on failure", chart, { spec: { failurePolicy: "reinstall" } }),
  merge("chart: no more values Secret", chart, { spec: { valuesSecrets: null } }),
  merge("chart: timeout", chart, { spec: { timeout: "1m0s" } }),
  merge("chart: our label taken off", chart, {
    metadata: { labels: { "paas.woowtech.com/platform": null } },
  }),
  merge("chart: another platform's label", chart, {
    metadata: { labels: { "paas.woowtech.com/platform": "other" } },
  }),
  merge("chart: a finalizer", chart, {
    metadata: { finalizers: ["wrangler.cattle.io/on-helm-chart-remove", "example.com/hold"] },
  }),
  merge("chart: an owner", chart, { metadata: { ownerReferences: owner(madeUpUid) } }),
  merge("chart: left alone by its controller", chart, {
    metadata: { annotations: { "helmcharts.helm.cattle.io/unmanaged": "true" } },
  }),
  deletion("chart: deleted", chart),
  recreation("chart: made anew, the same", chart),
  goingAway("chart: going", chart),
  takeover("chart: a field taken by force", chart, {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name: "paas-ws-a-web-01", namespace: "paas-charts" },
    spec: { version: "2.0.0" },
  }),
  merge("chart of a service that does not change: version", database, { spec: { version: "1.1.0" } }),
  deletion("chart of a service that does not change: deleted", database),
  merge("values Secret: data", values, { data: { "values.yaml": "bWVzc2FnZTogb3RoZXIK" } }),
  merge("values Secret: one key more", values, { data: { more: "b3RoZXIK" } }),
  merge("values Secret: label", values, { metadata: { labels: { "paas.woowtech.com/service": "other" } } }),
  merge("values Secret: frozen", values, { immutable: true }),
  deletion("values Secret: deleted", values),
  recreation("values Secret: made anew, the same", values),
  merge("quota: raised", paths.quota, { spec: { hard: { "requests.cpu": "4096" } } }),
  merge("quota: one limit less", paths.quota, { spec: { hard: { "requests.memory": null } } }),
  merge("quota: one limit more", paths.quota, { spec: { hard: { pods: "3" } } }),
  deletion("quota: deleted", paths.quota),
  goingAway("quota: going", paths.quota),
  merge("limits: raised", paths.limits, {
    spec: { limits: [{ type: "Container", default: { cpu: "8", memory: "8Gi" } }] },
  }),
  deletion("limits: deleted", paths.limits),
  jsonPatch("policy: a hole for everybody", deny, [{ op: "add", path: "/spec/ingress", value: [{}] }]),
  jsonPatch("policy: a way out", deny, [{ op: "add", path: "/spec/egress", value: [{}] }]),
  merge("policy: for no pod any more", deny, { spec: { podSelector: { matchLabels: { no: "pod" } } } }),
  deletion("policy: deleted", deny),
  recreation("policy: made anew, the same", deny),
  creation("policy: one that opens all", paths.policies, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "open" },
    spec: { podSelector: {}, ingress: [{}], policyTypes: ["Ingress"] },
  }),
  jsonPatch("binding: one subject more", binding, [
    { op: "add", path: "/subjects/-", value: subject("mallory") },
  ]),
  merge("binding: another subject", binding, { subjects: [subject("mallory")] }),
  deletion("binding: deleted", binding),
  creation("binding: one by hand", paths.bindings, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "by-hand" },
    roleRef: roleRef("cluster-admin"),
    subjects: [subject("mallory")],
  }),
  jsonPatch("role: may read Secrets", paths.role, [
    { op: "add", path: "/rules/-", value: { apiGroups: [""], resources: ["secrets"], verbs: ["get"] } },
  ]),
  merge("namespace: pod security", paths.namespace, {
    metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
  }),
  merge("namespace: one more host", paths.namespace, {
    metadata: { annotations: { "paas.woowtech.com/hosts": "bank.example.com" } },
  }),
  merge("namespace: another workspace's label", paths.namespace, {
    metadata: { labels: { "paas.woowtech.com/workspace": "b" } },
  }),
  {
    name: "namespace: going",
    edit: async (cluster) => {
      await mustRequest(cluster, { method: "DELETE", path: paths.otherNamespace });
    },
  },
  merge("ingress: entry point", ingress, {
    metadata: { annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "web" } },
  }),
  jsonPatch("ingress: host", ingress, [
    { op: "replace", path: "/spec/rules/0/host", value: "b.example.com" },
  ]),
  merge("ingress: a middleware", ingress, {
    metadata: {
      annotations: { "traefik.ingress.kubernetes.io/router.middlewares": "other-x@kubernetescrd" },
    },
  }),
  deletion("ingress: deleted", ingress),
  takeover("ingress: class taken by force", ingress, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "paas-ws-a-web-01", namespace: "paas-ws-a" },
    spec: { ingressClassName: "other" },
  }),
  creation("a service that is to come: its chart is there already", paths.charts, {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name: "paas-ws-b-web-02" },
    spec: { chart: "web", targetNamespace: "paas-ws-b" },
  }),
];

import type { ApiRequest } from "./api-client.ts";

/** One thing a tenant may try in order to get further than the roles go. */
export interface Attempt {
  readonly what: string;
  readonly request: ApiRequest;
  /** What an administrator gets for the same request: done, or an error that is not about rights. */
  readonly asAdmin: "done" | "no rights missing";
}

/** Where something is tried, and by whom. */
export interface AttemptScene {
  readonly namespace: string;
  /** As the API server calls them. */
  readonly user: string;
}

const core = "/api/v1";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const dryRun = "?dryRun=All";

const clusterAdmin = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
const everything = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
const container = { name: "shell", image: "registry.example.com/shell:1" };

const read = (what: string, path: string): Attempt => ({
  what,
  request: { method: "GET", path },
  asAdmin: "done",
});
const create = (what: string, path: string, body: object): Attempt => ({
  what,
  request: { method: "POST", path: `${path}${dryRun}`, body },
  asAdmin: "done",
});
const patch = (what: string, path: string, body: object): Attempt => ({
  what,
  request: {
    method: "PATCH",
    path: `${path}${dryRun}`,
    body,
    // no list of a built-in kind is replaced as a whole, and a custom one knows no other way
    contentType: `application/${path.includes("helm.cattle.io") ? "" : "strategic-"}merge-patch+json`,
  },
  asAdmin: "done",
});
const remove = (what: string, path: string): Attempt => ({
  what,
  request: { method: "DELETE", path: `${path}${dryRun}` },
  asAdmin: "done",
});
/** What the test's cluster cannot carry out: an administrator's request ends there, and not at the rights. */
const stream = (what: string, method: string, path: string): Attempt => ({
  what,
  request: { method, path },
  asAdmin: "no rights missing",
});

/** What one may try in a tenant's namespace with a Pod, a Service and a Secret `app` and a ServiceAccount `default`. */
export function attemptsInTenant({ namespace, user }: AttemptScene): readonly Attempt[] {
  const base = `${core}/namespaces/${namespace}`;
  const pod = `${base}/pods/app`;
  const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const bindings = `${rbac}/namespaces/${namespace}/rolebindings`;
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }];
  return [
    read("list Secrets", `${base}/secrets`),
    read("read a Secret", `${base}/secrets/app`),
    read("watch Secrets by name", `${base}/secrets?fieldSelector=metadata.name%3Dapp&limit=1`),
    read("list ConfigMaps", `${base}/configmaps`),
    read("list ServiceAccounts", `${base}/serviceaccounts`),
    read("read the Namespace", base),
    create("run a Pod", `${base}/pods`, { metadata: { name: "mine" }, spec: { containers: [container] } }),
    patch("change a Pod's image", pod, { spec: { containers: [{ name: "app", image: "other:1" }] } }),
    remove("delete a Pod", pod),
    patch("add an ephemeral container", `${pod}/ephemeralcontainers`, {
      spec: { ephemeralContainers: [container] },
    }),
    stream("exec by GET", "GET", `${pod}/exec?command=id&stdout=true`),
    stream("exec by POST", "POST", `${pod}/exec?command=id&stdout=true`),
    stream("attach", "POST", `${pod}/attach?stdout=true`),
    stream("forward a port", "POST", `${pod}/portforward`),
    stream("go through a Pod's proxy", "GET", `${pod}/proxy/`),
    stream("go through a Service's proxy", "GET", `${base}/services/app/proxy/`),
    create("mint a ServiceAccount's token", `${base}/serviceaccounts/default/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [] },
    }),
    create("make a token Secret", `${base}/secrets`, {
      metadata: { name: "token", annotations: { "kubernetes.io/service-account.name": "default" } },
      type: "kubernetes.io/service-account-token",
    }),
    patch("raise the quota", `${base}/resourcequotas/workspace-quota`, {
      spec: { hard: { "requests.cpu": "999" } },
    }),
    remove("delete the quota", `${base}/resourcequotas/workspace-quota`),
    patch("change the limits", `${base}/limitranges/container-defaults`, { spec: { limits: [] } }),
    patch("open a NetworkPolicy", `${policies}/default-deny`, { spec: { ingress: [{}], egress: [{}] } }),
    remove("delete a NetworkPolicy", `${policies}/default-deny`),
    create("add a NetworkPolicy that opens", policies, {
      metadata: { name: "open" },
      spec: { podSelector: {}, ingress: [{}], egress: [{}] },
    }),
    patch("take pod security off", base, {
      metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
    }),
    remove("delete the Namespace", base),
    create("bind oneself to cluster-admin", bindings, {
      metadata: { name: "mine" },
      roleRef: clusterAdmin,
      subjects,
    }),
    create("bind oneself to woow-owner", bindings, {
      metadata: { name: "mine" },
      roleRef: { ...clusterAdmin, name: "woow-owner" },
      subjects,
    }),
    patch("add oneself to the owners", `${bindings}/woow-owner`, { subjects }),
    create("make a Role of all rights", `${rbac}/namespaces/${namespace}/roles`, {
      metadata: { name: "mine" },
      rules: everything,
    }),
    {
      // an admission policy may refuse it to an administrator as well
      ...create("take a host", `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, {
        metadata: { name: "mine" },
        spec: { defaultBackend: { service: { name: "app", port: { number: 80 } } } },
      }),
      asAdmin: "no rights missing",
    },
    create("make a HelmChart", `/apis/helm.cattle.io/v1/namespaces/${namespace}/helmcharts`, {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name: "mine" },
      spec: { chart: "web" },
    }),
  ];
}

/** What one may try on the platform, in a cluster with HelmChart, Secret and ServiceAccount `app` in paas-charts. */
export function attemptsOnPlatform(user: string): readonly Attempt[] {
  const charts = "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts";
  const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }];
  const impersonate = (what: string, headers: Record<string, string>): Attempt => ({
    what: `impersonate ${what}`,
    // open to everybody, so that only the impersonation can be refused
    request: { method: "GET", path: core, headers },
    asAdmin: "done",
  });
  return [
    read("list Secrets of all namespaces", `${core}/secrets`),
    read("list Pods of all namespaces", `${core}/pods`),
    read(
      "list Pods of another namespace by a field",
      `${core}/pods?fieldSelector=metadata.namespace%3Dpaas-ws-b`,
    ),
    read("list Namespaces", `${core}/namespaces`),
    read("list PersistentVolumes", `${core}/persistentvolumes`),
    read("list the HelmCharts", charts),
    read("read a HelmChart", `${charts}/app`),
    read("list all values", `${core}/namespaces/paas-charts/secrets`),
    read("read values", `${core}/namespaces/paas-charts/secrets/app`),
    read("list what the platform keeps", `${core}/namespaces/paas-system/secrets`),
    read("list the platform's ConfigMaps", `${core}/namespaces/paas-system/configmaps`),
    read("read the platform's locks", "/apis/coordination.k8s.io/v1/namespaces/paas-system/leases"),
    create("make a HelmChart", charts, {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name: "mine" },
      spec: { chart: "web" },
    }),
    patch("change a HelmChart", `${charts}/app`, { spec: { targetNamespace: "kube-system" } }),
    remove("delete a HelmChart", `${charts}/app`),
    patch("change values", `${core}/namespaces/paas-charts/secrets/app`, { data: {} }),
    create("mint a chart job's token", `${core}/namespaces/paas-charts/serviceaccounts/app/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [] },
    }),
    create("bind oneself to cluster-admin everywhere", `${rbac}/clusterrolebindings`, {
      metadata: { name: "mine" },
      roleRef: clusterAdmin,
      subjects,
    }),
    patch("give the viewers all rights", `${rbac}/clusterroles/woow-viewer`, { rules: everything }),
    create("make a ClusterRole that aggregates into admin", `${rbac}/clusterroles`, {
      metadata: { name: "mine", labels: { "rbac.authorization.k8s.io/aggregate-to-admin": "true" } },
      rules: everything,
    }),
    create("make a Namespace without pod security", `${core}/namespaces`, {
      metadata: { name: "paas-ws-mine" },
    }),
    stream("ask for a client certificate", "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests"),
    create("review another one's rights", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user: "paas:owner@b.example", resourceAttributes: { verb: "get", resource: "pods" } },
    }),
    impersonate("an administrator", { "impersonate-user": "admin", "impersonate-group": "system:masters" }),
    impersonate("a chart job", { "impersonate-user": "system:serviceaccount:paas-charts:app" }),
    impersonate("another tenant", { "impersonate-user": "paas:owner@b.example" }),
    impersonate("oneself in a stronger group", {
      "impersonate-user": user,
      "impersonate-group": "system:masters",
    }),
  ];
}

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ObservedLookup } from "../operations/catalog/verify/helm-client.ts";

/** Kinds that charts look up, by their API; helm asks for their resource before it reads. */
const namespacedKinds: Readonly<Record<string, string>> = {
  v1: "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod ReplicationController ResourceQuota Secret Service ServiceAccount",
  "apps/v1": "DaemonSet Deployment ReplicaSet StatefulSet",
  "autoscaling/v2": "HorizontalPodAutoscaler",
  "batch/v1": "CronJob Job",
  "cert-manager.io/v1": "Certificate CertificateRequest Issuer",
  "discovery.k8s.io/v1": "EndpointSlice",
  "helm.cattle.io/v1": "HelmChart HelmChartConfig",
  "monitoring.coreos.com/v1": "Alertmanager PodMonitor Prometheus PrometheusRule ServiceMonitor",
  "networking.k8s.io/v1": "Ingress NetworkPolicy",
  "policy/v1": "PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1": "Role RoleBinding",
  "traefik.io/v1alpha1": "IngressRoute Middleware",
};
const clusterKinds: Readonly<Record<string, string>> = {
  v1: "Namespace Node PersistentVolume",
  "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
  "apiextensions.k8s.io/v1": "CustomResourceDefinition",
  "cert-manager.io/v1": "ClusterIssuer",
  "networking.k8s.io/v1": "IngressClass",
  "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
  "scheduling.k8s.io/v1": "PriorityClass",
  "storage.k8s.io/v1": "StorageClass",
};

/** An API server on 127.0.0.1 that has nothing and writes down what helm reads. */
export interface LookupRecorder {
  readonly url: string;
  readonly lookups: readonly ObservedLookup[];
  close(): Promise<void>;
}

/** Starts one; `gitVersion` is the Kubernetes version that charts see. */
export async function startLookupRecorder(gitVersion: string): Promise<LookupRecorder> {
  const lookups: ObservedLookup[] = [];
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url ?? "/", "http://recorder");
    const lookup = readLookup(pathname);
    if (lookup !== undefined) lookups.push(lookup);
    const answer = discover(pathname, gitVersion);
    response.setHeader("content-type", "application/json");
    if (answer === undefined) response.statusCode = 404;
    response.end(JSON.stringify(answer ?? notFound));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lookups,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const notFound = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "NotFound",
  code: 404,
  message: "there is nothing here",
};

/** `/api/v1/namespaces/NS/secrets/NAME` and the like; undefined for anything that names no resource. */
function readLookup(path: string): ObservedLookup | undefined {
  const rest = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)\/(.+)$/.exec(path)?.[1];
  if (rest === undefined) return undefined;
  const parts = rest.split("/").map(decodeURIComponent);
  if (parts[0] === "namespaces" && parts.length > 2)
    return { namespace: parts[1], resource: parts[2] ?? "", name: parts[3] };
  return { namespace: undefined, resource: parts[0] ?? "", name: parts[1] };
}

function discover(path: string, gitVersion: string): object | undefined {
  const [major = "1", minor = "0"] = gitVersion.replace(/^v/, "").split(".");
  if (path === "/version") return { major, minor, gitVersion };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  const versions = [...new Set([...Object.keys(namespacedKinds), ...Object.keys(clusterKinds)])];
  if (path === "/apis") {
    const groups = versions.flatMap((groupVersion) => {
      const [name = "", version] = groupVersion.split("/");
      const preferred = { groupVersion, version };
      return version === undefined ? [] : [{ name, versions: [preferred], preferredVersion: preferred }];
    });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const groupVersion = /^\/(?:api|apis)\/(v1|[^/]+\/[^/]+)$/.exec(path)?.[1];
  if (groupVersion === undefined || !versions.includes(groupVersion)) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: [
      ...listKinds(namespacedKinds[groupVersion], true),
      ...listKinds(clusterKinds[groupVersion], false),
    ],
  };
}

function listKinds(kinds: string | undefined, namespaced: boolean): object[] {
  return (kinds ?? "").split(" ").flatMap((kind) => {
    if (kind === "") return [];
    const lower = kind.toLowerCase();
    const name =
      kind === "Endpoints"
        ? lower
        : lower.endsWith("y")
          ? `${lower.slice(0, -1)}ies`
          : lower.endsWith("s")
            ? `${lower}es`
            : `${lower}s`;
    return [{ name, singularName: "", namespaced, kind, verbs: ["get", "list"] }];
  });
}

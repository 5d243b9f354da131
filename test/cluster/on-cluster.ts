import type { TestCluster } from "./test-cluster.ts";
import { waitUntil } from "./wait-until.ts";

/** A Kubernetes object, as tests read it. */
export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly [field: string]: unknown;
}

/** The API path of a collection of one of the kinds tests need. */
export const collections = {
  namespaces: () => "/api/v1/namespaces",
  secrets: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  events: (namespace: string) => `/api/v1/namespaces/${namespace}/events`,
  claims: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  volumes: () => "/api/v1/persistentvolumes",
  jobs: (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`,
  charts: (namespace: string) => `/apis/helm.cattle.io/v1/namespaces/${namespace}/helmcharts`,
  slices: (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
} as const;

/** Sends a request that must succeed. */
export async function mustRequest<T>(
  cluster: TestCluster,
  request: Parameters<TestCluster["request"]>[0],
): Promise<T> {
  const { status, body } = await cluster.request(request);
  if (status < 300) return body as T;
  throw new Error(`${request.method} ${request.path}: ${status} ${JSON.stringify(body)}`);
}

/** The items of a collection. */
export async function list<T = KubeObject>(cluster: TestCluster, path: string): Promise<readonly T[]> {
  return (await mustRequest<{ items: T[] }>(cluster, { method: "GET", path })).items;
}

/** Creates a namespace and waits for its default ServiceAccount, without which no pod may be made in it. */
export async function createNamespace(cluster: TestCluster, name: string): Promise<void> {
  await mustRequest(cluster, {
    method: "POST",
    path: collections.namespaces(),
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
  });
  await waitUntil(`the ServiceAccount of ${name}`, async () => {
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    return (await cluster.request({ method: "GET", path })).status === 200;
  });
}

/** What a test may say about a HelmChart; the rest is as our own synth writes it. */
export interface ChartOptions {
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly chart?: string;
  readonly version?: string;
  /** Chart values as YAML. */
  readonly values?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Applies a HelmChart, new or not. */
export async function applyChart(cluster: TestCluster, options: ChartOptions): Promise<void> {
  const { name, namespace, target, chart = "web", version = "1.0.0", values = "", spec = {} } = options;
  await mustRequest(cluster, {
    method: "PATCH",
    path: `${collections.charts(namespace)}/${name}?fieldManager=test&force=true`,
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name, namespace },
      spec: {
        chart,
        repo: cluster.chartsUrl,
        version,
        targetNamespace: target,
        failurePolicy: "abort",
        backOffLimit: 2,
        timeout: "1m0s",
        ...(values !== "" && { valuesContent: values }),
        ...spec,
      },
    },
  });
}

/** Status and configHash of the newest record of a release, by its labels; undefined when there is none. */
export async function newestRelease(
  cluster: TestCluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<{ readonly version: number; readonly status: string; readonly configHash: string } | undefined> {
  const selector = encodeURIComponent(`owner=helm,name=${name}`);
  const secrets = await list(cluster, `${collections.secrets(namespace)}?labelSelector=${selector}`);
  return secrets
    .map(({ metadata: { labels = {} } }) => ({
      version: Number(labels["version"]),
      status: labels["status"] ?? "",
      configHash: labels["helmcharts.helm.cattle.io/configHash"] ?? "",
    }))
    .toSorted((a, b) => b.version - a.version)[0];
}

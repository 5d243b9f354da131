import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import { readStatuses } from "../../src/status/read-statuses.ts";
import type { HelmErrorCache } from "../../src/status/read-helm-errors.ts";
import type { ServiceFacts } from "../../src/status/service-facts.ts";
import type { ServiceStatus } from "../../src/status/service-status.ts";
import type { RunBefore } from "../../src/status/verdict.ts";
import { collections, createNamespace, mustRequest } from "./on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const platformLabel = { "paas.woowtech.com/platform": "states" };
export const chartsNamespace = "paas-charts";

/** One service as synth would write it, and how to go astray from that. */
export interface WorldService {
  readonly workspace: string;
  readonly id: string;
  readonly chart?: string;
  readonly version?: string;
  /** Chart values as YAML, which go through the values Secret. */
  readonly values?: string;
  /** Fields of the HelmChart beside or instead of the usual ones. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** True: an Ingress that leads to the chart's Service. */
  readonly host?: boolean;
  /** The name of the Service its Ingress leads to, when it is not the release's. */
  readonly backend?: string;
  /** True: the values Secret is left out. */
  readonly withoutValues?: boolean;
}

/** A cluster with the objects of services, made without any of our own apply. */
export interface StatusWorld {
  readonly client: ClusterClient;
  namespace(workspace: string): Promise<void>;
  deploy(service: WorldService): Promise<void>;
  facts(service: WorldService): ServiceFacts;
  read(services: readonly WorldService[], options?: ReadOptions): Promise<ReadonlyMap<string, ServiceStatus>>;
  /** Asks until the status is as wanted. */
  until(
    service: WorldService,
    wanted: { readonly state: string; readonly code?: string; readonly isFinal?: boolean },
    options?: ReadOptions,
  ): Promise<ServiceStatus>;
}

export interface ReadOptions {
  readonly before?: ReadonlyMap<string, RunBefore>;
  /** Added to the clock. */
  readonly laterMs?: number;
  readonly certificates?: boolean;
  readonly pods?: boolean;
}

export async function createStatusWorld(cluster: TestCluster): Promise<StatusWorld> {
  const client = await connectCluster({
    kubeconfig: cluster.kubeconfigPath,
    environment: {},
    context: undefined,
    signal: new AbortController().signal,
  } as Parameters<typeof connectCluster>[0]);
  const cache: HelmErrorCache = new Map();
  const world: StatusWorld = {
    client,
    async namespace(workspace) {
      await createNamespace(cluster, `paas-ws-${workspace}`);
      await label(cluster, `paas-ws-${workspace}`);
    },
    async deploy(service) {
      if (service.withoutValues !== true) await applyValues(cluster, service);
      await applyHelmChart(cluster, service);
      if (service.host === true) await applyIngress(cluster, service);
    },
    facts: (service) => ({
      unit: unitOf(service),
      workspaceId: service.workspace,
      releaseName: releaseOf(service),
      namespace: `paas-ws-${service.workspace}`,
      backend:
        service.host === true ? { service: service.backend ?? releaseOf(service), port: 80 } : undefined,
      isDefined: true,
    }),
    async read(services, { before, laterMs = 0, certificates = false, pods = false } = {}) {
      const { statuses } = await readStatuses(client, {
        services: services.map((one) => world.facts(one)),
        nowMs: Date.now() + laterMs,
        certificates,
        pods,
        cache,
        ...(before === undefined ? {} : { before }),
      });
      return statuses;
    },
    async until(service, { state, code, isFinal }, options) {
      let last: ServiceStatus | undefined;
      try {
        return await waitUntil(`${unitOf(service)} is ${state} ${code ?? ""}`, async () => {
          last = (await world.read([service], options)).get(unitOf(service));
          const fits =
            last?.state === state &&
            (code === undefined || last.reason?.code === code) &&
            (isFinal === undefined || last.isFinal === isFinal);
          return fits ? last : undefined;
        });
      } catch (error) {
        throw new Error(`last seen: ${JSON.stringify(last)}`, { cause: error });
      }
    },
  };
  return world;
}

export const unitOf = ({ workspace, id }: WorldService) => `${workspace}/${id}`;
export const releaseOf = ({ workspace, id }: WorldService) => `paas-ws-${workspace}-${id}`;

async function label(cluster: TestCluster, namespace: string): Promise<void> {
  await mustRequest(cluster, {
    method: "PATCH",
    path: `/api/v1/namespaces/${namespace}`,
    contentType: "application/merge-patch+json",
    body: { metadata: { labels: platformLabel } },
  });
}

async function apply(cluster: TestCluster, path: string, body: object): Promise<void> {
  await mustRequest(cluster, {
    method: "PATCH",
    path: `${path}?fieldManager=woow&force=true`,
    contentType: "application/apply-patch+yaml",
    body,
  });
}

async function applyValues(cluster: TestCluster, service: WorldService): Promise<void> {
  const name = `${releaseOf(service)}-values`;
  await apply(cluster, `${collections.secrets(chartsNamespace)}/${name}`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: chartsNamespace, labels: platformLabel },
    type: "Opaque",
    data: { "values.yaml": Buffer.from(service.values ?? "{}\n").toString("base64") },
  });
}

async function applyHelmChart(cluster: TestCluster, service: WorldService): Promise<void> {
  const name = releaseOf(service);
  const { chart = "web", version = "1.0.0", workspace, spec = {} } = service;
  await apply(cluster, `${collections.charts(chartsNamespace)}/${name}`, {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: {
      name,
      namespace: chartsNamespace,
      labels: { ...platformLabel, "paas.woowtech.com/unit": `${workspace}.${service.id}` },
    },
    spec: {
      chart,
      repo: cluster.chartsUrl,
      version,
      targetNamespace: `paas-ws-${workspace}`,
      failurePolicy: "abort",
      backOffLimit: 2,
      timeout: "1m0s",
      valuesSecrets: [{ name: `${name}-values`, keys: ["values.yaml"] }],
      ...spec,
    },
  });
}

async function applyIngress(cluster: TestCluster, service: WorldService): Promise<void> {
  const name = releaseOf(service);
  const namespace = `paas-ws-${service.workspace}`;
  const backend = { service: { name: service.backend ?? name, port: { number: 80 } } };
  await apply(cluster, `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}`, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace, labels: platformLabel },
    spec: {
      ingressClassName: "traefik",
      rules: [
        {
          host: `${service.id}.apps.example.com`,
          http: { paths: [{ path: "/", pathType: "Prefix", backend }] },
        },
      ],
    },
  });
}

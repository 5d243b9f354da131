import { gzipSync } from "node:zlib";
import type { LiveMetadata } from "../../src/cluster/live-object.ts";
import type { ServiceFacts } from "../../src/status/service-facts.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster, SeedObject } from "../support/fake-cluster.ts";

/** Of what the fixtures are about: the web service 7 of workspace a, deployed a day ago. */
export const facts: ServiceFacts = {
  unit: "a/web",
  workspaceId: "a",
  releaseName: "paas-ws-a-web",
  namespace: "paas-ws-a",
  backend: { service: "paas-ws-a-web", port: 80 },
  isDefined: true,
};
export const deployedMs = Date.UTC(2026, 0, 1);
export const nowMs = Date.UTC(2026, 0, 2);
export const hash = "A".repeat(63);

export const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
const release = facts.releaseName;
const chartsNamespace = "paas-charts";
const platformLabel = { "paas.woowtech.com/platform": "states" };
const ofRelease = {
  annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "paas-ws-a" },
};

export function chartObject(
  change: Partial<LiveMetadata> & { spec?: object; status?: object } = {},
): SeedObject {
  const { spec = {}, status = {}, ...metadata } = change;
  return {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: {
      name: release,
      namespace: chartsNamespace,
      labels: { ...platformLabel, "paas.woowtech.com/unit": "a.web" },
      creationTimestamp: time(deployedMs),
      finalizers: ["wrangler.cattle.io/on-helm-chart-remove"],
      ...metadata,
    },
    spec: {
      chart: "web",
      repo: "https://charts.example.com",
      version: "1.0.0",
      targetNamespace: "paas-ws-a",
      failurePolicy: "abort",
      timeout: "10m0s",
      valuesSecrets: [{ name: `${release}-values`, keys: ["values.yaml"] }],
      ...spec,
    },
    status,
  };
}

export const conditions = (
  ...types: readonly (readonly [type: string, status: string, rest?: object])[]
) => ({
  conditions: types.map(([type, status, rest]) => ({
    type,
    status,
    lastTransitionTime: time(deployedMs),
    ...rest,
  })),
});

export interface JobChange {
  readonly status?: object;
  readonly suspend?: boolean;
  readonly hash?: string;
  readonly expected?: string;
  readonly version?: string;
  readonly createdMs?: number;
}

export function jobObject(change: JobChange = {}): SeedObject {
  const { status = { ...conditions(["Complete", "True"]), completionTime: time(deployedMs) } } = change;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `helm-install-${release}`,
      namespace: chartsNamespace,
      uid: "job-1",
      labels: { "helmcharts.helm.cattle.io/chart": release },
      creationTimestamp: time(change.createdMs ?? deployedMs),
    },
    spec: {
      suspend: change.suspend ?? false,
      template: {
        metadata: {
          annotations: { "helmcharts.helm.cattle.io/configHash": `SHA256=${change.hash ?? hash}F` },
        },
        spec: {
          containers: [
            {
              name: "helm",
              env: [
                { name: "CHART", value: `${release}/web` },
                { name: "REPO", value: "https://charts.example.com" },
                { name: "VERSION", value: change.version ?? "1.0.0" },
                { name: "TARGET_NAMESPACE", value: "paas-ws-a" },
                { name: "EXPECTED_RELEASE_REVISION", value: change.expected ?? "0" },
              ],
            },
          ],
        },
      },
    },
    status,
  };
}

export interface ReleaseChange {
  readonly version?: number;
  readonly status?: string;
  readonly hash?: string | undefined;
  readonly changedMs?: number;
  /** What the chart made, as YAML; what is no text is no record. */
  readonly manifest?: string | undefined;
}

/** Of the web service: its Deployment. */
export const deploymentManifest = `---
# Source: web/templates/objects.tpl
apiVersion: apps/v1
kind: Deployment
metadata: { name: paas-ws-a-web }
spec:
  replicas: 1
  template: { spec: { containers: [{ name: web, env: [{ name: A, value: made-up-password-1 }] }] } }
`;

/** With its Service, and other things nobody looks for. */
export const webManifest = `---
# Source: web/templates/objects.tpl
apiVersion: v1
kind: ConfigMap
metadata: { name: paas-ws-a-web }
data:
  "kind": "Deployment"
---
# Source: web/templates/objects.tpl
apiVersion: v1
kind: Service
metadata: { name: paas-ws-a-web }
spec: { selector: { app: paas-ws-a-web }, ports: [{ port: 80 }] }
${deploymentManifest}`;

/** The Secret of a release as Helm writes it: JSON, gzipped, in base64, in the Secret's own base64. */
function recordData(manifest: string | undefined): object {
  const record = gzipSync(
    JSON.stringify({ name: release, manifest, config: { password: "made-up-password-1" } }),
  );
  return { release: Buffer.from(record.toString("base64")).toString("base64") };
}

export function releaseObject(change: ReleaseChange = {}): SeedObject {
  const { version = 1, status = "deployed", changedMs = deployedMs } = change;
  const releaseHash = "hash" in change ? change.hash : hash;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: {
      name: `sh.helm.release.v1.${release}.v${version}`,
      namespace: "paas-ws-a",
      creationTimestamp: time(changedMs),
      managedFields: [
        { manager: "helm", operation: "Update", time: time(changedMs), fieldsV1: { "f:data": {} } },
      ],
      labels: {
        owner: "helm",
        name: release,
        status,
        version: String(version),
        // of the first release: Helm 4 hands it on to every later one
        modifiedAt: String(deployedMs / 1000 - 86_400),
        ...(releaseHash === undefined ? {} : { "helmcharts.helm.cattle.io/configHash": releaseHash }),
      },
    },
    data: recordData("manifest" in change ? change.manifest : webManifest),
  };
}

export function deploymentObject(status: object = {}, replicas = 1): SeedObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: release, namespace: "paas-ws-a", ...ofRelease },
    spec: { replicas, selector: { matchLabels: { app: release } } },
    status: {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
      ...conditions(["Progressing", "True", { reason: "NewReplicaSetAvailable" }]),
      ...status,
    },
  };
}

/** Of its Deployment, when the new pod is not there yet. */
export const notReady = { availableReplicas: 0 };

export interface PodChange {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly status?: object;
  readonly container?: object;
  readonly spec?: object;
  readonly metadata?: object;
}

export function podObject(change: PodChange = {}): SeedObject {
  const { phase = "Running", ready = false, status = {}, container = {}, spec = {}, metadata = {} } = change;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      namespace: "paas-ws-a",
      labels: { app: release },
      creationTimestamp: time(deployedMs),
      ...metadata,
    },
    spec: {
      containers: [
        { name: "web", image: "registry.example.com/web:1", resources: { limits: { memory: "64Mi" } } },
      ],
      ...spec,
    },
    status: {
      phase,
      ...conditions(["Ready", ready ? "True" : "False"], ["PodScheduled", "True"]),
      containerStatuses: [{ name: "web", ready, restartCount: 0, ...container }],
      ...status,
    },
  };
}

/** A pod of the chart job. */
export function jobPodObject(change: PodChange = {}): SeedObject {
  return podObject({
    ...change,
    spec: { containers: [{ name: "helm", image: "rancher/klipper-helm:v0" }] },
    status: {
      containerStatuses: [{ name: "helm", ready: false, restartCount: 0, ...change.container }],
      ...change.status,
    },
    metadata: {
      name: "helm-1",
      namespace: chartsNamespace,
      labels: { "batch.kubernetes.io/controller-uid": "job-1" },
    },
  });
}

export function eventObject(
  about: { readonly kind: string; readonly namespace?: string; readonly name: string },
  { reason, message }: { readonly reason: string; readonly message: string },
): SeedObject {
  const namespace = about.namespace ?? "paas-ws-a";
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${about.name}.${reason}`, namespace },
    type: "Warning",
    involvedObject: { ...about, namespace },
    reason,
    message,
    lastTimestamp: time(nowMs),
  };
}

const namespaceObject = (name: string): SeedObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: platformLabel },
});

export const valuesObject: SeedObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name: `${release}-values`,
    namespace: chartsNamespace,
    labels: platformLabel,
    creationTimestamp: time(deployedMs - 1000),
  },
  data: { "values.yaml": Buffer.from("password: made-up-password-1\n").toString("base64") },
};

export const ingressObject: SeedObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: release, namespace: "paas-ws-a", labels: platformLabel },
};

export function endpointsObject(ready: boolean): SeedObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${release}-x`,
      namespace: "paas-ws-a",
      labels: { "kubernetes.io/service-name": release },
    },
    endpoints: [{ addresses: ["10.42.0.1"], conditions: { ready } }],
  };
}

export const serviceObject: SeedObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: release, namespace: "paas-ws-a" },
};

/** Everything of a service that runs, by what it is; give another object, or undefined to leave it out. */
export interface World {
  readonly namespace?: SeedObject | undefined;
  readonly chart?: SeedObject | undefined;
  readonly values?: SeedObject | undefined;
  readonly job?: SeedObject | undefined;
  readonly release?: SeedObject | undefined;
  readonly deployment?: SeedObject | undefined;
  readonly service?: SeedObject | undefined;
  readonly endpoints?: SeedObject | undefined;
  readonly ingress?: SeedObject | undefined;
  readonly more?: readonly SeedObject[];
}

export function clusterWith(world: World = {}): FakeCluster {
  const { more = [], ...objects } = world;
  const all = {
    namespace: namespaceObject("paas-ws-a"),
    chart: chartObject(),
    values: valuesObject,
    job: jobObject(),
    release: releaseObject(),
    deployment: deploymentObject(),
    service: serviceObject,
    endpoints: endpointsObject(true),
    ingress: ingressObject,
    ...objects,
  };
  const seeds = [
    namespaceObject(chartsNamespace),
    ...Object.values(all).filter((one) => one !== undefined),
    ...more,
  ];
  return createFakeCluster(seeds, { nowMs: () => deployedMs });
}

export const goingNamespace: SeedObject = {
  ...namespaceObject("paas-ws-a"),
  metadata: {
    name: "paas-ws-a",
    labels: platformLabel,
    deletionTimestamp: time(nowMs - 300_000),
    finalizers: ["kubernetes"],
  },
  status: {
    phase: "Terminating",
    ...conditions([
      "NamespaceFinalizersRemaining",
      "True",
      {
        message:
          "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      },
    ]),
  },
};

import { setTimeout as sleep } from "node:timers/promises";
import { encodeRelease } from "../helm-release.ts";
import { collections, type KubeObject } from "../on-cluster.ts";
import type { TestCluster } from "../test-cluster.ts";

/** Plays helm-controller, Helm and the volume controllers until stopped. */
export interface ControllerStandIn {
  /** Waits until nothing is left to do. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

interface Chart extends KubeObject {
  readonly spec: { readonly chart: string; readonly targetNamespace: string };
}

interface Claim extends KubeObject {
  readonly spec: { readonly volumeName?: string };
}

interface Volume extends KubeObject {
  readonly spec: {
    readonly persistentVolumeReclaimPolicy: string;
    readonly claimRef?: { readonly namespace: string; readonly name: string; readonly uid?: string };
  };
  readonly status?: { readonly phase?: string };
}

const finalizer = "wrangler.cattle.io/on-helm-chart-remove";
const unmanaged = "helmcharts.helm.cattle.io/unmanaged";
const chartsPath = collections.charts("paas-charts");
const allCharts = "/apis/helm.cattle.io/v1/helmcharts";
const allClaims = "/api/v1/persistentvolumeclaims";
const pollMs = 25;

/**
 * What a real cluster's controllers do with our HelmCharts, without their seconds: a finalizer and a release record for
 * each, a claim with a volume for each database; all of it goes when the HelmChart does, save for a volume that is to be
 * kept. The real ones are in the tests of removal; here a removal runs a hundred times.
 */
export function startControllerStandIn(cluster: TestCluster): ControllerStandIn {
  let isStopped = false;
  let idleRounds = 0;
  const send = async (method: string, path: string, body?: unknown) => {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await cluster.request({
      method,
      path,
      contentType,
      ...(body === undefined ? {} : { body }),
    });
    // somebody was faster, and the next round looks again
    const isTooLate = [404, 409, 422].includes(answer.status);
    if (answer.status >= 300 && !isTooLate) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer;
  };
  const read = async <T>(path: string) => ((await send("GET", path)).body as { items: T[] }).items;

  const round = async (): Promise<number> => {
    const [charts, claims, volumes] = await Promise.all([
      read<Chart>(allCharts),
      read<Claim>(allClaims),
      read<Volume>(collections.volumes()),
    ]);
    const work = [
      ...charts.flatMap((chart) => workOnChart(chart, claims)),
      ...volumes.flatMap((volume) => workOnVolume(volume, claims)),
      ...claims.flatMap((claim) => workOnClaim(claim, volumes)),
      ...[...claims, ...volumes].flatMap(unprotect),
    ];
    for (const [method, path, body] of work) await send(method, path, body);
    return work.length;
  };
  const loop = (async () => {
    while (!isStopped) {
      idleRounds = (await round()) === 0 ? idleRounds + 1 : 0;
      await sleep(pollMs);
    }
  })();
  return {
    async settle() {
      idleRounds = 0;
      while (idleRounds < 2) {
        await Promise.race([loop, sleep(pollMs)]);
      }
    },
    async stop() {
      isStopped = true;
      await loop;
    },
  };
}

type Request = readonly [method: string, path: string, body?: unknown];

const releaseSecret = (name: string) => `sh.helm.release.v1.${name}.v1`;
const claimName = (release: string) => `data-${release}-0`;

function workOnChart(chart: Chart, claims: readonly Claim[]): Request[] {
  const { name, deletionTimestamp, finalizers = [], annotations = {} } = chart.metadata;
  const { targetNamespace: namespace } = chart.spec;
  const path = `${chartsPath}/${name}`;
  if (annotations[unmanaged] !== undefined) return [];
  const isManaged = finalizers.includes(finalizer);
  if (deletionTimestamp !== undefined) {
    if (!isManaged) return [];
    return [
      ["DELETE", `${collections.secrets(namespace)}/${releaseSecret(name)}`],
      ["DELETE", `${collections.claims(namespace)}/${claimName(name)}`],
      ["PATCH", path, { metadata: { finalizers: finalizers.filter((one) => one !== finalizer) } }],
    ];
  }
  if (isManaged) return [];
  const hasClaim = claims.some((claim) => claim.metadata.name === claimName(name));
  return [
    ["POST", collections.secrets(namespace), makeReleaseSecret(name)],
    ...(chart.spec.chart === "db" && !hasClaim ? [makeClaim(name, namespace)] : []),
    ["PATCH", path, { metadata: { finalizers: [...finalizers, finalizer] } }],
  ];
}

/** A released volume goes when its policy says so; one reserved by name alone is free. */
function workOnVolume(volume: Volume, claims: readonly Claim[]): Request[] {
  const { spec, status, metadata } = volume;
  const { claimRef } = spec;
  const path = `${collections.volumes()}/${metadata.name}`;
  const claim = claims.find(({ metadata: { uid } }) => uid === claimRef?.uid);
  const phase = claim !== undefined ? "Bound" : claimRef?.uid === undefined ? "Available" : "Released";
  if (status?.phase !== phase) return [["PATCH", `${path}/status`, { status: { phase } }]];
  if (phase !== "Released" || spec.persistentVolumeReclaimPolicy !== "Delete") return [];
  return [["DELETE", path]];
}

/** A new claim takes the volume that is reserved for it, or gets one of its own. */
function workOnClaim(claim: Claim, volumes: readonly Volume[]): Request[] {
  const { name, namespace = "", uid, deletionTimestamp } = claim.metadata;
  if (deletionTimestamp !== undefined || (claim.spec.volumeName ?? "") !== "") return [];
  const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid };
  const reserved = volumes.find(
    ({ spec }) => spec.claimRef?.name === name && spec.claimRef.namespace === namespace,
  );
  // the claim's name and not its uid: two runs can be compared
  const volumeName = reserved?.metadata.name ?? `pv-of-${namespace}-${name}`;
  const path = `${collections.claims(namespace)}/${name}`;
  return [
    reserved === undefined
      ? ["POST", collections.volumes(), makeVolume(volumeName, claimRef)]
      : ["PATCH", `${collections.volumes()}/${volumeName}`, { spec: { claimRef } }],
    ["PATCH", path, { spec: { volumeName } }],
    ["PATCH", `${path}/status`, { status: { phase: "Bound" } }],
  ];
}

/** What protects data in use lets go at once: no pod is here that could use it. */
function unprotect({ metadata }: KubeObject): Request[] {
  const { name, namespace, deletionTimestamp, finalizers = [] } = metadata;
  const left = finalizers.filter((one) => !one.startsWith("kubernetes.io/"));
  if (deletionTimestamp === undefined || left.length === finalizers.length) return [];
  const path = namespace === undefined ? collections.volumes() : collections.claims(namespace);
  return [["PATCH", `${path}/${name}`, { metadata: { finalizers: left } }]];
}

function makeReleaseSecret(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: {
      name: releaseSecret(name),
      labels: { owner: "helm", name, status: "deployed", version: "1" },
    },
    data: { release: encodeRelease({ name, version: 1, info: { status: "deployed" } }) },
  };
}

/** The chart's own: it goes with the release, and the volume behind it when that is not kept. */
function makeClaim(release: string, namespace: string): Request {
  return [
    "POST",
    collections.claims(namespace),
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: claimName(release),
        labels: { "app.kubernetes.io/instance": release, "app.kubernetes.io/managed-by": "Helm" },
        annotations: {
          "meta.helm.sh/release-name": release,
          "meta.helm.sh/release-namespace": namespace,
        },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
        storageClassName: "local-path",
      },
    },
  ];
}

function makeVolume(name: string, claimRef: object): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": "rancher.io/local-path" } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: "local-path",
      hostPath: { path: `/var/lib/rancher/k3s/storage/${name}` },
      claimRef,
    },
  };
}

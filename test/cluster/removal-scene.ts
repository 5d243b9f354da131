import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createVolumeRegainer } from "../../src/apply/volumes/regain-volumes.ts";
import type { ApplyEvent } from "../../src/apply/event.ts";
import { defaultRemovalTimeouts } from "../../src/apply/remove/removal.ts";
import type { RemovalMode, RemovalResult, RemovalTimeouts } from "../../src/apply/remove/removal.ts";
import { removeService } from "../../src/apply/remove/remove-service.ts";
import { removeWorkspace } from "../../src/apply/remove/remove-workspace.ts";
import { readVolume } from "../../src/apply/volumes/volume.ts";
import type { ServiceAddress, Volume } from "../../src/apply/volumes/volume.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { unitLabels } from "../../src/constructs/labels.ts";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import { systemClock } from "../../src/edges/system-clock.ts";
import { releaseName } from "../../src/model/names.ts";
import { collections, createNamespace, list, mustRequest, newestRelease } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const platform = "test-platform";

/** One workspace's services on a real cluster, as apply would have made them. */
export interface RemovalScene {
  readonly client: ClusterClient;
  readonly namespace: string;
  address(referenceId: string): ServiceAddress;
  /** Creates the objects of a service, with what was kept for it given back first, and waits until Helm is done. */
  create(referenceId: string, chart: SceneChart): Promise<readonly Volume[]>;
  /** Gives back what was kept for a service, and makes nothing. */
  regain(referenceId: string): Promise<readonly Volume[]>;
  /** The unit's objects as a plan would see them. */
  objects(unit: string): Promise<readonly LiveObject[]>;
  remove(referenceId: string, mode: RemovalMode, timeouts?: Partial<RemovalTimeouts>): Promise<Removed>;
  removeAll(mode: RemovalMode, timeouts?: Partial<RemovalTimeouts>): Promise<Removed>;
  /** The volume bound to a claim; waits for it. */
  volumeOf(claim: string): Promise<Volume>;
  /** The bytes of a volume, undefined when they are gone. */
  data(volume: string): Promise<string | undefined>;
  writeData(volume: string, text: string): Promise<void>;
  isReleased(referenceId: string): Promise<boolean>;
}

export interface SceneChart {
  readonly chart: "web" | "db";
  readonly version?: string;
  /** Values as YAML. */
  readonly values?: string;
  /** False: does not wait for the release. */
  readonly wait?: boolean;
}

export interface Removed {
  readonly result: RemovalResult;
  readonly events: readonly ApplyEvent[];
}

/** Namespaces and a way in; call it once per test, with a workspace of its own. */
export async function makeScene(cluster: TestCluster, workspaceId: string): Promise<RemovalScene> {
  const namespace = `paas-ws-${workspaceId}`;
  const client = await connectCluster({
    kubeconfig: cluster.kubeconfigPath,
    environment: {},
    signal: new AbortController().signal,
  });
  const path = collections.namespaces();
  if ((await cluster.request({ method: "GET", path: `${path}/paas-charts` })).status === 404) {
    await createNamespace(cluster, "paas-charts");
  }
  await createNamespace(cluster, namespace);
  await mustRequest(cluster, {
    method: "PATCH",
    path: `${path}/${namespace}`,
    contentType: "application/merge-patch+json",
    body: {
      metadata: { labels: unitLabels({ platform, name: "workspace", instance: namespace, workspaceId }) },
    },
  });

  const address = (referenceId: string): ServiceAddress => ({
    platform,
    workspaceId,
    referenceId,
    releaseName: releaseName(workspaceId, referenceId),
    namespace,
  });
  const objects = async (unit: string) => {
    const labelSelector = `paas.woowtech.com/unit=${unit.replace("/", ".")}`;
    const types = ["HelmChart", "Secret", "Ingress", "Namespace"] as const;
    const { resourceTypes } = await import("../../src/cluster/resource-types.ts");
    const lists = await Promise.all(
      types.map(async (kind) => client.list({ type: resourceTypes[kind], labelSelector })),
    );
    return lists.flatMap(({ items }) => items);
  };
  const deps = (timeouts: Partial<RemovalTimeouts> = {}) => ({
    client,
    clock: systemClock,
    signal: new AbortController().signal,
    timeouts: { ...defaultRemovalTimeouts, pollMs: 100, ...timeouts },
  });
  const regain = async (referenceId: string) => {
    const giveBack = createVolumeRegainer({ ...deps(), platform });
    return (await drain(giveBack(`${workspaceId}/${referenceId}`, address(referenceId)))).result;
  };
  return {
    client,
    namespace,
    address,
    objects,
    regain,
    async create(referenceId, { chart, version = "1.0.0", values = "", wait = true }) {
      const service = address(referenceId);
      const result = await regain(referenceId);
      for (const object of serviceObjects(service, { chart, version, values, repo: cluster.chartsUrl })) {
        const written = await client.apply(object, { force: true });
        if (written.type !== "written") throw new Error(JSON.stringify(written));
      }
      if (wait) {
        await waitUntil(`release ${service.releaseName}`, async () => {
          const release = await newestRelease(cluster, { namespace, name: service.releaseName });
          return release?.status === "deployed";
        });
      }
      return result;
    },
    async remove(referenceId, mode, timeouts) {
      const unit = `${workspaceId}/${referenceId}`;
      const removal = { ...address(referenceId), objects: await objects(unit), mode };
      return drain(removeService(removal, deps(timeouts)));
    },
    async removeAll(mode, timeouts) {
      const removal = { workspaceId, namespace, objects: await objects(workspaceId), mode };
      return drain(removeWorkspace(removal, deps(timeouts)));
    },
    volumeOf: async (claim) =>
      waitUntil(`the volume of ${claim}`, async () => {
        const path = `${collections.claims(namespace)}/${claim}`;
        const { status, body } = await cluster.request({ method: "GET", path });
        const live = body as { spec?: { volumeName?: string }; status?: { phase?: string } };
        if (status !== 200 || live.status?.phase !== "Bound") return undefined;
        return findVolume(client, live.spec?.volumeName ?? "");
      }),
    async data(volume) {
      const file = join(cluster.volumesDir, volume, "data");
      return existsSync(file) ? readFile(file, "utf8") : undefined;
    },
    writeData: async (volume, text) => writeFile(join(cluster.volumesDir, volume, "data"), text),
    async isReleased(referenceId) {
      const name = releaseName(workspaceId, referenceId);
      return (await newestRelease(cluster, { namespace, name })) !== undefined;
    },
  };
}

/** A volume by name; undefined when it is gone. */
export async function findVolume(client: ClusterClient, name: string): Promise<Volume | undefined> {
  const object = await client.get({ apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name });
  return object === undefined ? undefined : readVolume(object);
}

function serviceObjects(
  { workspaceId, referenceId, releaseName: name, namespace }: ServiceAddress,
  { chart, version, values, repo }: { chart: string; version: string; values: string; repo: string },
) {
  const labels = unitLabels({ platform, name: chart, instance: name, workspaceId, referenceId });
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-values`, namespace: "paas-charts", labels },
      type: "Opaque",
      data: {
        "values.yaml": Buffer.from("auth: { password: made-up-password-1, database: x }\n").toString(
          "base64",
        ),
      },
    },
    {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name, namespace: "paas-charts", labels },
      spec: {
        chart,
        repo,
        version,
        targetNamespace: namespace,
        failurePolicy: "abort",
        backOffLimit: 4,
        timeout: "1m0s",
        ...(values === "" ? {} : { valuesContent: values }),
        valuesSecrets: [{ name: `${name}-values`, keys: ["values.yaml"] }],
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, namespace, labels },
      spec: {
        ingressClassName: "traefik",
        defaultBackend: { service: { name, port: { number: 80 } } },
      },
    },
  ];
}

/** Runs a stage to its end. */
export async function drain<R>(
  steps: AsyncGenerator<ApplyEvent, R>,
): Promise<{ readonly events: readonly ApplyEvent[]; readonly result: R }> {
  const events: ApplyEvent[] = [];
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}

/** What exists in the namespaces of a scene that has to do with a release, by kind and name. */
export async function traces(
  cluster: TestCluster,
  { namespace, releaseName: name }: ServiceAddress,
): Promise<string[]> {
  const paths: Readonly<Record<string, string>> = {
    HelmChart: collections.charts("paas-charts"),
    Job: collections.jobs("paas-charts"),
    "Secret of charts": collections.secrets("paas-charts"),
    Secret: collections.secrets(namespace),
    Pod: collections.pods(namespace),
    PersistentVolumeClaim: collections.claims(namespace),
    Ingress: `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
    Deployment: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    StatefulSet: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  };
  const found = await Promise.all(
    Object.entries(paths).map(async ([kind, path]) =>
      (await list<KubeObject>(cluster, path))
        .filter((object) => object.metadata.name.includes(name))
        .map((object) => `${kind} ${object.metadata.name}`),
    ),
  );
  return found.flat().sort();
}

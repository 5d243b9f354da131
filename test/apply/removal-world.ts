import type { ApplyEvent } from "../../src/apply/event.ts";
import type { Clock } from "../../src/cluster/clock.ts";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { refOf } from "../../src/cluster/object-ref.ts";
import { defaultRemovalTimeouts } from "../../src/apply/remove/removal.ts";
import type { RemovalDeps } from "../../src/apply/remove/removal.ts";
import type { ServiceAddress } from "../../src/apply/volumes/volume.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster, SeedObject } from "../support/fake-cluster.ts";

/** A service with a claim of its chart, one of its StatefulSet and a neighbour, on a cluster whose controllers act. */
export interface RemovalWorld {
  readonly cluster: FakeCluster;
  readonly deps: RemovalDeps;
  readonly service: ServiceAddress;
  /** The unit's objects as a plan would see them now. */
  readonly objects: () => LiveObject[];
  /** Volumes whose bytes are still there. */
  readonly data: Set<string>;
  /** What the controllers do from now on. */
  readonly faults: { controller: "runs" | "stopped"; uninstall: "works" | "fails" | "skipped" };
  /** Times a chart was installed: never while removing. */
  readonly installs: { count: number };
  /** Lets the controllers act once. */
  readonly tick: () => void;
}

export const release = "paas-ws-a-db";
const namespace = "paas-ws-a";
const labels = {
  "paas.woowtech.com/platform": "p",
  "paas.woowtech.com/workspace": "a",
  "paas.woowtech.com/service": "db",
  "paas.woowtech.com/unit": "a.db",
};

/** Time passes, and the controllers act, only while somebody sleeps. */
export function makeRemovalWorld(): RemovalWorld {
  const cluster = createFakeCluster(seeds());
  const data = new Set(["pv-chart", "pv-set", "pv-neighbour"]);
  const faults: RemovalWorld["faults"] = { controller: "runs", uninstall: "works" };
  const installs = { count: 0 };
  const tick = () => {
    if (faults.controller === "runs") runHelmController(cluster, { faults, installs });
    runVolumes(cluster, data);
  };
  let time = 0;
  const clock: Clock = {
    nowMs: () => Date.UTC(2026, 0, 1) + time,
    monotonicMs: () => time,
    sleep: async (ms) => {
      time += ms;
      tick();
    },
  };
  const service = { platform: "p", workspaceId: "a", referenceId: "db", releaseName: release, namespace };
  return {
    cluster,
    data,
    faults,
    installs,
    tick,
    service,
    deps: { client: cluster, clock, signal: new AbortController().signal, timeouts: defaultRemovalTimeouts },
    objects: () =>
      cluster
        .objects()
        .filter(({ kind }) => ["HelmChart", "Secret", "Ingress"].includes(kind))
        .filter(({ metadata }) => metadata.labels?.["paas.woowtech.com/unit"] === "a.db"),
  };
}

/** The marks that Helm leaves on what it makes. */
export function ofRelease(name: string) {
  return {
    labels: { "app.kubernetes.io/managed-by": "Helm" },
    annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace },
  };
}

function seeds(): SeedObject[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-charts" } },
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "paas.woowtech.com/platform": "p" } },
    },
    chart(release, labels),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${release}-values`, namespace: "paas-charts", labels },
    },
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: release, namespace, labels } },
    releaseRecord(release),
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: release, namespace, ...ofRelease(release) },
      spec: { volumeClaimTemplates: [{ metadata: { name: "data" } }] },
    },
    ...boundClaim("files", "pv-chart", ofRelease(release)),
    ...boundClaim(`data-${release}-0`, "pv-set", {}),
    // a neighbour whose name begins like this service's
    chart(`${release}-2`, { "paas.woowtech.com/workspace": "a", "paas.woowtech.com/unit": "a.db-2" }),
    releaseRecord(`${release}-2`),
    ...boundClaim(`data-${release}-2-0`, "pv-neighbour", {
      labels: { "app.kubernetes.io/instance": `${release}-2` },
    }),
  ];
}

function chart(name: string, own: Readonly<Record<string, string>>): SeedObject {
  return {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: {
      name,
      namespace: "paas-charts",
      labels: own,
      finalizers: ["wrangler.cattle.io/on-helm-chart-remove"],
    },
    spec: { chart: "db", targetNamespace: namespace },
  };
}

function releaseRecord(name: string): SeedObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: {
      name: `sh.helm.release.v1.${name}.v1`,
      namespace,
      labels: { owner: "helm", name, version: "1", status: "deployed" },
    },
  };
}

/** A claim and the volume behind it. */
export function boundClaim(name: string, volume: string, metadata: object): SeedObject[] {
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace, uid: `claim-of-${volume}`, ...metadata },
      spec: { volumeName: volume },
      status: { phase: "Bound" },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volume, annotations: { "pv.kubernetes.io/provisioned-by": "rancher.io/local-path" } },
      spec: {
        persistentVolumeReclaimPolicy: "Delete",
        claimRef: { namespace, name, uid: `claim-of-${volume}`, resourceVersion: "1" },
        capacity: { storage: "5Gi" },
      },
      status: { phase: "Bound" },
    },
  ];
}

interface Body {
  metadata: { finalizers?: string[]; annotations?: Record<string, string> };
  spec: {
    persistentVolumeReclaimPolicy?: string;
    claimRef?: { namespace: string; name: string; uid?: string };
  };
  status: object;
}

/** As helm-controller 0.17: a job per deletion, whose failure it does not see. */
function runHelmController(
  cluster: FakeCluster,
  { faults, installs }: Pick<RemovalWorld, "faults" | "installs">,
): void {
  for (const object of cluster.objects("HelmChart")) {
    const { name, annotations, deletionTimestamp, finalizers = [] } = object.metadata;
    if (annotations?.["helmcharts.helm.cattle.io/unmanaged"] !== undefined) continue;
    if (deletionTimestamp === undefined) {
      // a HelmChart made by seeds is installed already
      if ((object as unknown as Body & { spec: { chart: string } }).spec.chart !== "db") installs.count++;
      continue;
    }
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      namespace: "paas-charts",
      name: `helm-delete-${name}`,
    };
    const live = cluster.object(job);
    if (live === undefined) {
      cluster.put({
        ...job,
        metadata: { name: job.name, namespace: job.namespace },
        spec: { suspend: false },
      });
    } else if (live["status"] === undefined) {
      if (faults.uninstall === "works") uninstall(cluster, name);
      if (faults.uninstall === "skipped") faults.uninstall = "works";
      cluster.edit(job, (one) => {
        one["status"] = { conditions: [{ type: "Complete", status: "True" }] };
      });
    } else {
      cluster.edit(refOf(object), ({ metadata }) => {
        metadata["finalizers"] = finalizers.filter((one) => !one.startsWith("wrangler"));
      });
      cluster.remove(job);
    }
  }
}

function uninstall(cluster: FakeCluster, name: string): void {
  for (const object of cluster.objects()) {
    const { labels: own, annotations } = object.metadata;
    const isRecord = object["type"] === "helm.sh/release.v1" && own?.["name"] === name;
    if (isRecord || annotations?.["meta.helm.sh/release-name"] === name) cluster.remove(refOf(object));
  }
}

/** The volume controller and the provisioner. */
function runVolumes(cluster: FakeCluster, data: Set<string>): void {
  for (const object of cluster.objects("PersistentVolume")) {
    const { spec } = object as unknown as Body;
    const { claimRef } = spec;
    if (claimRef === undefined) continue;
    const owner = cluster.object({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      namespace: claimRef.namespace,
      name: claimRef.name,
    });
    const isOwned = owner !== undefined && owner.metadata.uid === claimRef.uid;
    const phase = claimRef.uid === undefined ? "Available" : isOwned ? "Bound" : "Released";
    if (phase === "Released" && spec.persistentVolumeReclaimPolicy === "Delete") {
      data.delete(object.metadata.name);
      cluster.remove(refOf(object));
    } else if ((object as unknown as { status: { phase: string } }).status.phase !== phase) {
      cluster.edit(refOf(object), (one) => {
        one["status"] = { phase };
      });
    }
  }
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

import type { WritableObject } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { labelPrefix } from "../../constructs/labels.ts";
import { OperationError } from "../../errors.ts";
import { chartsNamespace } from "../../model/names.ts";
import { deleteObject } from "../apply-change.ts";
import { dropOldDeleteJob, isChartJobRunning, stopChartJob } from "../chart-job.ts";
import type { ApplyEvent } from "../event.ts";
import { chartFinalizer, unmanagedAnnotation } from "./explain-stuck-chart.ts";
import { listReleases } from "../volumes/find-volumes.ts";
import type { RemovalDeps, Stuck } from "./removal.ts";
import type { DataGuard } from "../volumes/secure-volumes.ts";
import { pointerKey, volumeLabels } from "../volumes/volume.ts";
import type { ServiceAddress } from "../volumes/volume.ts";
import { waitGone } from "./wait-gone.ts";

/** Marks a HelmChart that is there only to have its release uninstalled. */
const uninstallAnnotation = `${labelPrefix}/uninstall`;
/** How often a chart job that starts anew while volumes are looked at is waited for. */
const maxSettles = 5;
/** How often a release that survived its HelmChart is uninstalled anew. */
const maxUninstalls = 2;

/**
 * Deletes the HelmChart, waits until the controller has let go of it, and sees for itself that Helm's records are
 * gone: the controller's job swallows a failed uninstall, and does nothing at all beside a running upgrade. What
 * survived is uninstalled once more through a HelmChart that is already being deleted when the controller sees it, so
 * that it can only uninstall.
 * Data is made sure of when no chart job is at work, and right before anything is deleted: an installation makes claims
 * until its very end.
 * Returns what is in the way. Errors: `changed-meanwhile`, `cancelled`; those of ClusterClient.
 */
export async function* removeRelease(
  removal: ReleaseRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { service, data } = removal;
  const { client } = deps;
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const ref = chartRef(service);
  for (let uninstalls = 0; ; uninstalls++) {
    const live = await client.get(ref);
    if (live !== undefined) checkPlanned(live, removal);
    if (live?.metadata.deletionTimestamp === undefined) {
      const busy = yield* settle(removal, deps);
      if (busy !== undefined) return busy;
    } else {
      yield* data.secure();
    }
    if (live !== undefined) {
      const stuck = yield* removeChart(live, removal, deps);
      if (stuck !== undefined) return stuck;
      if (data.isExpecting()) await data.secureLate();
      yield { type: "object", unit, ref, outcome: "pruned" };
    }
    const left = await listReleases(client, service.namespace, service.releaseName);
    if (left.length === 0) return undefined;
    if (uninstalls === maxUninstalls) return explainRelease(service, left);
    yield {
      type: "step",
      unit,
      message: `Helm's release ${service.releaseName} is still there: uninstalling it again`,
    };
    await createUninstall(service, deps);
  }
}

export interface ReleaseRemoval {
  readonly service: ServiceAddress;
  /** The HelmChart as the plan saw it, undefined when it was gone then. */
  readonly chart: LiveObject | undefined;
  readonly data: DataGuard;
}

/** Brings the chart job to rest and makes sure of the data, until no job began while volumes were looked at. */
async function* settle(
  { service, data }: ReleaseRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { releaseName, workspaceId, referenceId } = service;
  for (let round = 0; round < maxSettles; round++) {
    const running = yield* stopChartJob({ unit: `${workspaceId}/${referenceId}`, releaseName }, deps);
    if (running !== undefined) return running;
    yield* data.secure();
    if (!(await isChartJobRunning(deps.client, releaseName))) return undefined;
  }
  return {
    message: `the chart job of ${releaseName} starts again and again`,
    hint: `nothing was removed; somebody keeps changing its HelmChart: \`kubectl get helmchart ${releaseName} -n ${chartsNamespace} -o yaml --show-managed-fields\` says who; run the command again afterwards`,
  };
}

function chartRef({ releaseName }: ServiceAddress): ObjectRef {
  return {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    namespace: chartsNamespace,
    name: releaseName,
  };
}

/** A HelmChart that is there only to uninstall was made by us; any other is the one that was planned to go. */
function checkPlanned(live: LiveObject, { service, chart }: ReleaseRemoval): void {
  if (isUninstall(live) || live.metadata.uid === chart?.metadata.uid) return;
  const subject = labelRef(chartRef(service));
  throw new OperationError("changed-meanwhile", `${subject} was made anew since the plan`, {
    subject,
    hint: "it was not touched; run the command again, it plans anew",
  });
}

function isUninstall({ metadata }: LiveObject): boolean {
  return metadata.annotations?.[uninstallAnnotation] !== undefined;
}

async function* removeChart(
  live: LiveObject,
  { service, chart, data }: ReleaseRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { releaseName, workspaceId, referenceId } = service;
  const unit = `${workspaceId}/${referenceId}`;
  if (live.metadata.deletionTimestamp === undefined) {
    await dropOldDeleteJob(releaseName, deps);
    yield { type: "step", unit, message: `uninstalling Helm release ${releaseName}` };
    await deleteObject(isUninstall(live) || chart === undefined ? live : chart, deps);
  }
  const { uid } = live.metadata;
  return yield* waitGone(
    { ref: chartRef(service), uid },
    {
      unit,
      timeoutMs: deps.timeouts.uninstallMs,
      // only once it is being deleted, so that the controller cannot install anything
      nudge: async (object) => {
        if (object.metadata.deletionTimestamp !== undefined) await letUninstall(object, deps);
        if (data.isExpecting() || (await isChartJobRunning(deps.client, releaseName))) {
          await data.secureLate();
        }
      },
    },
    deps,
  );
}

/**
 * A HelmChart that the controller is told to leave alone, with the controller's finalizer: deleting it leaves it
 * there, being deleted, and taking the annotation off then makes the controller uninstall.
 */
async function createUninstall(service: ServiceAddress, { client }: RemovalDeps): Promise<void> {
  const { releaseName, namespace } = service;
  const object: WritableObject = {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: {
      name: releaseName,
      namespace: chartsNamespace,
      labels: volumeLabels(service),
      annotations: { [uninstallAnnotation]: "true", [unmanagedAnnotation]: "true" },
      finalizers: [chartFinalizer],
    },
    // any name: nothing is fetched to uninstall
    spec: { chart: "none", targetNamespace: namespace, failurePolicy: "abort", backOffLimit: 4 },
  };
  const result = await client.apply(object, { createOnly: true });
  if (result.type === "conflict") throw new Error(`${releaseName}: what is created has no conflicts`);
}

async function letUninstall(chart: LiveObject, { client }: RemovalDeps): Promise<void> {
  const { annotations, uid } = chart.metadata;
  if (annotations?.[uninstallAnnotation] === undefined || annotations[unmanagedAnnotation] === undefined)
    return;
  const { releaseName, namespace } = {
    releaseName: chart.metadata.name,
    namespace: chart.metadata.namespace,
  };
  await client.patch({ apiVersion: chart.apiVersion, kind: chart.kind, namespace, name: releaseName }, [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "remove", path: `/metadata/annotations/${pointerKey(unmanagedAnnotation)}` },
  ]);
}

function explainRelease(service: ServiceAddress, left: readonly LiveObject[]): Stuck {
  const { releaseName, namespace } = service;
  const newest = left.map(({ metadata }) => metadata).sort((a, b) => version(b) - version(a))[0];
  const status = newest?.labels?.["status"] ?? "unknown";
  return {
    message: `Helm release ${releaseName} in ${namespace} is still there (Secret ${newest?.name ?? ""}, ${status}) although its HelmChart was uninstalled ${maxUninstalls + 1} times: a hook of the chart fails, or an object of it cannot be deleted`,
    hint: `\`kubectl get all,pvc -n ${namespace} -l app.kubernetes.io/instance=${releaseName}\` shows what is left of it; \`helm uninstall ${releaseName} -n ${namespace}\` says what is in the way (add --no-hooks when a hook fails); its volumes are safe; run the command again afterwards`,
  };
}

function version({ labels }: LiveObject["metadata"]): number {
  return Number.parseInt(labels?.["version"] ?? "0", 10);
}

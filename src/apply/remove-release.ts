import type { WritableObject } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { OperationError } from "../errors.ts";
import { chartsNamespace } from "../model/names.ts";
import { deleteObject } from "./apply-change.ts";
import { dropOldDeleteJob, stopChartJob } from "./chart-job.ts";
import type { ApplyEvent } from "./event.ts";
import { chartFinalizer, unmanagedAnnotation } from "./explain-stuck-chart.ts";
import { listReleases } from "./find-volumes.ts";
import type { RemovalDeps, Stuck } from "./removal.ts";
import { pointerKey, volumeLabels } from "./volume.ts";
import type { ServiceAddress } from "./volume.ts";
import { waitGone } from "./wait-gone.ts";

/** Marks a HelmChart that is there only to have its release uninstalled. */
const uninstallAnnotation = `${labelPrefix}/uninstall`;
/** How often a release that survived its HelmChart is uninstalled anew. */
const maxUninstalls = 2;

/**
 * Deletes the HelmChart, waits until the controller has let go of it, and sees for itself that Helm's records are
 * gone: the controller's job swallows a failed uninstall, and does nothing at all beside a running upgrade. What
 * survived is uninstalled once more through a HelmChart that is already being deleted when the controller sees it, so
 * that it can only uninstall.
 * `chart` is the HelmChart as the plan saw it, undefined when it was gone then.
 * Returns what is in the way. Errors: `changed-meanwhile`, `cancelled`; those of ClusterClient.
 */
export async function* removeRelease(
  service: ServiceAddress,
  chart: LiveObject | undefined,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { client } = deps;
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const ref = chartRef(service);
  for (let uninstalls = 0; ; uninstalls++) {
    const live = await client.get(ref);
    if (live !== undefined) {
      const stuck = yield* removeChart({ live, planned: chart, unit, service }, deps);
      if (stuck !== undefined) return stuck;
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

function chartRef({ releaseName }: ServiceAddress): ObjectRef {
  return {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    namespace: chartsNamespace,
    name: releaseName,
  };
}

async function* removeChart(
  {
    live,
    planned,
    unit,
    service,
  }: {
    readonly live: LiveObject;
    readonly planned: LiveObject | undefined;
    readonly unit: string;
    readonly service: ServiceAddress;
  },
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const isUninstall = live.metadata.annotations?.[uninstallAnnotation] !== undefined;
  const ref = chartRef(service);
  if (!isUninstall && live.metadata.uid !== planned?.metadata.uid) {
    throw new OperationError("changed-meanwhile", `${labelRef(ref)} was made anew since the plan`, {
      subject: labelRef(ref),
      hint: "it was not touched; run the command again, it plans anew",
    });
  }
  if (live.metadata.deletionTimestamp === undefined) {
    const running = yield* stopChartJob({ unit, releaseName: service.releaseName }, deps);
    if (running !== undefined) return running;
    await dropOldDeleteJob(service.releaseName, deps);
    yield { type: "step", unit, message: `uninstalling Helm release ${service.releaseName}` };
    await deleteObject(isUninstall || planned === undefined ? live : planned, deps);
  }
  const { uid } = live.metadata;
  return yield* waitGone(
    { ref, uid },
    {
      unit,
      timeoutMs: deps.timeouts.uninstallMs,
      // only once it is being deleted, so that the controller cannot install anything
      nudge: async (object) => {
        if (object.metadata.deletionTimestamp !== undefined) await letUninstall(object, deps);
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

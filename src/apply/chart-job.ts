import type { ClusterClient } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef, refOf } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { chartsNamespace } from "../model/names.ts";
import type { ApplyEvent } from "./event.ts";
import { waitFor } from "./remove/removal.ts";
import type { RemovalDeps, Stuck } from "./remove/removal.ts";

interface JobBody {
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: {
    readonly active?: number;
    readonly terminating?: number;
    readonly failed?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** K3s' Job that installs and upgrades a chart, or that uninstalls it. */
export function chartJobRef(action: "install" | "delete", releaseName: string): ObjectRef {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    namespace: chartsNamespace,
    name: `helm-${action}-${releaseName}`,
  };
}

/** Complete or failed for good. */
export function isJobFinished(job: LiveObject): boolean {
  return hasCondition(job, "Complete") || hasCondition(job, "Failed");
}

/** True when no pod of the Job runs and none will: it has ended, or somebody stopped it. */
function isAtRest(job: LiveObject): boolean {
  if (isJobFinished(job)) return true;
  const { spec, status } = job as JobBody & LiveObject;
  // K3s makes its Jobs suspended and resumes them at once: generation 1 is one about to start
  const wasStopped = spec?.suspend === true && (job.metadata.generation ?? 1) > 1;
  const pods = (status?.active ?? 0) + (status?.terminating ?? 0);
  return wasStopped && hasCondition(job, "Suspended") && pods === 0;
}

/** True while the chart job of a release is at work, and nobody stopped it. */
export async function isChartJobRunning(client: ClusterClient, releaseName: string): Promise<boolean> {
  const job = await client.get(chartJobRef("install", releaseName));
  if (job === undefined || isJobFinished(job)) return false;
  return (job as JobBody & LiveObject).spec?.suspend !== true;
}

function hasCondition(job: LiveObject, type: string): boolean {
  const { status } = job as JobBody & LiveObject;
  return status?.conditions?.some((one) => one.type === type && one.status === "True") === true;
}

/**
 * Waits until no chart job of the release runs: an uninstall beside a running upgrade finds another Helm revision than
 * it expects and does nothing, silently. A job that goes on is stopped after a grace period; one that has ended is
 * left as it is.
 * Returns why it cannot be stopped; undefined when the release is at rest. Errors: `cancelled`; those of ClusterClient.
 */
export async function* stopChartJob(
  service: { readonly unit: string; readonly releaseName: string },
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { client, timeouts } = deps;
  const ref = chartJobRef("install", service.releaseName);
  const look = async () => {
    const job = await client.get(ref);
    return job === undefined || isAtRest(job) ? true : undefined;
  };
  if ((await look()) === true) return undefined;
  yield { type: "step", unit: service.unit, message: `waiting for ${labelRef(ref)} to end` };
  if ((await waitFor(deps, timeouts.jobGraceMs, look)) === true) return undefined;

  yield { type: "step", unit: service.unit, message: `stopping ${labelRef(ref)}, which does not end` };
  await suspend(client, ref);
  if ((await waitFor(deps, timeouts.jobStopMs, look)) === true) return undefined;
  const job = await client.get(ref);
  // a Job that never started stays as it was made when the controller does not run; nothing of it will act
  if (job === undefined || isAtRest(job) || (await listJobPods(client, ref.name)).length === 0)
    return undefined;
  const pods = (await listJobPods(client, ref.name)).map(({ metadata }) => metadata.name).join(", ");
  return {
    message: `${labelRef(ref)} was stopped, but its pods still run: ${pods}`,
    hint: `nothing was removed; \`kubectl -n ${chartsNamespace} describe pods -l job-name=${ref.name}\` says why, then run the command again`,
  };
}

async function suspend(client: ClusterClient, ref: ObjectRef): Promise<void> {
  await client.patch(ref, [{ op: "add", path: "/spec/suspend", value: true }]);
}

/** The pods of a chart job, also those that are going. */
export async function listJobPods(client: ClusterClient, jobName: string): Promise<readonly LiveObject[]> {
  const { items } = await client.list({
    type: resourceTypes.Pod,
    namespace: chartsNamespace,
    labelSelector: `job-name=${jobName}`,
  });
  return items;
}

/**
 * Takes away the finished uninstall job of an earlier HelmChart of the name: the controller would take it for the
 * coming one's and let go of the HelmChart with nothing uninstalled.
 */
export async function dropOldDeleteJob(
  releaseName: string,
  { client }: Pick<RemovalDeps, "client">,
): Promise<void> {
  const job = await client.get(chartJobRef("delete", releaseName));
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return;
  const { uid, resourceVersion } = job.metadata;
  await client.delete(refOf(job), { uid, resourceVersion, propagation: "Background" });
}

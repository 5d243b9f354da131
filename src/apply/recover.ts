import type { Clock } from "../cluster/clock.ts";
import type { ClusterClient } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef } from "../cluster/object-ref.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { OperationError } from "../errors.ts";
import type { Recovery } from "../plan/change.ts";
import { chartJobRef, stopChartJob } from "./chart-job.ts";
import type { ApplyEvent } from "./event.ts";
import { defaultRemovalTimeouts, stopIfCancelled, waitFor } from "./remove/removal.ts";
import type { RemovalTimeouts } from "./remove/removal.ts";

/** A failed Helm release whose record was deleted to let Helm go on. */
export interface DroppedRelease {
  readonly name: string;
  readonly version: string;
  readonly status: string;
}

export interface RecoverOptions {
  /** Guarded by the lock. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly unit: string;
  readonly recovery: Recovery;
  readonly timeouts?: RemovalTimeouts;
}

export interface RecoverResult {
  /** The failed release's record that was deleted; the revision keeps it. */
  readonly droppedRelease: DroppedRelease | undefined;
}

/**
 * Makes K3s run a chart again although its HelmChart did not change. Each step looks at the cluster first, so that a
 * run that was killed anywhere can be repeated:
 * the chart job is stopped (beside us it would find another Helm revision than it expects, and do nothing), the failed
 * release's record is deleted (Helm then sees the last good one, or adopts what a failed first installation left), and
 * the job is deleted, for which K3s makes a new one from today's HelmChart.
 * Errors: `cancelled`; `unavailable` for a job that does not stop or go; those of ClusterClient.
 */
export async function* recoverUnit(options: RecoverOptions): AsyncGenerator<ApplyEvent, RecoverResult> {
  const { unit, recovery } = options;
  stopIfCancelled(options);
  yield { type: "recovering", unit, recovery: recovery.type, why: recovery.why };
  const releaseName = releaseOf(recovery);
  const droppedRelease =
    recovery.type === "drop-release-record"
      ? yield* dropRecord(options, { release: recovery.release, releaseName })
      : undefined;
  yield* rerunJob(options, releaseName);
  return { droppedRelease };
}

async function* dropRecord(
  options: RecoverOptions,
  { release, releaseName }: { readonly release: LiveObject; readonly releaseName: string },
): AsyncGenerator<ApplyEvent, RecoverResult["droppedRelease"]> {
  const { client, unit } = options;
  // under `abort` a job that finds a failed release does nothing, so there is nothing to wait for
  const timeouts = { ...(options.timeouts ?? defaultRemovalTimeouts), jobGraceMs: 0 };
  const stuck = yield* stopChartJob({ unit, releaseName }, { ...options, timeouts });
  if (stuck !== undefined) throw new OperationError("unavailable", stuck.message, { hint: stuck.hint });
  const { namespace, name, uid, labels = {} } = release.metadata;
  const now = (await listRecords(client, namespace, releaseName)).find((one) => one.metadata.uid === uid);
  const status = now?.metadata.labels?.["status"] ?? "";
  // a job that ended meanwhile may have mended it
  if (now === undefined || status === "deployed" || status === "superseded") return undefined;
  const ref = { apiVersion: "v1", kind: "Secret", namespace, name };
  if ((await client.delete(ref, { uid, resourceVersion: now.metadata.resourceVersion })) !== "deleted") {
    return undefined;
  }
  const { version = "" } = labels;
  yield { type: "step", unit, message: `deleted Helm's record of revision ${version}, which was ${status}` };
  return { name, version, status };
}

async function* rerunJob(options: RecoverOptions, releaseName: string): AsyncGenerator<ApplyEvent, void> {
  const { client, unit, recovery, timeouts = defaultRemovalTimeouts } = options;
  const ref = chartJobRef("install", releaseName);
  const job = await client.get(ref);
  if (job === undefined) return;
  const { uid } = job.metadata;
  // another job than the planned one is already the new run, unless a failed record stood in its way
  if (recovery.type === "rerun-job" && recovery.job.metadata.uid !== uid) return;
  if ((await client.delete(ref, { uid, propagation: "Background" })) === "deleted") {
    yield { type: "step", unit, message: `deleted ${labelRef(ref)}, so that K3s runs the chart again` };
  }
  const isGone = async () => ((await client.get(ref))?.metadata.uid === uid ? undefined : true);
  const gone = await waitFor({ ...options, timeouts }, timeouts.objectMs, isGone);
  if (gone === undefined) {
    throw new OperationError("unavailable", `${labelRef(ref)} is being deleted and does not go`, {
      hint: "its pods may be on a node that is gone; kubectl describe says what holds it",
    });
  }
}

function releaseOf({ type, ...recovery }: Recovery): string {
  const { job } = recovery;
  if (job !== undefined) return job.metadata.name.replace(/^helm-install-/, "");
  const named = "release" in recovery ? recovery.release.metadata.labels?.["name"] : undefined;
  if (named === undefined) throw new Error(`a recovery of type ${type} without a release name`);
  return named;
}

async function listRecords(
  client: ClusterClient,
  namespace: string | undefined,
  releaseName: string,
): Promise<readonly LiveObject[]> {
  const { items } = await client.list({
    type: resourceTypes.Secret,
    namespace,
    labelSelector: `owner=helm,name=${releaseName}`,
    fieldSelector: "type=helm.sh/release.v1",
    metadataOnly: true,
  });
  return items;
}

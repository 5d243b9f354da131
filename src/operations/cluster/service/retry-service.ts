import { chartJobRef, isJobFinished, listJobPods } from "../../../apply/chart-job.ts";
import type { ApplyEvent } from "../../../apply/event.ts";
import { recoverUnit } from "../../../apply/recover.ts";
import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { LiveObject } from "../../../cluster/live-object.ts";
import { labelRef, refOf } from "../../../cluster/object-ref.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { OperationError } from "../../../errors.ts";
import { chartsNamespace } from "../../../model/names.ts";
import type { Recovery } from "../../../plan/change.ts";
import { findRecovery } from "../../../plan/service/find-recovery.ts";
import type { ReleaseMemory } from "../../../status/release-content.ts";
import { reducePod } from "../../../status/reduce-workload.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { observeReleases } from "../observe-releases.ts";
import { checkLiveChart } from "../charts/check-live-chart.ts";
import { actOnService } from "./act-on-service.ts";
import type { ActionOptions, ActionReport } from "./act-on-service.ts";
import { openService } from "./open-service.ts";
import type { ServiceQuery } from "./open-service.ts";

export interface RetryOptions extends ServiceQuery, Omit<ActionOptions, "command"> {}

/**
 * Runs the chart of a service again as it stands in the cluster, where it failed or waits to be tried again. What git
 * says now is apply's business. Errors: `not-found`; those of openService and recoverUnit.
 */
export async function* retryService(
  deps: ClusterDeps,
  options: RetryOptions,
): AsyncGenerator<ApplyEvent, ActionReport> {
  const service = await openService(deps, options);
  const { facts } = service;
  return yield* actOnService(deps, { service, options: { ...options, command: "retry" } }, async (client) => {
    const found = await findWork(client, facts, deps.contents);
    if (found === undefined) return undefined;
    const { recovery, chart } = found;
    await checkLiveChart(deps, { unit: facts.unit, platform: service.platform, chart: { ...chart } });
    const target = recovery.type === "rerun-job" ? recovery.job : recovery.release;
    return {
      changes: [{ action: "recover", ref: refOf(target), fields: [] }],
      work: () => recoverUnit({ ...deps, client, unit: facts.unit, recovery }),
      before: { jobUid: recovery.job?.metadata.uid },
    };
  });
}

async function findWork(
  client: ClusterClient,
  facts: ServiceFacts,
  contents: ReleaseMemory | undefined,
): Promise<{ readonly recovery: Recovery; readonly chart: LiveObject } | undefined> {
  const { releaseName, namespace, unit } = facts;
  const [chart, job, releases] = await Promise.all([
    client.get({
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      namespace: chartsNamespace,
      name: releaseName,
    }),
    client.get(chartJobRef("install", releaseName)),
    client.list({
      type: resourceTypes.Secret,
      namespace,
      labelSelector: `owner=helm,name=${releaseName}`,
      fieldSelector: "type=helm.sh/release.v1",
      metadataOnly: true,
    }),
  ]);
  if (chart === undefined) {
    throw new OperationError(
      "not-found",
      `${unit} has no HelmChart in the cluster, so there is nothing to run again`,
      {
        subject: unit,
        hint: `woow apply -s ${unit} makes it`,
      },
    );
  }
  const jobs = job === undefined ? [] : [job];
  const { missing } = await observeReleases(client, {
    services: [facts],
    releases: releases.items,
    contents,
  });
  const recovery =
    findRecovery({
      releaseName,
      namespace,
      chart,
      jobs,
      releases: releases.items,
      missing: missing.get(releaseName),
    }) ?? (job === undefined ? undefined : await findPause(client, { job, releases: releases.items }));
  return recovery && { recovery, chart };
}

/** A job that failed and waits for its next attempt: K3s doubles the pause each time, and the cause may be gone. */
async function findPause(
  client: ClusterClient,
  { job, releases }: { readonly job: LiveObject; readonly releases: readonly LiveObject[] },
): Promise<Recovery | undefined> {
  if (isJobFinished(job)) return undefined;
  // a container that is killed at its work leaves the release pending
  if (releases.some(({ metadata }) => metadata.labels?.["status"]?.startsWith("pending-") === true))
    return undefined;
  const pods = (await listJobPods(client, job.metadata.name)).map(reducePod);
  const isPaused =
    pods.length > 0 &&
    pods.every(({ containers }) => containers.every(({ waiting }) => waiting !== undefined));
  if (!isPaused) return undefined;
  return { type: "rerun-job", job, why: `${labelRef(refOf(job))} waits before it tries again` };
}

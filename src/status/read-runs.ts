import type { ClusterClient } from "../cluster/cluster-client.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { chartsNamespace } from "../model/names.ts";
import { chartLabel, reduceJob } from "./reduce-release.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { RunBefore } from "./verdict.ts";

/**
 * The chart jobs as they are before a write, by unit: one LIST. Give it to the wait for those services whose HelmChart
 * spec or values change; then only a job made after the write counts.
 */
export async function readRuns(
  client: ClusterClient,
  services: readonly ServiceFacts[],
): Promise<ReadonlyMap<string, RunBefore>> {
  const { items } = await client.list({
    type: resourceTypes.Job,
    namespace: chartsNamespace,
    labelSelector: chartLabel,
  });
  const jobs = items.flatMap((object) => reduceJob(object) ?? []).filter(({ isDelete }) => !isDelete);
  const uids = new Map(jobs.map(({ release, uid }) => [release, uid]));
  return new Map(services.map(({ unit, releaseName }) => [unit, { jobUid: uids.get(releaseName) }]));
}

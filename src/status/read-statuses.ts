import type { ClusterClient } from "../cluster/cluster-client.ts";
import { assessService } from "./assess-service.ts";
import { observeDetails } from "./observe-details.ts";
import { observeServices } from "./observe-services.ts";
import type { ObserveServicesOptions } from "./observe-services.ts";
import { readHelmErrors } from "./read-helm-errors.ts";
import type { HelmErrorCache, HelmTrouble } from "./read-helm-errors.ts";
import { readReleaseContents } from "./read-release-contents.ts";
import { createReleaseMemory } from "./release-content.ts";
import type { ReleaseMemory } from "./release-content.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceDetails, ServiceObservation } from "./service-observation.ts";
import type { ServiceStatus } from "./service-status.ts";
import type { RunBefore } from "./verdict.ts";

export interface ReadStatusesOptions extends ObserveServicesOptions {
  /** Known beforehand, or from what is there. */
  readonly services: readonly ServiceFacts[] | ((observation: ServiceObservation) => readonly ServiceFacts[]);
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** By unit: what ran before a write that makes K3s run the chart job again. */
  readonly before?: ReadonlyMap<string, RunBefore>;
  /** True: pods even where everything runs, for restarts. */
  readonly pods: boolean;
  /** Helm's words already read; give the same again when asking often. */
  readonly cache?: HelmErrorCache;
  /** What releases are made of, as far as it was read; left out: every deployed one is read. */
  readonly contents?: ReleaseMemory;
}

export interface StatusesRead {
  /** By unit. */
  readonly statuses: ReadonlyMap<string, ServiceStatus>;
  readonly facts: readonly ServiceFacts[];
  readonly observation: ServiceObservation;
}

/**
 * How services stand. The number of requests does not depend on how many there are (records that are not in the memory:
 * one for every 50); pods, claims, events and what Helm said are read only where something does not run. Errors: see
 * ClusterClient.
 */
export async function readStatuses(
  client: ClusterClient,
  options: ReadStatusesOptions,
): Promise<StatusesRead> {
  const { cache = new Map() } = options;
  const listed = await observeServices(client, options);
  const facts = typeof options.services === "function" ? options.services(listed) : options.services;
  const deployed = facts.flatMap(({ namespace, releaseName }) => {
    const newest = listed.releases.get(`${namespace}/${releaseName}`)?.[0];
    return newest?.status === "deployed" ? [newest] : [];
  });
  const contents = await readReleaseContents(client, deployed, options.contents ?? createReleaseMemory());
  const observation: ServiceObservation = { ...listed, contents };
  const statuses = assessAll(facts, observation, options);
  const late = facts.filter(({ unit }) => needsDetails(statuses.get(unit)));
  if (late.length === 0 && !options.pods) return { statuses, facts, observation };
  const details = await observeDetails(client, {
    namespaces: options.pods ? new Set() : new Set(late.map(({ namespace }) => namespace)),
    causes: late.length > 0,
  });
  const withPods = withDetails(observation, details);
  const troubles = late.map((one) => findTrouble(one, observation)).filter((one) => one !== undefined);
  const helmErrors = await readHelmErrors(client, troubles, { details, cache });
  const complete = withDetails(withPods, { ...details, helmErrors });
  return { statuses: assessAll(facts, complete, options), facts, observation: complete };
}

function withDetails(observation: ServiceObservation, details: ServiceDetails): ServiceObservation {
  return { ...observation, details };
}

function assessAll(
  services: readonly ServiceFacts[],
  observation: ServiceObservation,
  { nowMs, before }: Pick<ReadStatusesOptions, "nowMs" | "before">,
): ReadonlyMap<string, ServiceStatus> {
  return new Map(
    services.map((facts) => [
      facts.unit,
      assessService({ facts, observation, nowMs, before: before?.get(facts.unit) }),
    ]),
  );
}

/** False for what runs, and for what has nothing in the cluster to look at. */
function needsDetails(status: ServiceStatus | undefined): boolean {
  return status !== undefined && status.state !== "running" && status.reason?.code !== "not-applied";
}

function findTrouble(
  { namespace, releaseName }: ServiceFacts,
  { releases, installJobs }: ServiceObservation,
): HelmTrouble | undefined {
  const newest = releases.get(`${namespace}/${releaseName}`)?.[0];
  const job = installJobs.get(releaseName);
  const failed = newest?.status === "failed" ? newest : undefined;
  const troubled = job !== undefined && (job.state === "active" || job.state === "failed") ? job : undefined;
  if (failed === undefined && troubled === undefined) return undefined;
  return { release: releaseName, failed, job: troubled };
}

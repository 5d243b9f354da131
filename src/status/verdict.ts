import { refKey } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { ReasonCode } from "./reason-codes.ts";
import type { ReleaseContent } from "./release-content.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type {
  ChartFacts,
  JobFacts,
  ReleaseFacts,
  ServiceObservation,
  WorkloadFacts,
} from "./service-observation.ts";
import type { Reason, ServiceState } from "./service-status.ts";

/** The chart job as it was before a write; then only another job proves that the write is run. */
export interface RunBefore {
  readonly jobUid: string | undefined;
}

/** One service and all that the cluster says of it. */
export interface ServiceCase {
  readonly facts: ServiceFacts;
  readonly observation: ServiceObservation;
  readonly nowMs: number;
  /** Undefined when nothing was written: then times tell whether the newest change is run. */
  readonly before: RunBefore | undefined;
  readonly chart: ChartFacts | undefined;
  readonly installJob: JobFacts | undefined;
  readonly deleteJob: JobFacts | undefined;
  /** Newest first. */
  readonly releases: readonly ReleaseFacts[];
  readonly newest: ReleaseFacts | undefined;
  /** What is marked as the release's, and what the release made though its mark is gone. */
  readonly workloads: readonly WorkloadFacts[];
  /** What the newest release made; undefined unless it is deployed and could be read. */
  readonly content: ReleaseContent | undefined;
}

/** A reason whose code is one of ours. */
export interface Finding extends Reason {
  readonly code: ReasonCode;
}

/** What an assessment says of a service that does not run. */
export interface Verdict {
  readonly state: Exclude<ServiceState, "running">;
  readonly reason: Finding;
  readonly isFinal: boolean;
}

export function makeCase(options: {
  readonly facts: ServiceFacts;
  readonly observation: ServiceObservation;
  readonly nowMs: number;
  readonly before?: RunBefore | undefined;
}): ServiceCase {
  const { facts, observation } = options;
  const key = `${facts.namespace}/${facts.releaseName}`;
  const releases = observation.releases.get(key) ?? [];
  const [newest] = releases;
  const content = newest === undefined ? undefined : observation.contents.get(newest.uid);
  const made = (content?.workloads ?? []).flatMap(
    ({ ref }) => observation.workloadsByRef.get(refKey(ref)) ?? [],
  );
  return {
    ...options,
    before: options.before,
    chart: observation.charts.get(facts.releaseName),
    installJob: observation.installJobs.get(facts.releaseName),
    deleteJob: observation.deleteJobs.get(facts.releaseName),
    releases,
    newest,
    workloads: [...new Set([...made, ...(observation.workloads.get(key) ?? [])])],
    content,
  };
}

/** True when some release is deployed beside the newest: then what the newest tried was an upgrade. */
export function isUpgrade({ releases, newest }: ServiceCase): boolean {
  return releases.some(({ status, revision }) => status === "deployed" && revision !== newest?.revision);
}

/** deploying while nothing was deployed before the chart job at hand, upgrading afterwards. */
export function workState({ releases, newest, installJob: job }: ServiceCase): "deploying" | "upgrading" {
  // at the end of an upgrade the release before it is superseded, and the job still runs
  if (newest !== undefined && isLater(newest)) return "upgrading";
  const wasThere = releases.some(({ status, revision, changedMs }) => {
    if (status !== "deployed") return false;
    if (job === undefined || job.state === "complete") return true;
    return job.expectedRevision === undefined ? changedMs < job.createdMs : revision <= job.expectedRevision;
  });
  return wasThere ? "upgrading" : "deploying";
}

/** Of a release that was there before: Helm counts its own failed records, which alone are no earlier release. */
function isLater({ status, revision }: ReleaseFacts): boolean {
  if (status === "pending-upgrade" || status === "pending-rollback") return true;
  return status === "deployed" && revision > 1;
}

/** "30 s", "12 min", "3 h", "2 d", as people say it. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 120 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A reference to the namespace of a service. */
export function namespaceRef({ namespace }: ServiceFacts): ObjectRef {
  return { apiVersion: "v1", kind: "Namespace", namespace: undefined, name: namespace };
}

/** The same for a release that is deployed while its pods are on their way. */
export function workloadState({ newest }: ServiceCase): "deploying" | "upgrading" {
  return (newest?.revision ?? 1) > 1 ? "upgrading" : "deploying";
}

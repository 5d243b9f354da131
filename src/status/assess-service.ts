import { labelRef } from "../cluster/object-ref.ts";
import { assessBackend } from "./assess-backend.ts";
import { assessPickUp, assessPresence } from "./assess-chart.ts";
import { assessJob } from "./assess-job.ts";
import { assessContent, warnOfContent } from "./assess-content.ts";
import { assessFailedRelease, assessRelease, warnOfRelease } from "./assess-release.ts";
import { assessWorkloads, podsOf } from "./assess-workloads.ts";
import { assessCertificate, warnOfCertificates } from "./certificate.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceObservation } from "./service-observation.ts";
import type { ServiceStatus } from "./service-status.ts";
import { makeCase } from "./verdict.ts";
import type { Finding, RunBefore, ServiceCase } from "./verdict.ts";

export interface AssessOptions {
  readonly facts: ServiceFacts;
  readonly observation: ServiceObservation;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** The runs before a write that makes K3s run the chart job again. */
  readonly before?: RunBefore | undefined;
}

/**
 * Whether a service really runs: the chart job of this spec completed, the newest Helm release is deployed from it,
 * what it made is there, its pods are ready and the Ingress' Service has endpoints (design.md 7). The first thing that is not so is the reason.
 */
export function assessService(options: AssessOptions): ServiceStatus {
  const subject = makeCase(options);
  const { facts, observation, workloads, newest, chart, releases } = subject;
  const verdict =
    assessPresence(subject) ??
    assessFailedRelease(subject) ??
    assessPickUp(subject) ??
    assessJob(subject) ??
    assessRelease(subject) ??
    assessContent(subject) ??
    assessWorkloads(subject) ??
    assessBackend(subject);
  const certificate = assessCertificate(observation, facts);
  const deployed = releases.find(({ status }) => status === "deployed");
  return {
    unit: facts.unit,
    state: verdict?.state ?? "running",
    reason: verdict?.reason,
    isFinal: verdict?.isFinal ?? true,
    helmRevision: newest?.revision,
    helmStatus: newest?.status,
    chartVersion: deployedVersion(subject),
    deployedAt: deployed === undefined || chart === undefined ? undefined : formatTime(chart.createdMs),
    lastUpgradedAt:
      deployed === undefined || deployed.revision === 1 ? undefined : formatTime(deployed.changedMs),
    readyPods: sum(workloads.map(({ ready }) => ready)),
    wantedPods: sum(workloads.map(({ wanted }) => wanted)),
    certificate,
    warnings: [...listWarnings(subject), ...warnOfCertificates(certificate)],
  };
}

/** The job's, once its release is deployed; while a job is at work, what the chart's objects say. */
function deployedVersion({ releases, newest, installJob, workloads }: ServiceCase): string | undefined {
  if (!releases.some(({ status }) => status === "deployed")) return undefined;
  const isJobs = newest?.status === "deployed" && installJob?.state === "complete";
  const sameHash = newest?.configHash === undefined || newest.configHash === installJob?.configHash;
  if (isJobs && sameHash && (installJob.version ?? "") !== "") return installJob.version;
  // `helm.sh/chart: NAME-VERSION`, with `_` where a version has `+`
  const label = workloads.find(({ chartLabel }) => chartLabel !== undefined)?.chartLabel;
  return /-(v?\d+\.\d+\.\d+.*)$/.exec(label ?? "")?.[1]?.replaceAll("_", "+");
}

function listWarnings(subject: ServiceCase): readonly Finding[] {
  const { facts, chart } = subject;
  const undefinedService: readonly Finding[] = facts.isDefined
    ? []
    : [
        {
          code: "not-defined",
          message: "no file defines it any more",
          ref: chart?.ref,
          hint: "woow apply removes it and keeps its volumes; woow destroy removes it now",
        },
      ];
  return [
    ...undefinedService,
    ...warnOfRelease(subject),
    ...warnOfContent(subject),
    ...warnOfRestarts(subject),
  ];
}

function warnOfRestarts({ workloads, observation, facts }: ServiceCase): readonly Finding[] {
  const { details } = observation;
  if (details === undefined) return [];
  const pods = workloads.flatMap((workload) => podsOf(workload, details)).filter(({ isReady }) => isReady);
  return pods.flatMap((pod) =>
    pod.containers
      .filter(({ restarts, lastTerminated }) => restarts > 0 && lastTerminated !== undefined)
      .map(({ name, restarts, lastTerminated }) => ({
        code: "restarts" as const,
        message: `container ${name} of ${labelRef(pod.ref)} was restarted ${restarts === 1 ? "once" : `${restarts} times`}, last exit code ${lastTerminated?.exitCode} (${lastTerminated?.reason ?? "no reason"})`,
        ref: pod.ref,
        hint: `woow logs ${facts.unit} --previous shows what it said`,
      })),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

import { isOutdated } from "./assess-chart.ts";
import { explainHelm } from "./explain-helm.ts";
import type { ReleaseFacts } from "./service-observation.ts";
import { isUpgrade, workState } from "./verdict.ts";
import type { Finding, ServiceCase, Verdict } from "./verdict.ts";

/** Clocks of API server and job pod may differ by this much. */
const skewMs = 5000;
/** How long K3s may take to see that a job ended without making the release it should. */
const settleMs = 15_000;

/** A release whose newest record is failed: under `abort` no job mends it, whatever the new values are. */
export function assessFailedRelease(subject: ServiceCase): Verdict | undefined {
  const { newest, chart, facts, observation } = subject;
  if (newest?.status !== "failed") return undefined;
  const upgrade = isUpgrade(subject);
  const told = observation.details?.helmErrors.get(facts.releaseName);
  const explained = told === undefined ? undefined : explainHelm(told, chart?.repo);
  const what = upgrade
    ? `the upgrade to revision ${newest.revision} failed`
    : "the first installation failed";
  const keeps = upgrade ? "; the pods of the last good one stay" : "";
  return {
    state: "error",
    isFinal: chart?.failurePolicy === "abort" && !isOutdated(subject),
    reason: {
      code: explained?.code ?? (upgrade ? "upgrade-failed" : "install-failed"),
      message: `${what}${explained === undefined ? "" : `: ${explained.message}`}${keeps}`,
      ref: newest.ref,
      hint: hintFor({ explained: explained?.hint, unit: facts.unit, upgrade }),
    },
  };
}

function hintFor(options: {
  readonly explained: string | undefined;
  readonly unit: string;
  readonly upgrade: boolean;
}): string {
  const { explained, unit, upgrade } = options;
  if (explained !== undefined) return explained.replaceAll("SERVICE", unit);
  const back = upgrade ? `, or woow rollback ${unit} N` : "";
  return `woow logs ${unit} --job may still show why; correct the file and woow apply${back}, or woow retry ${unit} to try the same again`;
}

/** What the release says once its job has completed. */
export function assessRelease(subject: ServiceCase): Verdict | undefined {
  const { newest, installJob, facts } = subject;
  if (installJob === undefined || installJob.state !== "complete") return undefined;
  if (newest === undefined) {
    return error(subject, {
      code: "release-missing",
      message: "the chart job completed, but there is no Helm release",
      ref: installJob.ref,
      hint: `somebody uninstalled it by hand; woow retry ${facts.unit} installs it again`,
    });
  }
  if (newest.status.startsWith("pending-")) {
    return error(subject, {
      code: "release-stuck",
      message: `Helm was interrupted: revision ${newest.revision} is ${newest.status} and no job works on it`,
      ref: newest.ref,
      hint: `woow retry ${facts.unit} runs the chart job again`,
    });
  }
  if (newest.status !== "deployed") {
    return error(subject, {
      code: "uninstall-error",
      message: `revision ${newest.revision} is ${newest.status} although its HelmChart is there`,
      ref: newest.ref,
      hint: `woow retry ${facts.unit} installs it again`,
    });
  }
  return assessHash(subject, newest);
}

function assessHash(subject: ServiceCase, newest: ReleaseFacts): Verdict | undefined {
  const { installJob, facts } = subject;
  if (installJob?.configHash === undefined) return undefined;
  if (newest.configHash !== undefined && newest.configHash !== installJob.configHash) {
    return error(subject, {
      code: "hash-mismatch",
      message: `revision ${newest.revision} was not made from today's HelmChart (a rollback with helm itself?)`,
      ref: newest.ref,
      hint: `woow retry ${facts.unit} brings back what git says; to go back use woow rollback ${facts.unit} N`,
    });
  }
  // no hash on the release: the job must at least have written it
  if (newest.configHash === undefined && newest.changedMs + skewMs < installJob.createdMs) {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "job-skipped",
        message: `the chart job ended without doing anything: revision ${newest.revision} is older than the job`,
        ref: installJob.ref,
        hint: `woow retry ${facts.unit} runs it again`,
      },
    };
  }
  return undefined;
}

/** What is odd about a release that is deployed. */
export function warnOfRelease({ newest, installJob }: ServiceCase): readonly Finding[] {
  if (newest?.status !== "deployed" || installJob?.state !== "complete") return [];
  if (newest.configHash === undefined) {
    return [
      {
        code: "older-controller",
        message: "this K3s does not mark releases, so it cannot be proven that the newest values run",
        ref: newest.ref,
        hint: "K3s 1.33.13, 1.34.10, 1.35.7 and 1.36.3 or newer do",
      },
    ];
  }
  const { expectedRevision } = installJob;
  if (expectedRevision === undefined || newest.revision <= expectedRevision + 1) return [];
  return [
    {
      code: "newer-release",
      message: `revision ${newest.revision} was not made by the chart job, which made ${expectedRevision + 1}: somebody used helm by hand`,
      ref: newest.ref,
      hint: "woow plan shows what git says; woow retry SERVICE brings it back".replace(" SERVICE", ""),
    },
  ];
}

/** K3s compares the release with its HelmChart when a job ends, and runs another one by itself: only then is it wrong. */
function error(subject: ServiceCase, reason: Finding): Verdict {
  const { newest, installJob, nowMs } = subject;
  const settled = nowMs - Math.max(newest?.changedMs ?? 0, installJob?.completedMs ?? 0) > settleMs;
  if (settled) return { state: "error", isFinal: true, reason };
  const message = "K3s compares the release with its HelmChart";
  return {
    state: workState(subject),
    isFinal: false,
    reason: {
      code: "job-outdated",
      message,
      ref: reason.ref,
      hint: "wait; K3s runs the chart again by itself",
    },
  };
}

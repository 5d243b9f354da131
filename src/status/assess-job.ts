import { labelRef } from "../cluster/object-ref.ts";
import { assessPod, eventOf } from "./assess-pod.ts";
import { describeRefusal } from "./assess-workloads.ts";
import { explainHelm } from "./explain-helm.ts";
import type { JobFacts, PodFacts, ServiceDetails, TerminationFacts } from "./service-observation.ts";
import { formatSpan, workState } from "./verdict.ts";
import type { Finding, ServiceCase, Verdict } from "./verdict.ts";

/** K3s makes jobs suspended and resumes them within seconds. */
const resumeMs = 30_000;
/** What a chart job may take beyond Helm's own limit: pulling its image, reading the repository. */
const extraJobMs = 120_000;

/** A chart job that did not complete. */
export function assessJob(subject: ServiceCase): Verdict | undefined {
  const { installJob: job } = subject;
  if (job === undefined || job.state === "complete") return undefined;
  if (job.state === "suspended") return assessSuspended(subject, job);
  if (job.state === "failed") return { state: "error", isFinal: true, reason: failedJob(subject, job) };
  return assessActive(subject, job);
}

function assessSuspended(subject: ServiceCase, job: JobFacts): Verdict {
  const since = subject.nowMs - job.createdMs;
  const state = subject.newest === undefined ? "pending" : workState(subject);
  if (since < resumeMs) return { state, isFinal: false, reason: starting(job, "is about to start") };
  return {
    state,
    isFinal: false,
    reason: {
      code: "job-suspended",
      message: `${labelRef(job.ref)} is suspended for ${formatSpan(since)}`,
      ref: job.ref,
      hint: `woow retry ${subject.facts.unit} runs it again; if that changes nothing, K3s' helm-controller does not run`,
    },
  };
}

function assessActive(subject: ServiceCase, job: JobFacts): Verdict {
  const { observation, facts, nowMs, chart } = subject;
  const { details } = observation;
  const state = workState(subject);
  if (details === undefined) return { state, isFinal: false, reason: working(job, state) };
  const pods = podsOfJob(job, details);
  const told = details.helmErrors.get(facts.releaseName);
  const attempts = attemptsOf(pods, job);
  if (attempts > 0) {
    const explained = told === undefined ? undefined : explainHelm(told, chart?.repo);
    const tries = `attempt ${attempts} failed`;
    if (explained !== undefined) {
      const { code, message, hint, isFinal } = explained;
      return {
        state: "error",
        isFinal,
        reason: { code, message, ref: job.ref, hint: hint.replaceAll("SERVICE", facts.unit) },
      };
    }
    return {
      state: "error",
      isFinal: false,
      reason: {
        code: "job-failing",
        message: `${labelRef(job.ref)} fails (${tries}); K3s tries again`,
        ref: job.ref,
        hint: `woow logs ${facts.unit} --job shows what Helm said`,
      },
    };
  }
  const hook = failedHook(subject, job, details);
  if (hook !== undefined) return hook;
  const stuck = stuckJob(subject, { job, pods, details });
  if (stuck !== undefined) return { state: "error", isFinal: false, reason: stuck };
  const limitMs = (chart?.timeoutMs ?? 0) + extraJobMs;
  const runs = nowMs - (job.startedMs ?? job.createdMs);
  if (runs > limitMs) {
    return {
      state: "error",
      isFinal: false,
      reason: {
        code: "job-stuck",
        message: `${labelRef(job.ref)} runs for ${formatSpan(runs)}, longer than the chart's limit of ${formatSpan(chart?.timeoutMs ?? 0)}`,
        ref: job.ref,
        hint: `woow logs ${facts.unit} --job shows where it stands; woow retry ${facts.unit} starts it anew once it has ended`,
      },
    };
  }
  return {
    state,
    isFinal: false,
    reason: pods.length === 0 ? starting(job, "is starting") : working(job, state),
  };
}

/** A hook that failed for good: Helm itself notices only when the chart's time limit is over. */
function failedHook(
  { facts, observation }: ServiceCase,
  job: JobFacts,
  details: ServiceDetails,
): Verdict | undefined {
  const isOfRelease = (name: string) => ownerOf(name, observation.charts.keys()) === facts.releaseName;
  const hook = details.hooks
    .get(facts.namespace)
    ?.find(
      ({ ref, hasFailed, createdMs }) => hasFailed && createdMs >= job.createdMs && isOfRelease(ref.name),
    );
  if (hook === undefined) return undefined;
  return {
    state: "error",
    isFinal: true,
    reason: {
      code: "hook-failed",
      message: `the chart's ${hook.kind} hook failed (${labelRef(hook.ref)})`,
      ref: hook.ref,
      hint: `kubectl logs -n ${facts.namespace} job/${hook.ref.name} says why; correct the values, then woow apply -s ${facts.unit}`,
    },
  };
}

/** The release with the longest name that a hook's name begins with: Helm does not mark hooks. */
function ownerOf(name: string, releases: Iterable<string>): string | undefined {
  return [...releases].filter((release) => name.startsWith(release)).sort((a, b) => b.length - a.length)[0];
}

/** A job whose pod cannot start. */
function stuckJob(
  subject: ServiceCase,
  { job, pods, details }: { job: JobFacts; pods: readonly PodFacts[]; details: ServiceDetails },
): Finding | undefined {
  const { facts, nowMs } = subject;
  if (pods.length === 0) {
    const refused = eventOf(details, job.ref, /^FailedCreate$/);
    if (refused === undefined) return undefined;
    const { message, hint } = describeRefusal(job.ref, refused.message);
    return { code: "job-stuck", message: `the chart job cannot start: ${message}`, ref: job.ref, hint };
  }
  for (const pod of pods) {
    if (pod.containers.some(({ runningSinceMs }) => runningSinceMs !== undefined)) continue;
    const found = assessPod(pod, { details, unit: facts.unit, nowMs });
    if (found === undefined || found.isWaiting) continue;
    const { message, hint } = found.finding;
    return { code: "job-stuck", message: `the chart job cannot start: ${message}`, ref: pod.ref, hint };
  }
  return undefined;
}

function failedJob({ observation, facts, chart, newest }: ServiceCase, job: JobFacts): Finding {
  const told = observation.details?.helmErrors.get(facts.releaseName);
  const explained = told === undefined ? undefined : explainHelm(told, chart?.repo);
  if (explained !== undefined) {
    const { code, message, hint } = explained;
    const hintText = hint.replaceAll("SERVICE", facts.unit);
    return {
      code,
      message,
      ref: job.ref,
      hint:
        hintText.includes("woow retry") || hintText.includes("woow apply")
          ? hintText
          : `${hintText}; then woow retry ${facts.unit}`,
    };
  }
  // a failure that Helm records is told by the release; the pod and its log go with the Job's last attempt
  const unrecorded = newest === undefined || newest.revision <= (job.expectedRevision ?? -1);
  return {
    code: "job-failed",
    message: `${labelRef(job.ref)} failed as often as it may be tried${unrecorded ? ", before Helm recorded anything: the chart could not be fetched, or it refused its values" : ""}`,
    ref: job.ref,
    hint: `woow retry ${facts.unit} runs it again and tells what Helm says`,
  };
}

/** The pods of one chart job. */
export function podsOfJob(job: JobFacts, details: ServiceDetails): readonly PodFacts[] {
  const pods = details.pods.get(job.ref.namespace ?? "") ?? [];
  return pods.filter(({ labels }) => labels["batch.kubernetes.io/controller-uid"] === job.uid);
}

function attemptsOf(pods: readonly PodFacts[], job: JobFacts): number {
  const restarts = pods.flatMap(({ containers }) => containers.map((one) => one.restarts));
  const failed = (one: TerminationFacts | undefined) => one !== undefined && one.exitCode !== 0;
  const ends = pods.flatMap(({ containers }) => containers).filter(({ terminated }) => failed(terminated));
  const isAgain = pods.some(({ containers }) => containers.some((one) => failed(one.lastTerminated)));
  return Math.max(job.failedPods, ...restarts, isAgain ? 1 : 0) + (ends.length > 0 ? 1 : 0);
}

function starting(job: JobFacts, how: string): Finding {
  return {
    code: "job-starting",
    message: `the chart job ${how}`,
    ref: job.ref,
    hint: "wait; woow status --watch follows it",
  };
}

function working(job: JobFacts, state: "deploying" | "upgrading"): Finding {
  return {
    code: "job-running",
    message: `the chart job ${state === "deploying" ? "installs" : "upgrades"} the release`,
    ref: job.ref,
    hint: "wait; woow status --watch follows it",
  };
}

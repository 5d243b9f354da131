import { labelRef } from "../cluster/object-ref.ts";
import { assessPod, eventOf } from "./assess-pod.ts";
import type { PodContext, PodProblem } from "./assess-pod.ts";
import type { PodFacts, ServiceDetails, WorkloadFacts } from "./service-observation.ts";
import { workloadState } from "./verdict.ts";
import type { Finding, ServiceCase, Verdict } from "./verdict.ts";

/** Starting takes as long as the chart is given; after that, what is not ready is an error. */
const leastStartMs = 600_000;

/** Pods that are there but not ready, or that cannot be made. */
export function assessWorkloads(subject: ServiceCase): Verdict | undefined {
  const { workloads, observation, facts, nowMs } = subject;
  const late = workloads.filter(({ isReady }) => !isReady);
  const [first] = late;
  if (first === undefined) return undefined;
  const { details } = observation;
  if (details === undefined)
    return { state: workloadState(subject), isFinal: false, reason: rollingOut(first) };
  const context: PodContext = { details, unit: facts.unit, nowMs };
  const problems = late.flatMap((workload) => assessWorkload(workload, context));
  const worst =
    problems.find(({ isFinal }) => isFinal) ?? problems.find(({ isWaiting }) => !isWaiting) ?? problems[0];
  const isSlow = isOverdue(subject, late);
  if (worst === undefined || (worst.isWaiting && !isSlow)) {
    const reason = worst?.finding ?? rollingOut(first);
    return { state: workloadState(subject), isFinal: false, reason };
  }
  return { state: "error", isFinal: worst.isFinal, reason: worst.finding };
}

function isOverdue({ newest, chart, nowMs }: ServiceCase, late: readonly WorkloadFacts[]): boolean {
  const allowedMs = Math.max(leastStartMs, chart?.timeoutMs ?? 0);
  return late.some((workload) => workload.isOverdue) || nowMs - (newest?.changedMs ?? nowMs) > allowedMs;
}

function assessWorkload(workload: WorkloadFacts, context: PodContext): readonly PodProblem[] {
  const { details } = context;
  const pods = podsOf(workload, details);
  const problems = pods.flatMap((pod) => assessPod(pod, context) ?? []);
  // an upgrade's new pods may be refused while all the old ones serve; an event may be older than what is there now
  const isServing = pods.filter(({ deletedMs }) => deletedMs === undefined).length >= workload.wanted;
  const refusal = workload.createFailure ?? (isServing ? undefined : createFailure(workload, details));
  return refusal === undefined ? problems : [...problems, explainRefusal(workload, { refusal, isServing })];
}

/** Only a Deployment says it in its status; for the others, and for its ReplicaSet, events do. */
function createFailure(workload: WorkloadFacts, details: ServiceDetails): string | undefined {
  const direct = eventOf(details, workload.ref, /^FailedCreate$/);
  if (direct !== undefined || workload.ref.kind !== "Deployment") return direct?.message;
  const prefix = `ReplicaSet/${workload.ref.namespace ?? ""}/${workload.ref.name}-`;
  for (const [key, events] of details.events) {
    if (!key.startsWith(prefix)) continue;
    const found = events.find(({ reason }) => reason === "FailedCreate");
    if (found !== undefined) return found.message;
  }
  return undefined;
}

function explainRefusal(
  { ref }: WorkloadFacts,
  { refusal, isServing }: { readonly refusal: string; readonly isServing: boolean },
): PodProblem {
  const finding = describeRefusal(ref, refusal);
  // another service's upgrade may hold the room and give it back
  const isWaiting = isServing && finding.code === "quota";
  return { finding, isFinal: !isWaiting, isWaiting };
}

/** Why the API server refuses to make pods. */
export function describeRefusal(ref: Finding["ref"], words: string): Finding {
  const what = ref === undefined ? "pods" : `pods of ${labelRef(ref)}`;
  const full = /exceeded quota: ([\w.-]+), requested: ([^ ]+), used: ([^ ]+), limited: ([^ ]+)/.exec(words);
  if (full !== null) {
    const [, quota, requested = "", used = "", limited = ""] = full;
    return {
      code: "quota",
      message: `quota ${quota} leaves no room for ${what}: asked for ${trimList(requested)}, used ${trimList(used)}, limit ${trimList(limited)}`,
      ref,
      hint: "raise the workspace's quota or lower the service's resources, then woow apply",
    };
  }
  const unsized = /failed quota: ([\w.-]+): must specify ([^ ;]+)/.exec(words);
  if (unsized !== null) {
    return {
      code: "quota",
      message: `quota ${unsized[1]} refuses ${what}: a container does not say ${unsized[2]}`,
      ref,
      hint: "set the chart's resources in helm_values or raw_values, then woow apply",
    };
  }
  const short = /Invalid value: "([\w.]+)": must be less than or equal to (\w+) limit of ([\w.]+)/.exec(
    words,
  );
  if (short !== null) {
    return {
      code: "pod-refused",
      message: `${what} are refused: a container asks for ${short[2]} ${short[1]} and its limit is ${short[3]}`,
      ref,
      hint: "set the container's limit beside its request: without one it gets container_defaults of platform.yaml; then woow apply",
    };
  }
  const security = /violates PodSecurity "([\w:.-]+)"/.exec(words);
  const policy = /ValidatingAdmissionPolicy '([\w.-]+)'/.exec(words);
  const webhook = /admission webhook "([^"]+)" denied/.exec(words);
  const by =
    security !== null
      ? `pod security ${security[1]}${listViolations(words)}`
      : policy !== null
        ? `admission policy ${policy[1]}`
        : webhook !== null
          ? `admission webhook ${webhook[1]}`
          : /serviceaccount "([^"]+)" not found/.exec(words) !== null
            ? "a missing ServiceAccount"
            : "the API server";
  return {
    code: "pod-refused",
    message: `${what} are refused by ${by}`,
    ref,
    hint: "kubectl describe shows the whole sentence; correct the chart's values, then woow apply",
  };
}

/** What the Pod Security Standards call their rules: quoted by name, never with what the pod says. */
const podSecurityRules = [
  "privileged",
  "host namespaces",
  "hostPath volumes",
  "hostPort",
  "hostProcess",
  "non-default capabilities",
  "unrestricted capabilities",
  "allowPrivilegeEscalation",
  "runAsNonRoot",
  "runAsUser=0",
  "restricted volume types",
  "seccompProfile",
  "seLinuxOptions",
  "procMount",
  "AppArmor profile",
  "forbidden sysctls",
];

function listViolations(words: string): string {
  const reasons = words.slice(words.indexOf("violates PodSecurity"));
  const broken = podSecurityRules.filter(
    (rule) => reasons.includes(`${rule} (`) || reasons.includes(`${rule}s (`),
  );
  return broken.length === 0 ? "" : ` (${broken.join(", ")})`;
}

function trimList(text: string): string {
  return text.replace(/[,;.]+$/, "").replaceAll(",", ", ");
}

/** The pods a workload's selector picks in its namespace. */
export function podsOf(
  { ref, selector }: WorkloadFacts,
  details: Pick<ServiceDetails, "pods">,
): readonly PodFacts[] {
  const wanted = Object.entries(selector);
  if (wanted.length === 0) return [];
  const pods = details.pods.get(ref.namespace ?? "") ?? [];
  return pods.filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value));
}

function rollingOut({ ref, ready, wanted }: WorkloadFacts): Finding {
  return {
    code: "rolling-out",
    message: `${labelRef(ref)} is being rolled out: ${ready} of ${wanted} ${wanted === 1 ? "pod" : "pods"} ready`,
    ref,
    hint: "wait; woow status --watch follows it",
  };
}

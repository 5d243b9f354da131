import { labelRef } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { maskText } from "./mask-text.ts";
import type { ContainerFacts, EventFacts, PodFacts, ServiceDetails } from "./service-observation.ts";
import { formatSpan } from "./verdict.ts";
import type { Finding } from "./verdict.ts";

/** What keeps a pod from being ready. */
export interface PodProblem {
  readonly finding: Finding;
  readonly isFinal: boolean;
  /** True: nothing is wrong yet, it only takes its time. */
  readonly isWaiting: boolean;
}

export interface PodContext {
  readonly details: ServiceDetails;
  readonly unit: string;
  readonly nowMs: number;
}

/** Restarts after which a crash loop does not mend itself: with K3s' back-off they take five minutes. */
const hopelessRestarts = 5;
/** A pod that is told to go gets 30 s by default; after this long something holds it. */
const terminatingMs = 120_000;

/** Why a pod is not ready; undefined for one that is. */
export function assessPod(pod: PodFacts, context: PodContext): PodProblem | undefined {
  if (pod.deletedMs !== undefined) return assessTerminating(pod, context);
  if (pod.isReady || pod.phase === "Succeeded") return undefined;
  if (pod.evicted !== undefined) {
    return problem("evicted", pod.ref, {
      message: `${labelRef(pod.ref)} was evicted from its node: ${pod.evicted}`,
      hint: "the node is short of memory or disk; raise the service's resources or free the node",
    });
  }
  if (pod.unschedulable !== undefined)
    return assessUnschedulable(pod, { ...context, words: pod.unschedulable });
  for (const container of pod.containers) {
    const found = assessContainer(container, { ...context, pod });
    if (found !== undefined) return found;
  }
  return assessSlowPod(pod, context);
}

function assessTerminating(pod: PodFacts, { nowMs }: PodContext): PodProblem | undefined {
  const since = nowMs - (pod.deletedMs ?? nowMs);
  if (since < terminatingMs) return undefined;
  const holder = pod.finalizers.length === 0 ? "" : ` (finalizer ${pod.finalizers.join(", ")})`;
  return problem("pod-terminating", pod.ref, {
    message: `${labelRef(pod.ref)} is being deleted for ${formatSpan(since)} and does not end${holder}`,
    hint: "its node may be gone; if it will not come back: kubectl delete pod --force",
  });
}

function assessUnschedulable(pod: PodFacts, context: PodContext & { readonly words: string }): PodProblem {
  const { details, words } = context;
  const namespace = pod.ref.namespace ?? "";
  if (/persistentvolumeclaim/i.test(words)) {
    const claim = pod.claims
      .map((name) => details.claims.get(`${namespace}/${name}`))
      .find((one) => one?.phase !== "Bound");
    if (claim !== undefined)
      return assessClaim(claim.ref, { ...context, phase: claim.phase, storageClass: claim.storageClass });
    const missing = /persistentvolumeclaim "([^"]+)" not found/.exec(words)?.[1];
    return problem("volume-unbound", pod.ref, {
      message:
        missing === undefined
          ? `${labelRef(pod.ref)} waits for a volume: ${words}`
          : `${labelRef(pod.ref)} waits for claim ${missing}, which is not there`,
      hint: "woow volumes list shows volumes that were kept; kubectl describe pvc says more",
    });
  }
  return problem("unschedulable", pod.ref, {
    message: `no node takes ${labelRef(pod.ref)}: ${words}`,
    hint: "lower the service's resources, or give the cluster more room",
  });
}

function assessClaim(
  ref: ObjectRef,
  context: PodContext & { readonly phase: string; readonly storageClass: string | undefined },
): PodProblem {
  const { details, phase, storageClass } = context;
  if (phase === "Lost") {
    return problem("volume-lost", ref, {
      message: `the volume of ${labelRef(ref)} is gone`,
      hint: "restore it from a backup; the claim must be deleted before a new one can be made",
      isFinal: true,
    });
  }
  const event = eventOf(details, ref, /Provision|Bind|Resize|Failed/i);
  const of = storageClass === undefined ? "without a storage class" : `of class ${storageClass}`;
  return problem("volume-unbound", ref, {
    message: `${labelRef(ref)} (${of}) has no volume${event === undefined ? "" : `: ${event.message}`}`,
    hint: "check that the storage class exists (kubectl get storageclass) and its provisioner runs",
    isFinal: event !== undefined && /not found/.test(event.message),
  });
}

const pullReasons: ReadonlySet<string> = new Set([
  "ImagePullBackOff",
  "ErrImagePull",
  "InvalidImageName",
  "ErrImageNeverPull",
  "RegistryUnavailable",
  "ImageInspectError",
]);
const configReasons: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

function assessContainer(
  container: ContainerFacts,
  context: PodContext & { readonly pod: PodFacts },
): PodProblem | undefined {
  const { pod, details, unit } = context;
  const { waiting, terminated, lastTerminated, restarts, isReady, isInit } = container;
  if (isReady || (isInit && terminated?.exitCode === 0)) return undefined;
  const where = `container ${container.name} of ${labelRef(pod.ref)}`;
  if (waiting !== undefined && pullReasons.has(waiting.reason)) {
    const words = `${waiting.message ?? ""} ${eventOf(details, pod.ref, /^Failed$/)?.message ?? ""}`;
    return problem("image-pull", pod.ref, {
      message: `image ${container.image} cannot be pulled (${waiting.reason}${pullCause(words)})`,
      hint: "check the image's name and tag, and that the node reaches its registry",
      isFinal: waiting.reason === "InvalidImageName" || /not found|manifest unknown/i.test(words),
    });
  }
  if (waiting !== undefined && configReasons.has(waiting.reason)) {
    return problem("container-config", pod.ref, {
      message: `${where} cannot start (${waiting.reason}): ${maskText(waiting.message ?? "no message")}`,
      hint: "often a Secret or ConfigMap the chart expects is not there; correct the values, then woow apply",
    });
  }
  const last = terminated ?? lastTerminated;
  if (last === undefined || (waiting === undefined && terminated === undefined && restarts === 0)) {
    return undefined;
  }
  if (last.exitCode === 0 && waiting?.reason !== "CrashLoopBackOff") return undefined;
  const isFinal = restarts >= hopelessRestarts;
  if (last.reason === "OOMKilled") {
    const limit = container.memoryLimit === undefined ? "" : ` with a limit of ${container.memoryLimit}`;
    return problem("oom-killed", pod.ref, {
      message: `${where} needs more memory than it may have${limit}: it was killed ${times(restarts)}`,
      hint: `raise resources.ram_gb of ${unit}, then woow apply`,
      isFinal,
    });
  }
  // an app's last words may be a secret of letters only, which no mask can tell; they stand in its log
  return problem("crash-loop", pod.ref, {
    message: `${where} ends with exit code ${last.exitCode}, restarted ${times(restarts)}`,
    hint: `woow logs ${unit} --previous shows what it said`,
    isFinal,
  });
}

/** Running or starting, but not ready. */
function assessSlowPod(pod: PodFacts, { details, unit }: PodContext): PodProblem {
  const mount = eventOf(details, pod.ref, /^(FailedMount|FailedAttachVolume|FailedMapVolume)$/);
  const runs = pod.containers.some(({ runningSinceMs }) => runningSinceMs !== undefined);
  if (!runs && mount !== undefined) {
    return problem("mount-failed", pod.ref, {
      message: `${labelRef(pod.ref)} cannot mount a volume: ${mountCause(mount.message)}`,
      hint: "the Secret, ConfigMap or volume named there is missing or busy",
    });
  }
  if (!runs) {
    const sandbox = eventOf(details, pod.ref, /^(FailedCreatePodSandBox|NetworkNotReady)$/);
    return {
      isFinal: false,
      isWaiting: true,
      finding: {
        code: "rolling-out",
        message: `${labelRef(pod.ref)} is starting${sandbox === undefined ? "" : " (its node cannot set up its network)"}`,
        ref: pod.ref,
        hint: "wait; woow status --watch follows it",
      },
    };
  }
  const probe = eventOf(details, pod.ref, /^Unhealthy$/);
  return {
    isFinal: false,
    isWaiting: true,
    finding: {
      code: "not-ready",
      message: `${labelRef(pod.ref)} runs but is not ready${probe === undefined ? "" : `: ${probeCause(probe.message)}`}`,
      ref: pod.ref,
      hint: `woow logs ${unit} shows what it does; its readiness probe must answer`,
    },
  };
}

function problem(
  code: Finding["code"],
  ref: ObjectRef,
  { message, hint, isFinal = false }: { message: string; hint: string; isFinal?: boolean },
): PodProblem {
  return { finding: { code, message, ref, hint }, isFinal, isWaiting: false };
}

/** The newest Warning about an object whose reason fits. */
export function eventOf(details: ServiceDetails, ref: ObjectRef, reason: RegExp): EventFacts | undefined {
  const key = `${ref.kind}/${ref.namespace ?? ""}/${ref.name}`;
  return details.events.get(key)?.find((event) => reason.test(event.reason));
}

function pullCause(words: string): string {
  const known =
    /manifest unknown|not found|unauthorized|authentication required|denied|no such host|connection refused|i\/o timeout|toomanyrequests|too many requests/i.exec(
      words,
    );
  return known === null ? "" : `, ${known[0].toLowerCase()}`;
}

function mountCause(message: string): string {
  const missing = /(?:secret|configmap|persistentvolumeclaim) "[^"]+" not found/i.exec(message);
  return missing?.[0] ?? maskText(message);
}

/** What a probe got; the output of a program it ran may hold anything and is left out. */
function probeCause(message: string): string {
  const kind =
    /^(Readiness|Liveness|Startup) probe (?:failed|errored)/.exec(message)?.[0] ?? "its probe fails";
  const known =
    /statuscode: \d+|connection refused|context deadline exceeded|i\/o timeout|no route to host/i.exec(
      message,
    );
  return known === null ? kind : `${kind} (${known[0]})`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

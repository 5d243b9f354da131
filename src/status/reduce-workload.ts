import type { LiveObject } from "../cluster/live-object.ts";
import { refOf } from "../cluster/object-ref.ts";
import {
  conditionOf,
  fieldAt,
  isTrueAt,
  listAt,
  numberAt,
  textAt,
  textMapAt,
  timeAt,
} from "./read-fields.ts";
import type {
  ClaimFacts,
  ContainerFacts,
  EndpointFacts,
  PodFacts,
  TerminationFacts,
  WorkloadFacts,
} from "./service-observation.ts";
import { createdMs } from "./reduce-release.ts";

/** `NAMESPACE/RELEASE` of a chart's object: Helm's own mark, else the label every chart sets. */
export function releaseOf({ metadata }: LiveObject): string | undefined {
  const { annotations = {}, labels = {}, namespace = "" } = metadata;
  const name = annotations["meta.helm.sh/release-name"] ?? labels["app.kubernetes.io/instance"];
  return name === undefined ? undefined : `${namespace}/${name}`;
}

/** A Deployment, StatefulSet or DaemonSet; ready as kstatus has it, the newest generation seen. */
export function reduceWorkload(object: LiveObject): WorkloadFacts {
  const counts = object.kind === "DaemonSet" ? daemonCounts(object) : replicaCounts(object);
  const isSeen = (numberAt(object, "status.observedGeneration") ?? 0) >= (object.metadata.generation ?? 0);
  const failure = conditionOf(object, "ReplicaFailure");
  const progressing = conditionOf(object, "Progressing");
  return {
    ref: refOf(object),
    deletedMs: timeAt(object, "metadata.deletionTimestamp"),
    selector: textMapAt(object, "spec.selector.matchLabels"),
    wanted: counts.wanted,
    updated: counts.updated,
    ready: counts.ready,
    isReady: isSeen && counts.ready >= counts.wanted && counts.updated >= counts.wanted && counts.old === 0,
    createFailure: failure?.isTrue === true ? failure.message : undefined,
    isOverdue: progressing?.isFalse === true && progressing.reason === "ProgressDeadlineExceeded",
    changedMs: progressing?.sinceMs,
    chartLabel: object.metadata.labels?.["helm.sh/chart"],
  };
}

interface Counts {
  readonly wanted: number;
  readonly updated: number;
  readonly ready: number;
  /** Pods of an older template that still run. */
  readonly old: number;
}

function replicaCounts(object: LiveObject): Counts {
  const count = (name: string) => numberAt(object, `status.${name}`) ?? 0;
  const wanted = numberAt(object, "spec.replicas") ?? 1;
  if (object.kind === "Deployment") {
    const updated = count("updatedReplicas");
    return {
      wanted,
      updated,
      ready: count("availableReplicas"),
      old: Math.max(0, count("replicas") - updated),
    };
  }
  const strategy = "spec.updateStrategy";
  const waitsForPeople =
    textAt(object, `${strategy}.type`) === "OnDelete" ||
    (numberAt(object, `${strategy}.rollingUpdate.partition`) ?? 0) > 0;
  const isOneRevision = textAt(object, "status.currentRevision") === textAt(object, "status.updateRevision");
  // the controller leaves updatedReplicas out once every pod is of one revision
  const updated = waitsForPeople || isOneRevision ? wanted : count("updatedReplicas");
  return { wanted, updated, ready: count("readyReplicas"), old: Math.max(0, wanted - updated) };
}

function daemonCounts(object: LiveObject): Counts {
  const count = (name: string) => numberAt(object, `status.${name}`) ?? 0;
  const wanted = count("desiredNumberScheduled");
  const onDelete = textAt(object, "spec.updateStrategy.type") === "OnDelete";
  const updated = onDelete ? wanted : count("updatedNumberScheduled");
  return { wanted, updated, ready: count("numberAvailable"), old: 0 };
}

export function reducePod(object: LiveObject): PodFacts {
  const scheduled = conditionOf(object, "PodScheduled");
  const { labels = {}, uid, finalizers = [] } = object.metadata;
  const isEvicted = textAt(object, "status.reason") === "Evicted";
  return {
    ref: refOf(object),
    uid,
    labels,
    createdMs: createdMs(object),
    deletedMs: timeAt(object, "metadata.deletionTimestamp"),
    finalizers,
    phase: textAt(object, "status.phase") ?? "Pending",
    isReady: conditionOf(object, "Ready")?.isTrue === true,
    unschedulable: scheduled?.isFalse === true ? (scheduled.message ?? scheduled.reason) : undefined,
    evicted: isEvicted ? (textAt(object, "status.message") ?? "evicted") : undefined,
    containers: [
      ...reduceContainers(object, { specs: "initContainers", statuses: "initContainerStatuses" }),
      ...reduceContainers(object, { specs: "containers", statuses: "containerStatuses" }),
    ],
    claims: listAt(object, "spec.volumes").flatMap(
      (volume) => textAt(volume, "persistentVolumeClaim.claimName") ?? [],
    ),
  };
}

function reduceContainers(
  object: LiveObject,
  { specs, statuses }: { readonly specs: string; readonly statuses: string },
): ContainerFacts[] {
  const byName = new Map(listAt(object, `status.${statuses}`).map((one) => [textAt(one, "name"), one]));
  return listAt(object, `spec.${specs}`).map((spec) => {
    const name = textAt(spec, "name") ?? "";
    const status = byName.get(name);
    const waiting = textAt(status, "state.waiting.reason");
    return {
      name,
      isInit: specs === "initContainers",
      image: textAt(spec, "image") ?? "",
      isReady: isTrueAt(status, "ready"),
      restarts: numberAt(status, "restartCount") ?? 0,
      waiting:
        waiting === undefined
          ? undefined
          : { reason: waiting, message: textAt(status, "state.waiting.message") },
      runningSinceMs: timeAt(status, "state.running.startedAt"),
      terminated: reduceTermination(status, "state.terminated"),
      lastTerminated: reduceTermination(status, "lastState.terminated"),
      memoryLimit: textAt(spec, "resources.limits.memory"),
    };
  });
}

function reduceTermination(status: unknown, path: string): TerminationFacts | undefined {
  const exitCode = numberAt(status, `${path}.exitCode`);
  if (exitCode === undefined) return undefined;
  return { reason: textAt(status, `${path}.reason`), exitCode, message: textAt(status, `${path}.message`) };
}

/** Endpoints of one slice; `ready` missing counts as ready, as the API says. */
export function reduceEndpoints(object: LiveObject): EndpointFacts {
  const endpoints = listAt(object, "endpoints");
  const notReady = endpoints.filter((one) => fieldAt(one, "conditions.ready") === false).length;
  return { ready: endpoints.length - notReady, notReady };
}

export function reduceClaim(object: LiveObject): ClaimFacts {
  return {
    ref: refOf(object),
    phase: textAt(object, "status.phase") ?? "Pending",
    storageClass: textAt(object, "spec.storageClassName"),
  };
}

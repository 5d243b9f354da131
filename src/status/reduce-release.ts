import type { LiveObject } from "../cluster/live-object.ts";
import { refOf } from "../cluster/object-ref.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { conditionOf, fieldAt, isTrueAt, listAt, numberAt, textAt, timeAt } from "./read-fields.ts";
import type { ChartFacts, JobFacts, ReleaseFacts } from "./service-observation.ts";

/** K3s' label on a chart job and its pods, and the hash that its Job and the Helm release carry. */
export const chartLabel = "helmcharts.helm.cattle.io/chart";
export const configHashKey = "helmcharts.helm.cattle.io/configHash";
const unmanagedKey = "helmcharts.helm.cattle.io/unmanaged";
const maxLabelLength = 63;
/** Helm's own. */
const defaultTimeoutMs = 300_000;

export function reduceChart(object: LiveObject): ChartFacts {
  const { uid, labels = {}, annotations = {}, finalizers = [], namespace = "" } = object.metadata;
  const failed = conditionOf(object, "Failed");
  const unit = labels[`${labelPrefix}/unit`];
  return {
    ref: refOf(object),
    uid,
    createdMs: createdMs(object),
    changedMs: changedMs(object, "f:spec"),
    deletedMs: timeAt(object, "metadata.deletionTimestamp"),
    finalizers,
    targetNamespace: textAt(object, "spec.targetNamespace") ?? namespace,
    chart: textAt(object, "spec.chart"),
    repo: textAt(object, "spec.repo"),
    version: textAt(object, "spec.version"),
    valuesSecrets: listAt(object, "spec.valuesSecrets").flatMap((entry) =>
      isTrueAt(entry, "ignoreUpdates") || listAt(entry, "keys").length === 0
        ? []
        : (textAt(entry, "name") ?? []),
    ),
    failurePolicy: textAt(object, "spec.failurePolicy") ?? "reinstall",
    timeoutMs: durationMs(textAt(object, "spec.timeout")) ?? defaultTimeoutMs,
    isUnmanaged: annotations[unmanagedKey] !== undefined,
    failed: failed?.isTrue === true ? { reason: failed.reason, message: failed.message } : undefined,
    // a label has no slash, so the unit `123/n8n-01` stands there as `123.n8n-01`
    unit: unit?.includes(".") === true ? unit.replace(".", "/") : undefined,
  };
}

export function reduceJob(object: LiveObject): JobFacts | undefined {
  const release = object.metadata.labels?.[chartLabel];
  if (release === undefined) return undefined;
  const container = listAt(object, "spec.template.spec.containers")[0];
  const environment = new Map(
    listAt(container, "env").map((entry) => [textAt(entry, "name"), textAt(entry, "value")] as const),
  );
  const annotations = fieldAt(object, "spec.template.metadata.annotations") as
    Readonly<Record<string, string>> | undefined;
  const expected = Number.parseInt(environment.get("EXPECTED_RELEASE_REVISION") ?? "", 10);
  const failedPods = numberAt(object, "status.failed") ?? 0;
  return {
    ref: refOf(object),
    uid: object.metadata.uid,
    release,
    isDelete: object.metadata.name.startsWith("helm-delete-"),
    createdMs: createdMs(object),
    startedMs: timeAt(object, "status.startTime"),
    completedMs: timeAt(object, "status.completionTime"),
    state: jobState(object),
    failedPods,
    hasPods: (numberAt(object, "status.active") ?? 0) > 0,
    configHash: annotations?.[configHashKey]?.split("=")[1]?.slice(0, maxLabelLength),
    chart: environment.get("CHART"),
    repo: environment.get("REPO"),
    version: environment.get("VERSION"),
    targetNamespace: environment.get("TARGET_NAMESPACE"),
    expectedRevision: Number.isNaN(expected) ? undefined : expected,
  };
}

function jobState(object: LiveObject): JobFacts["state"] {
  if (conditionOf(object, "Complete")?.isTrue === true) return "complete";
  if (conditionOf(object, "Failed")?.isTrue === true) return "failed";
  return isTrueAt(object, "spec.suspend") ? "suspended" : "active";
}

/** A release from its Secret's metadata; undefined for a Secret that is none, whatever its labels say. */
export function reduceRelease(object: LiveObject): ReleaseFacts | undefined {
  const { labels = {}, namespace = "" } = object.metadata;
  const revision = Number.parseInt(labels["version"] ?? "", 10);
  const { name, status } = labels;
  if (labels["owner"] !== "helm" || name === undefined || status === undefined || Number.isNaN(revision)) {
    return undefined;
  }
  if (object.metadata.name !== `sh.helm.release.v1.${name}.v${revision}`) return undefined;
  return {
    ref: { apiVersion: "v1", kind: "Secret", namespace, name: object.metadata.name },
    uid: object.metadata.uid,
    release: name,
    namespace,
    revision,
    status,
    configHash: labels[configHashKey],
    // never the label modifiedAt: Helm 4 hands the first release's on to every later one
    changedMs: changedMs(object, undefined),
  };
}

export function createdMs(object: LiveObject): number {
  return timeAt(object, "metadata.creationTimestamp") ?? 0;
}

/**
 * When somebody last wrote fields below `top`, or any, as the API server notes it; else when the object was made.
 */
export function changedMs(object: LiveObject, top: "f:spec" | "f:data" | undefined): number {
  const times = (object.metadata.managedFields ?? [])
    .filter(({ subresource }) => subresource === undefined)
    .filter(({ fieldsV1 }) => top === undefined || fieldsV1?.[top] !== undefined)
    .map(({ time }) => (time === undefined ? 0 : Date.parse(time)));
  return Math.max(createdMs(object), ...times);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's duration, such as `10m0s`, in milliseconds. */
export function durationMs(text: string | undefined): number | undefined {
  const parts = [...(text ?? "").matchAll(/([\d.]+)(ms|s|m|h)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * (unitMs[unit] ?? 0), 0);
}

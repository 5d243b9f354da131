import { gunzipSync } from "fflate";
import { loadAll } from "js-yaml";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { fieldAt, listAt, numberAt, textAt } from "./read-fields.ts";

/** A workload as the chart made it. */
export interface ReleasedWorkload {
  readonly ref: ObjectRef;
  /** Pods; undefined where nodes or an autoscaler of the chart decide. */
  readonly replicas: number | undefined;
  /** True: the chart sets the number, so Helm holds the field; false: it is Kubernetes' default of one. */
  readonly setsReplicas: boolean;
}

/** What a Helm release is made of, as far as its absence would go unseen. Never holds a value of the chart. */
export interface ReleaseContent {
  readonly workloads: readonly ReleasedWorkload[];
  /** Services that select pods. */
  readonly services: readonly ObjectRef[];
}

/** Contents by the uid of the release's Secret: a record's manifest never changes, so each is read once. */
export interface ReleaseMemory {
  /** `unreadable`: it was read and is no release; undefined: it was not read yet. */
  recall(uid: string): ReleaseContent | "unreadable" | undefined;
  remember(found: ReadonlyMap<string, ReleaseContent | "unreadable">): void;
}

/** A memory as long as the process. */
export function createReleaseMemory(): ReleaseMemory {
  const known = new Map<string, ReleaseContent | "unreadable">();
  return {
    recall: (uid) => known.get(uid),
    remember: (found) => {
      for (const [uid, content] of found) known.set(uid, content);
    },
  };
}

/** A Helm release record: base64 (the Secret's) of base64 of gzipped JSON; undefined when it is none. */
export function decodeRelease(data: string): unknown {
  try {
    const bytes = Buffer.from(Buffer.from(data, "base64").toString("latin1"), "base64");
    return JSON.parse(Buffer.from(gunzipSync(bytes)).toString("utf8"));
  } catch {
    return undefined;
  }
}

const workloadKinds: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet"]);
/** Only what matters is parsed: a chart may bring a megabyte of other things. */
const kindsOfInterest =
  /^(?:kind|"kind"):\s*["']?(?:Deployment|StatefulSet|DaemonSet|Service|HorizontalPodAutoscaler|ScaledObject|List)["']?\s*(?:#.*)?$/m;

/** The content of a decoded record; undefined for what is no record. */
export function readContent(record: unknown, releaseNamespace: string): ReleaseContent | undefined {
  const manifest = fieldAt(record, "manifest");
  if (typeof manifest !== "string") return undefined;
  const texts = manifest.split(/^---.*$/m).filter((text) => kindsOfInterest.test(text));
  let objects: readonly unknown[];
  try {
    // Helm's own parser takes the last of two equal keys
    objects = texts.flatMap((text) => loadAll(text, { json: true })).flatMap(flatten);
  } catch {
    return undefined;
  }
  const scaled = new Set(objects.flatMap((object) => scaleTarget(object) ?? []));
  const refTo = (object: unknown, apiVersion: string): ObjectRef => ({
    apiVersion,
    kind: textAt(object, "kind") ?? "",
    namespace: textAt(object, "metadata.namespace") ?? releaseNamespace,
    name: textAt(object, "metadata.name") ?? "",
  });
  return {
    workloads: objects.filter(isWorkload).map((object) => {
      const ref = refTo(object, "apps/v1");
      const isOthers = ref.kind === "DaemonSet" || scaled.has(`${ref.kind}/${ref.name}`);
      const set = numberAt(object, "spec.replicas");
      const replicas = isOthers ? undefined : (set ?? 1);
      return { ref, replicas, setsReplicas: !isOthers && set !== undefined };
    }),
    services: objects.filter(selectsPods).map((object) => refTo(object, "v1")),
  };
}

function flatten(object: unknown): readonly unknown[] {
  return textAt(object, "kind") === "List" ? listAt(object, "items") : [object];
}

function isWorkload(object: unknown): boolean {
  const isKind = workloadKinds.has(textAt(object, "kind") ?? "");
  return isKind && textAt(object, "apiVersion")?.startsWith("apps/") === true;
}

function selectsPods(object: unknown): boolean {
  if (textAt(object, "kind") !== "Service" || textAt(object, "apiVersion") !== "v1") return false;
  if (textAt(object, "spec.type") === "ExternalName") return false;
  return Object.keys((fieldAt(object, "spec.selector") ?? {}) as object).length > 0;
}

/** `KIND/NAME` of what an autoscaler scales; KEDA's may leave the kind out. */
function scaleTarget(object: unknown): string | undefined {
  const kind = textAt(object, "kind");
  if (kind !== "HorizontalPodAutoscaler" && kind !== "ScaledObject") return undefined;
  const name = textAt(object, "spec.scaleTargetRef.name");
  return name === undefined
    ? undefined
    : `${textAt(object, "spec.scaleTargetRef.kind") ?? "Deployment"}/${name}`;
}

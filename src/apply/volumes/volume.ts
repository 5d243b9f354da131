import type { LiveObject } from "../../cluster/live-object.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { labelPrefix, unitLabels } from "../../constructs/labels.ts";

/** Which service: its address, and the names that follow from it. */
export interface ServiceAddress {
  readonly platform: string;
  readonly workspaceId: string;
  readonly referenceId: string;
  readonly releaseName: string;
  readonly namespace: string;
}

/** What we write on a PersistentVolume, so that any clone knows later whose data it holds. */
export const volumeMarks = {
  platform: `${labelPrefix}/platform`,
  workspace: `${labelPrefix}/workspace`,
  service: `${labelPrefix}/service`,
  unit: `${labelPrefix}/unit`,
  /** Annotation, RFC 3339: since when the policy is Retain by our doing. */
  keptSince: `${labelPrefix}/kept-since`,
  /** Annotation: uid of the claim it was kept with; bound to another one it is no longer what was kept. */
  keptClaim: `${labelPrefix}/kept-claim`,
  /** Annotation: `WORKSPACE/REFERENCE_ID` of the service whose volume it may be, when nothing proves it. */
  perhapsOf: `${labelPrefix}/perhaps-of`,
} as const;

/** The labels that say whose volume it is. */
export function volumeLabels(service: ServiceAddress): Readonly<Record<string, string>> {
  const { platform, workspaceId, referenceId } = service;
  const all = unitLabels({ platform, name: "", instance: "", workspaceId, referenceId });
  return Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith(`${labelPrefix}/`)));
}

/** A PersistentVolume as far as removing and keeping data needs it. */
export interface Volume {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** `Retain`, `Delete` or `Recycle`. */
  readonly policy: string;
  /** `Available`, `Bound`, `Released`, `Failed`, `Pending`. */
  readonly phase: string;
  /** Why its phase is what it is, in the cluster's words. */
  readonly message: string | undefined;
  /** The claim it belongs or belonged to; no uid: reserved for the next claim of that name. */
  readonly claim:
    { readonly namespace: string; readonly name: string; readonly uid: string | undefined } | undefined;
  /** As Kubernetes writes it: `5Gi`. */
  readonly size: string;
  readonly storageClass: string | undefined;
  readonly platform: string | undefined;
  /** `WORKSPACE/REFERENCE_ID` as our labels say; undefined without them. */
  readonly unit: string | undefined;
  readonly perhapsOf: string | undefined;
  readonly keptSince: string | undefined;
  readonly keptClaim: string | undefined;
  /** Where the bytes are, when the volume is bound to a node. */
  readonly node: string | undefined;
  readonly path: string | undefined;
  /** The provisioner that made it and wipes it; undefined when a person made it. */
  readonly provisioner: string | undefined;
  readonly isDeleting: boolean;
  readonly hasLabels: boolean;
  readonly hasAnnotations: boolean;
}

interface VolumeBody {
  readonly spec?: {
    readonly persistentVolumeReclaimPolicy?: string;
    readonly claimRef?: { readonly namespace?: string; readonly name?: string; readonly uid?: string };
    readonly capacity?: { readonly storage?: string };
    readonly storageClassName?: string;
    readonly hostPath?: { readonly path?: string };
    readonly local?: { readonly path?: string };
    readonly nodeAffinity?: {
      readonly required?: {
        readonly nodeSelectorTerms?: readonly {
          readonly matchExpressions?: readonly {
            readonly key: string;
            readonly values?: readonly string[];
          }[];
        }[];
      };
    };
  };
  readonly status?: { readonly phase?: string; readonly message?: string; readonly reason?: string };
}

/** Reads a PersistentVolume. */
export function readVolume(object: LiveObject): Volume {
  const { spec = {}, status = {} } = object as VolumeBody & LiveObject;
  const { name, uid, resourceVersion, labels, annotations, deletionTimestamp } = object.metadata;
  const { claimRef } = spec;
  const workspace = labels?.[volumeMarks.workspace];
  const service = labels?.[volumeMarks.service];
  return {
    name,
    uid,
    resourceVersion,
    policy: spec.persistentVolumeReclaimPolicy ?? "Retain",
    phase: status.phase ?? "Pending",
    message: status.message ?? status.reason,
    claim:
      claimRef?.namespace === undefined || claimRef.name === undefined
        ? undefined
        : { namespace: claimRef.namespace, name: claimRef.name, uid: claimRef.uid },
    size: spec.capacity?.storage ?? "",
    storageClass: spec.storageClassName,
    platform: labels?.[volumeMarks.platform],
    unit: workspace === undefined || service === undefined ? undefined : `${workspace}/${service}`,
    perhapsOf: annotations?.[volumeMarks.perhapsOf],
    keptSince: annotations?.[volumeMarks.keptSince],
    keptClaim: annotations?.[volumeMarks.keptClaim],
    node: nodeOf(spec),
    path: spec.hostPath?.path ?? spec.local?.path,
    provisioner: annotations?.["pv.kubernetes.io/provisioned-by"],
    isDeleting: deletionTimestamp !== undefined,
    hasLabels: labels !== undefined,
    hasAnnotations: annotations !== undefined,
  };
}

function nodeOf(spec: NonNullable<VolumeBody["spec"]>): string | undefined {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const hosts = terms.flatMap(({ matchExpressions = [] }) =>
    matchExpressions
      .filter(({ key }) => key === "kubernetes.io/hostname")
      .flatMap(({ values = [] }) => values),
  );
  return hosts[0];
}

/** How an API server addresses a volume. */
export function volumeRef(name: string): ObjectRef {
  return { apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name };
}

/** One key of a JSON pointer. */
export function pointerKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

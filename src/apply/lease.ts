import type { ClusterClient, WritableObject } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { systemNamespace } from "../model/names.ts";

/** Where the lock of a cluster lies. */
export const leaseRef: ObjectRef = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespace: systemNamespace,
  name: "woow",
};
const purposeKey = `${labelPrefix}/purpose`;

/**
 * No longer a term is believed, whatever a Lease says: whoever may write one could otherwise shut everybody out for
 * years, and a person who waits for a dead holder waits this long at most.
 */
export const longestTermMs = 300_000;

/** The lock as it lies in the cluster. */
export interface Lease {
  /** Undefined: free. */
  readonly holder: string | undefined;
  /** What the holder is doing: `apply`. */
  readonly purpose: string;
  /** When the holder took it, by the holder's clock; RFC 3339. */
  readonly since: string;
  /** When the holder last said that it lives, by the holder's clock; RFC 3339. */
  readonly renewedAt: string;
  /** For how long the holder is believed to live without a word; `longestTermMs` at most. */
  readonly termMs: number;
  /** How often it changed hands. */
  readonly transitions: number;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Undefined when nobody ever held it. Errors: those of ClusterClient. */
export async function readLease(client: ClusterClient): Promise<Lease | undefined> {
  const live = await client.get(leaseRef);
  return live === undefined ? undefined : parseLease(live);
}

/** A Lease that somebody wrote by hand is read for what it is worth: a holder that never renews is taken over. */
export function parseLease({ metadata, ...object }: LiveObject): Lease {
  const spec = (object["spec"] ?? {}) as {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
  const { holderIdentity = "", leaseDurationSeconds = 0, acquireTime = "", renewTime = "" } = spec;
  return {
    holder: holderIdentity === "" ? undefined : holderIdentity,
    purpose: metadata.annotations?.[purposeKey] ?? "unknown",
    since: acquireTime,
    renewedAt: renewTime,
    termMs: Math.min(leaseDurationSeconds * 1000, longestTermMs),
    transitions: spec.leaseTransitions ?? 0,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
  };
}

/** The Lease to write; `was` is the one it takes the place of, and the precondition. */
export function formatLease(
  lease: Pick<Lease, "holder" | "purpose" | "since" | "renewedAt" | "termMs" | "transitions">,
  was: Pick<Lease, "uid" | "resourceVersion"> | undefined,
): WritableObject {
  const { holder, purpose, since, renewedAt, termMs, transitions } = lease;
  const { apiVersion, kind, name, namespace } = leaseRef;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/managed-by": "woow" },
      annotations: { [purposeKey]: purpose },
      ...(was === undefined ? {} : { uid: was.uid, resourceVersion: was.resourceVersion }),
    },
    spec: {
      holderIdentity: holder ?? "",
      leaseDurationSeconds: Math.max(1, Math.ceil(termMs / 1000)),
      // one that was written by hand may have no times, and an empty one is refused
      ...(since === "" ? {} : { acquireTime: since }),
      ...(renewedAt === "" ? {} : { renewTime: renewedAt }),
      leaseTransitions: transitions,
    },
  };
}

/** As Kubernetes writes MicroTime. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/(\.\d{3})Z$/, "$1000Z");
}

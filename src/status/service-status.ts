import type { ObjectRef } from "../cluster/object-ref.ts";

/** The specification's states of a CloudService. */
export const serviceStates = ["pending", "deploying", "running", "error", "upgrading", "deleting"] as const;
export type ServiceState = (typeof serviceStates)[number];

/** Why a service is not running, in words a person can act on. Never holds a secret. */
export interface Reason {
  /** Stable, for machines: `chart-not-found`, `image-pull`, `quota`, ... */
  readonly code: string;
  /** What is wrong, one sentence. */
  readonly message: string;
  /** The object to look at. */
  readonly ref: ObjectRef | undefined;
  /** What to do about it. */
  readonly hint: string;
}

/** How a service stands, from what the cluster says at one moment. */
export interface ServiceStatus {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  readonly state: ServiceState;
  /** Absent exactly when running. */
  readonly reason: Reason | undefined;
  /** True when waiting longer cannot help: something must be changed first. */
  readonly isFinal: boolean;
  /** Helm's own revision of the newest release; undefined before the first. */
  readonly helmRevision: number | undefined;
  readonly helmStatus: string | undefined;
  /** Of the chart that is deployed; undefined before the first release, and while nobody can say. */
  readonly chartVersion: string | undefined;
  /** RFC 3339: when the first release was deployed, and when the newest was. */
  readonly deployedAt: string | undefined;
  readonly lastUpgradedAt: string | undefined;
  readonly readyPods: number;
  readonly wantedPods: number;
  readonly certificate: CertificateStatus;
  /** Beside the state: restarts, a certificate on its way, a hand-made rollback. */
  readonly warnings: readonly Reason[];
}

export type CertificateStatus =
  | { readonly type: "none" }
  /** Every host has one; the time is when the first of them ends. */
  | {
      readonly type: "ready";
      readonly notAfter: string | undefined;
      readonly hosts: readonly HostCertificate[];
    }
  | { readonly type: "pending"; readonly message: string; readonly hosts: readonly HostCertificate[] }
  | { readonly type: "unknown" };

/** The certificate of one host. */
export interface HostCertificate {
  readonly host: string;
  /** `renewal-failed`: there is one, and the next could not be had. */
  readonly state: "ready" | "pending" | "failed" | "renewal-failed";
  /** RFC 3339. */
  readonly notAfter: string | undefined;
  /** Why it is not ready, and what to do; absent when it is. */
  readonly message?: string;
  readonly hint?: string;
  /** The object that says so. */
  readonly ref?: ObjectRef | undefined;
}

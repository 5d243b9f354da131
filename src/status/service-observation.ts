import type { ObjectRef } from "../cluster/object-ref.ts";
import type { ReleaseContent } from "./release-content.ts";

/** A HelmChart, as far as status needs it. Times are milliseconds since 1970. */
export interface ChartFacts {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly createdMs: number;
  /** When its spec was last written, as the API server saw it. */
  readonly changedMs: number;
  readonly deletedMs: number | undefined;
  readonly finalizers: readonly string[];
  readonly targetNamespace: string;
  readonly chart: string | undefined;
  readonly repo: string | undefined;
  readonly version: string | undefined;
  readonly valuesSecrets: readonly string[];
  readonly failurePolicy: string;
  readonly timeoutMs: number;
  /** Somebody told the controller to leave it alone. */
  readonly isUnmanaged: boolean;
  /** Condition Failed, when it is true. */
  readonly failed: { readonly reason: string | undefined; readonly message: string | undefined } | undefined;
  readonly unit: string | undefined;
}

/** A chart job: `helm-install-NAME` or `helm-delete-NAME`. */
export interface JobFacts {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly release: string;
  readonly isDelete: boolean;
  readonly createdMs: number;
  readonly startedMs: number | undefined;
  /** When it completed; undefined while it has not. */
  readonly completedMs: number | undefined;
  readonly state: "suspended" | "active" | "complete" | "failed";
  /** Pods that failed; containers that restarted are counted by the pod. */
  readonly failedPods: number;
  readonly hasPods: boolean;
  /** Of the configuration it runs, cut to a label's 63 characters; undefined before helm-controller 0.11. */
  readonly configHash: string | undefined;
  readonly chart: string | undefined;
  readonly repo: string | undefined;
  readonly version: string | undefined;
  readonly targetNamespace: string | undefined;
  /** Helm's revision it found when it was made; undefined before helm-controller 0.17. */
  readonly expectedRevision: number | undefined;
}

/** A Helm release record, from the labels of its Secret. Superseded ones are not looked at. */
export interface ReleaseFacts {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly release: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: string;
  readonly configHash: string | undefined;
  readonly changedMs: number;
}

export interface WorkloadFacts {
  readonly ref: ObjectRef;
  /** When somebody asked for its deletion; it goes once its finalizers are gone. */
  readonly deletedMs: number | undefined;
  readonly selector: Readonly<Record<string, string>>;
  readonly wanted: number;
  /** Of the newest template. */
  readonly updated: number;
  readonly ready: number;
  /** Every one wanted is of the newest template and ready, and the controller has seen the newest spec. */
  readonly isReady: boolean;
  /** Why pods cannot be made, in the API server's words. */
  readonly createFailure: string | undefined;
  /** The rollout took longer than the workload allows. */
  readonly isOverdue: boolean;
  readonly changedMs: number | undefined;
  /** `helm.sh/chart`. */
  readonly chartLabel: string | undefined;
}

/** Endpoints of one Service. */
export interface EndpointFacts {
  readonly ready: number;
  readonly notReady: number;
}

export interface NamespaceFacts {
  readonly deletedMs: number | undefined;
  /** What the namespace controller says it still waits for. */
  readonly remaining: string | undefined;
}

export interface ContainerFacts {
  readonly name: string;
  readonly isInit: boolean;
  readonly image: string;
  readonly isReady: boolean;
  readonly restarts: number;
  readonly waiting: { readonly reason: string; readonly message: string | undefined } | undefined;
  readonly runningSinceMs: number | undefined;
  readonly terminated: TerminationFacts | undefined;
  readonly lastTerminated: TerminationFacts | undefined;
  readonly memoryLimit: string | undefined;
}

export interface TerminationFacts {
  readonly reason: string | undefined;
  readonly exitCode: number;
  readonly message: string | undefined;
}

export interface PodFacts {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly deletedMs: number | undefined;
  readonly finalizers: readonly string[];
  readonly phase: string;
  readonly isReady: boolean;
  /** The scheduler's words when no node takes it. */
  readonly unschedulable: string | undefined;
  readonly evicted: string | undefined;
  readonly containers: readonly ContainerFacts[];
  readonly claims: readonly string[];
}

export interface ClaimFacts {
  readonly ref: ObjectRef;
  readonly phase: string;
  readonly storageClass: string | undefined;
}

/** A Warning event; only the newest of its kind for an object. */
export interface EventFacts {
  readonly reason: string;
  readonly message: string;
  readonly seenMs: number;
}

/** What is read only where something does not run. */
export interface ServiceDetails {
  /** By namespace. */
  readonly pods: ReadonlyMap<string, readonly PodFacts[]>;
  /** By `NAMESPACE/NAME`. */
  readonly claims: ReadonlyMap<string, ClaimFacts>;
  /** By `KIND/NAMESPACE/NAME` of the object they are about, newest first. */
  readonly events: ReadonlyMap<string, readonly EventFacts[]>;
  /** `NAMESPACE/NAME` of every Service. */
  readonly services: ReadonlySet<string>;
  /** Jobs that are hooks of a chart, by namespace. */
  readonly hooks: ReadonlyMap<string, readonly HookFacts[]>;
  /** What Helm said, by release: from the failed release's record, or the chart job's last words. */
  readonly helmErrors: ReadonlyMap<string, string>;
}

/** A Job that a chart runs before or after an installation, upgrade or removal. */
export interface HookFacts {
  readonly ref: ObjectRef;
  /** `pre-install`, or several with commas. */
  readonly kind: string;
  readonly createdMs: number;
  readonly hasFailed: boolean;
}

export interface CertificateFacts {
  readonly ref: ObjectRef;
  readonly hosts: readonly string[];
  readonly isReady: boolean;
  readonly notAfter: string | undefined;
  readonly message: string | undefined;
  /** What cert-manager says of its last try, when that failed and the next has not begun. */
  readonly failure: string | undefined;
  /** The newest try; read only when some certificate is not as it should be. */
  readonly issue: IssueFacts | undefined;
}

/** cert-manager's objects of one try to get a certificate. */
export interface IssueFacts {
  readonly request: {
    readonly ref: ObjectRef;
    /** Of condition Ready: `Pending`, `Failed`, `Denied`, `Issued`. */
    readonly reason: string | undefined;
    readonly message: string | undefined;
  };
  readonly order: StepFacts | undefined;
  readonly challenge: (StepFacts & { readonly host: string | undefined }) | undefined;
}

/** An ACME order or challenge: `pending`, `processing`, `ready`, `valid`, `invalid`, `expired`, `errored`. */
export interface StepFacts {
  readonly ref: ObjectRef;
  readonly state: string | undefined;
  readonly reason: string | undefined;
}

/** What the cluster says of services at one moment. */
export interface ServiceObservation {
  /** By release name. */
  readonly charts: ReadonlyMap<string, ChartFacts>;
  readonly installJobs: ReadonlyMap<string, JobFacts>;
  readonly deleteJobs: ReadonlyMap<string, JobFacts>;
  /** By `NAMESPACE/RELEASE`, newest first. */
  readonly releases: ReadonlyMap<string, readonly ReleaseFacts[]>;
  readonly workloads: ReadonlyMap<string, readonly WorkloadFacts[]>;
  /** Every workload by refKey, whatever release it says it is of. */
  readonly workloadsByRef: ReadonlyMap<string, WorkloadFacts>;
  /** What deployed releases are made of, by the uid of their Secret; empty until it was read. */
  readonly contents: ReadonlyMap<string, ReleaseContent>;
  /** By `NAMESPACE/SERVICE`. */
  readonly endpoints: ReadonlyMap<string, EndpointFacts>;
  /** `NAMESPACE/NAME`. */
  readonly ingresses: ReadonlySet<string>;
  /** When each values Secret's data was last written, by name. */
  readonly valuesSecrets: ReadonlyMap<string, number>;
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>;
  /** By `NAMESPACE/INGRESS`; undefined: not asked for, or cert-manager is not there. */
  readonly certificates: ReadonlyMap<string, readonly CertificateFacts[]> | undefined;
  /** Hosts that an Ingress wants a certificate for, by `NAMESPACE/INGRESS`. */
  readonly tlsHosts: ReadonlyMap<string, readonly string[]>;
  /** Undefined until something does not run. */
  readonly details: ServiceDetails | undefined;
}

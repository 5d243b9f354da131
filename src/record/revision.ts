import type { DroppedRelease } from "../apply/recover.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";

/** How the work of a revision ended. `interrupted` is what a crash leaves. */
export type Outcome =
  "interrupted" | "applied" | "running" | "not-running" | "failed" | "refused" | "cancelled";

/** Who did it and from what; given by the edge. */
export interface Origin {
  /** `user@host`, or what `WOOW_ACTOR` says. */
  readonly actor: string;
  /** Undefined outside a git repository. */
  readonly gitCommit: string | undefined;
  /** True when the tree had changes that no commit holds. */
  readonly gitDirty: boolean;
  readonly command: "apply" | "rollback" | "destroy" | "reconcile" | "retry" | "restart";
}

/** The files a unit was made from, as written, secrets still encrypted. */
export interface RecordedDefinition {
  /** Path in the repository -> text: the unit's own file, its workspace's, its template and platform.yaml. */
  readonly files: Readonly<Record<string, string>>;
}

/** What is known before the work. */
export interface NewRevision {
  /** `platform`, `WORKSPACE` or `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  /** Cluster name of platform.yaml. */
  readonly cluster: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly origin: Origin;
  readonly definition: RecordedDefinition;
  readonly chartVersion: string | undefined;
  /** HMAC-free digest of the manifests without secrets' values: SHA-256, hex. */
  readonly manifestDigest: string;
  /** One line per object: what was to be done. */
  readonly changes: readonly RecordedChange[];
  /** Set when this revision brings back an older one. */
  readonly rollbackTo: number | undefined;
}

export interface RecordedChange {
  readonly action: "create" | "update" | "replace" | "prune" | "recover";
  readonly ref: ObjectRef;
  /** Paths that changed, masked like a plan's. */
  readonly fields: readonly string[];
}

/** What is known after it. */
export interface RevisionEnd {
  readonly outcome: Outcome;
  /** RFC 3339. */
  readonly finishedAt: string;
  /** Helm's own revision after the work. */
  readonly helmRevision: number | undefined;
  /** Why it failed or is not running; never holds a secret. */
  readonly message: string | undefined;
  /** Metadata of a failed Helm release whose record was deleted to let Helm go on. */
  readonly droppedRelease: DroppedRelease | undefined;
}

/** One entry of a unit's history. */
export interface Revision extends NewRevision {
  /** From 1, per unit, never used twice. */
  readonly number: number;
  /** Undefined while at work, and for ever after a crash: shown as `interrupted`. */
  readonly end: RevisionEnd | undefined;
}

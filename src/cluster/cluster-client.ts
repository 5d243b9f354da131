import type { LiveObject } from "./live-object.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { ResourceType } from "./resource-types.ts";

/** The field manager of everything we apply. */
export const fieldManager = "woow";

/** Which objects of one kind. Without a namespace: of all namespaces. */
export interface ListQuery {
  readonly type: ResourceType;
  readonly namespace?: string | undefined;
  /** In kubectl's syntax. */
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** True: metadata only, so that data such as a Secret's never leaves the server. */
  readonly metadataOnly?: boolean | undefined;
}

export interface LiveList {
  /** Every item carries apiVersion and kind. */
  readonly items: readonly LiveObject[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** Another manager holds a field that our intent sets to another value. */
export interface FieldConflict {
  /** As the API server names it, for example `kubectl-edit`. */
  readonly manager: string;
  /** Dotted path, for example `spec.ingress`. */
  readonly field: string;
}

/** What became of a write. What the world refuses in any other way is thrown as an OperationError. */
export type WriteResult =
  | { readonly type: "written"; readonly object: LiveObject }
  | { readonly type: "conflict"; readonly conflicts: readonly FieldConflict[] }
  /** A precondition failed: the object has another uid or resourceVersion, is there, or is not. */
  | { readonly type: "changed"; readonly message: string };

export type DeleteResult = "deleted" | "missing" | "changed";

/** An object to write. `uid` and `resourceVersion` in its metadata are preconditions. */
export interface WritableObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

export interface WriteOptions {
  /** Nothing is stored: the server answers what it would store. */
  readonly dryRun?: boolean;
  /** Takes fields from other managers; only for what a person or the drift policy decided. */
  readonly force?: boolean;
  /**
   * For `apply`: never touches what is there (`changed`), yet what it makes is owned as by any other apply; a POST would
   * leave an `Update` entry, from which later applies remove nothing. A resourceVersion that no object can have is the
   * precondition: the API server ignores it where there is nothing (tried on 1.35).
   */
  readonly createOnly?: boolean;
}

/** RFC 6902, with `test` first where a precondition is needed. */
export type JsonPatch = readonly {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}[];

export type WatchEvent =
  | { readonly type: "added" | "modified" | "deleted"; readonly object: LiveObject }
  | { readonly type: "bookmark"; readonly resourceVersion: string };

/** May I? As SelfSubjectAccessReview asks. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

/**
 * Port to one cluster's API server. The adapter (edges/kubernetes) retries what is safe to try again: 429 after
 * Retry-After, 5xx, broken connections. A write whose answer was lost is sent again, so a caller that is told
 * `changed` reads the object before it believes that somebody else was there.
 *
 * Errors, as OperationError: `unreachable`, `unauthorized`, `forbidden`, `invalid` (the server's own words, without
 * values), `not-found` (a kind or namespace that is not there), `terminating` (the namespace is being deleted),
 * `quota-exceeded`, `unavailable` (tried again and again in vain), `expired` (a watch too old), `cancelled`.
 */
export interface ClusterClient {
  /** The kubeconfig context, or `in-cluster`; for messages. */
  readonly name: string;
  /** The API server's address; for messages. */
  readonly server: string;
  list(query: ListQuery): Promise<LiveList>;
  /** Undefined when it is not there. */
  get(ref: ObjectRef): Promise<LiveObject | undefined>;
  /** POST: never touches what is there (`changed`). */
  create(object: WritableObject, options?: WriteOptions): Promise<WriteResult>;
  /** Server-side apply as `woow`. With a uid it never creates. */
  apply(object: WritableObject, options?: WriteOptions): Promise<WriteResult>;
  /** PUT of the whole object; its resourceVersion is the precondition. For our own bookkeeping only. */
  update(object: WritableObject): Promise<WriteResult>;
  /** JSON patch; a failed `test` is `changed`. */
  patch(ref: ObjectRef, patch: JsonPatch, options?: WriteOptions): Promise<WriteResult>;
  delete(ref: ObjectRef, preconditions: DeletePreconditions): Promise<DeleteResult>;
  /** From `resourceVersion` on; ends when the signal aborts; throws `expired` when the server forgot that version. */
  watch(query: ListQuery, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** The last lines of a container's log; undefined when there is none. */
  readLog(query: LogQuery): Promise<string | undefined>;
  /** A running log, in pieces of text, until the container or the signal ends. */
  followLog(query: LogQuery, signal: AbortSignal): AsyncIterable<string>;
  mayI(question: AccessQuestion): Promise<boolean>;
  /** GET of any other path, such as `/version`, as JSON; undefined for 404. */
  getPath(path: string): Promise<unknown>;
  /** The same cluster for whoever holds a lock: no write is sent, or sent again, unless the guard lets it. */
  guarded(guard: WriteGuard): ClusterClient;
}

/** Stands before every write; see `ClusterClient.guarded`. */
export interface WriteGuard {
  /**
   * Asked right before a write goes out, each time it is tried. `wait`: not now, it is asked again a little later, and
   * `lock-lost` when that goes on for too long. What it throws is the answer.
   */
  readonly beforeWrite: () => "go" | "wait";
  /** Aborted when the lock is lost: requests under way end with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface DeletePreconditions {
  readonly uid: string;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

export interface LogQuery {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string | undefined;
  readonly tailLines?: number;
  readonly previous?: boolean;
  /** Seconds back from now. */
  readonly sinceSeconds?: number;
  readonly timestamps?: boolean;
}

import { isDeepStrictEqual } from "node:util";
import { fieldManager } from "../../src/cluster/cluster-client.ts";
import type {
  AccessQuestion,
  ClusterClient,
  DeletePreconditions,
  DeleteResult,
  JsonPatch,
  ListQuery,
  LiveList,
  LogQuery,
  WatchEvent,
  WatchOptions,
  WritableObject,
  WriteOptions,
  WriteResult,
} from "../../src/cluster/cluster-client.ts";
import type { LiveMetadata, LiveObject, ManagedFieldsEntry } from "../../src/cluster/live-object.ts";
import { labelRef, refKey, refOf } from "../../src/cluster/object-ref.ts";
import type { ObjectRef } from "../../src/cluster/object-ref.ts";
import { resourceTypeOf } from "../../src/cluster/resource-types.ts";
import { OperationError } from "../../src/errors.ts";
import { refuseProbe } from "./fake-admission.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyFields, updateFields } from "./field-ownership.ts";
import { matchesFields, matchesLabels } from "./selectors.ts";

/** An object to begin with; what the API server would add may be left out. */
export interface SeedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<LiveMetadata> & { readonly name: string };
  readonly [key: string]: unknown;
}

export type FakeVerb =
  "list" | "get" | "create" | "apply" | "update" | "patch" | "delete" | "watch" | "log" | "mayI" | "path";

/** One request as the fake saw it. */
export interface FakeRequest {
  readonly verb: FakeVerb;
  /** Undefined for paths and questions. */
  readonly kind: string | undefined;
  readonly namespace: string | undefined;
  /** Of an object, or the path asked for. */
  readonly name: string | undefined;
  readonly dryRun: boolean;
  /** The object, patch or preconditions sent. */
  readonly body: unknown;
}

export interface FakeClusterOptions {
  readonly name?: string;
  readonly server?: string;
  /** The uid of kube-system. */
  readonly uid?: string;
  /** Kinds this API server does not know. */
  readonly withoutKinds?: readonly string[];
  /** What getPath answers beside `/version`. */
  readonly paths?: Readonly<Record<string, unknown>>;
  /** By `NAMESPACE/POD` or `NAMESPACE/POD/CONTAINER`. */
  readonly logs?: Readonly<Record<string, string>>;
  readonly mayI?: (question: AccessQuestion) => boolean;
  /** Milliseconds since 1970, for the server's own stamps. */
  readonly nowMs?: () => number;
}

/** Sees a request; `number` counts from 1. What it throws is what the caller gets. */
export type RequestHook = (request: FakeRequest, number: number) => void | Promise<void>;

/** An API server in memory, and what a test needs to play everybody else. */
export interface FakeCluster extends ClusterClient {
  /** Every request so far, in order. */
  readonly requests: readonly FakeRequest[];
  /** Those that may have changed something. */
  writes(): readonly FakeRequest[];
  object(ref: ObjectRef): LiveObject | undefined;
  /** Of one kind, or all; by kind, namespace and name. */
  objects(kind?: string): readonly LiveObject[];
  /** `Kind namespace/name` of all objects but the two namespaces every cluster has. */
  names(): readonly string[];
  /** Creates or replaces an object as somebody else would, finalizers and all. */
  put(object: SeedObject, as?: { readonly manager?: string; readonly subresource?: string }): LiveObject;
  /** Changes an object as somebody else would. Errors: it is not there. */
  edit(
    ref: ObjectRef,
    change: (object: Record<string, unknown> & { metadata: Record<string, unknown> }) => void,
    as?: { readonly manager?: string; readonly subresource?: string },
  ): LiveObject;
  /** It is gone at once, whatever its finalizers. */
  remove(ref: ObjectRef): void;
  /** Runs before a request does anything: throw, and nothing has happened. */
  beforeRequest(hook: RequestHook | undefined): void;
  /** Runs when a request is done: throw, and only its answer is lost. */
  afterRequest(hook: RequestHook | undefined): void;
  /** Watches from an earlier version are told `expired` from now on. */
  expireWatches(): void;
}

interface HistoryEntry {
  readonly version: number;
  readonly type: "added" | "modified" | "deleted";
  readonly object: LiveObject;
  readonly before: LiveObject | undefined;
}

const defaultManager = "kubectl-edit";
const noGeneration = new Set(["Secret", "ConfigMap", "Namespace", "Event", "Lease", "Node"]);

/**
 * An in-memory API server behind the port: uids, resource versions, generations, ownership of fields, preconditions,
 * finalizers, selectors and watches. It knows no schema, no controllers, and of admission the probe alone.
 */
export function createFakeCluster(
  seeds: readonly SeedObject[] = [],
  options: FakeClusterOptions = {},
): FakeCluster {
  const { nowMs = () => Date.UTC(2026, 0, 1) } = options;
  const store = new Map<string, LiveObject>();
  const history: HistoryEntry[] = [];
  const requests: FakeRequest[] = [];
  const waiting = new Set<() => void>();
  const unknownKinds = new Set(options.withoutKinds ?? []);
  let version = 1;
  let oldestVersion = 0;
  let uids = 0;
  let before: RequestHook | undefined;
  let after: RequestHook | undefined;

  const stamp = () => new Date(nowMs()).toISOString().replace(/\.\d+Z$/, "Z");
  const commit = (object: LiveObject, type: HistoryEntry["type"]): LiveObject => {
    version++;
    const key = refKey(refOf(object));
    const old = store.get(key);
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    } as LiveObject;
    if (type === "deleted") store.delete(key);
    else store.set(key, stored);
    history.push({ version, type, object: stored, before: old });
    for (const wake of waiting) wake();
    return stored;
  };
  const withDefaults = (object: LiveObject): LiveObject => {
    if (object.kind !== "Namespace") return object;
    const { metadata } = object;
    const labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
    return { ...object, metadata: { ...metadata, labels }, status: object["status"] ?? { phase: "Active" } };
  };
  const newObject = (object: SeedObject | WritableObject): LiveObject => {
    const { metadata } = object;
    const made: LiveMetadata = {
      ...(metadata as LiveMetadata),
      uid: (object as SeedObject).metadata.uid ?? `uid-${++uids}`,
      resourceVersion: "0",
      creationTimestamp: (metadata as LiveMetadata).creationTimestamp ?? stamp(),
      ...(noGeneration.has(object.kind) ? {} : { generation: 1 }),
    };
    return withDefaults({ ...object, metadata: made });
  };
  /** What becomes of an object that is replaced by `next`: generation, and its end when the last finalizer goes. */
  const replaceWith = (live: LiveObject, next: LiveObject): LiveObject => {
    if (isDeepStrictEqual(withoutTimes(live), withoutTimes(next))) return live;
    const changed = !isDeepStrictEqual(specOf(live), specOf(next));
    const generation =
      live.metadata.generation === undefined ? undefined : live.metadata.generation + (changed ? 1 : 0);
    const metadata = { ...next.metadata, ...(generation === undefined ? {} : { generation }) };
    const isOver =
      metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0 && !isBusy(live);
    const stored = commit({ ...next, metadata }, isOver ? "deleted" : "modified");
    if (isOver) endNamespaceOf(live);
    return stored;
  };
  const isBusy = ({ kind, metadata }: LiveObject) =>
    kind === "Namespace" && [...store.values()].some((one) => one.metadata.namespace === metadata.name);
  /** The last object of a namespace that is going takes it along. */
  const endNamespaceOf = ({ metadata }: LiveObject): void => {
    if (metadata.namespace === undefined) return;
    const owner = store.get(`/Namespace//${metadata.namespace}`);
    if (owner?.metadata.deletionTimestamp === undefined || isBusy(owner)) return;
    if ((owner.metadata.finalizers ?? []).length === 0) commit(owner, "deleted");
  };
  const requireHome = (ref: ObjectRef): void => {
    if (unknownKinds.has(ref.kind)) throw unknownKind(ref);
    if (ref.namespace === undefined) return;
    const home = store.get(`/Namespace//${ref.namespace}`);
    if (home === undefined) {
      throw new OperationError("not-found", `namespace ${ref.namespace} is not there`, {
        subject: labelRef(ref),
      });
    }
  };
  const requireOpenHome = (ref: ObjectRef): void => {
    requireHome(ref);
    if (ref.namespace === undefined) return;
    if (store.get(`/Namespace//${ref.namespace}`)?.metadata.deletionTimestamp === undefined) return;
    throw new OperationError("terminating", `namespace ${ref.namespace} is being deleted`, {
      subject: labelRef(ref),
    });
  };

  const request = async <T>(seen: FakeRequest, work: () => T): Promise<T> => {
    const copy = structuredClone(seen);
    requests.push(copy);
    const number = requests.length;
    await before?.(copy, number);
    const result = work();
    await after?.(copy, number);
    return structuredClone(result);
  };
  const requestFor = (
    verb: FakeVerb,
    ref: ObjectRef,
    rest: { dryRun?: boolean | undefined; body?: unknown } = {},
  ): FakeRequest => ({
    verb,
    kind: ref.kind,
    namespace: ref.namespace,
    name: ref.name,
    dryRun: rest.dryRun ?? false,
    body: rest.body,
  });

  const listNow = (query: ListQuery): LiveObject[] =>
    [...store.values()]
      .filter((object) => isWanted(object, query))
      .sort((a, b) => (refKey(refOf(a)) < refKey(refOf(b)) ? -1 : 1))
      .map((object) => present(object, query));

  const cluster: FakeCluster = {
    name: options.name ?? "fake",
    server: options.server ?? "https://127.0.0.1:6443",
    requests,

    list: (query) =>
      request(requestFor("list", { ...query.type, namespace: query.namespace, name: "" }), (): LiveList => {
        if (unknownKinds.has(query.type.kind)) throw unknownKind({ ...query.type });
        return { items: listNow(query), resourceVersion: String(version) };
      }),
    get: (ref) => request(requestFor("get", ref), () => store.get(refKey(ref))),

    create(object, { dryRun = false } = {}) {
      const ref = refOf(object);
      return request(requestFor("create", ref, { dryRun, body: object }), (): WriteResult => {
        requireOpenHome(ref);
        refuseProbe(object, store.values());
        if (store.has(refKey(ref))) return changed(`${labelRef(ref)} already exists`);
        const made = updateFields({
          live: undefined,
          next: newObject(withoutPreconditions(object)),
          manager: fieldManager,
          time: stamp(),
        });
        return { type: "written", object: dryRun ? made : commit(made, "added") };
      });
    },

    apply(object, { dryRun = false, force = false, createOnly = false } = {}) {
      const ref = refOf(object);
      const seen = requestFor("apply", ref, { dryRun, body: object });
      return request(seen, (): WriteResult => {
        requireHome(ref);
        const live = store.get(refKey(ref));
        if (live !== undefined && createOnly) return changed(`${labelRef(ref)} is there already`);
        const failed = failedPrecondition(live, object.metadata, ref);
        if (failed !== undefined) return failed;
        if (live === undefined) requireOpenHome(ref);
        const base = live ?? newObject(withoutPreconditions(object));
        const outcome = applyFields({
          live: base,
          isNew: live === undefined,
          patch: withoutPreconditions(object),
          manager: fieldManager,
          force,
          time: stamp(),
        });
        if (outcome.type === "conflict") return outcome;
        const next = withDefaults(outcome.object);
        if (dryRun) return { type: "written", object: next };
        return {
          type: "written",
          object: live === undefined ? commit(next, "added") : replaceWith(live, next),
        };
      });
    },

    update(object) {
      const ref = refOf(object);
      return request(requestFor("update", ref, { body: object }), (): WriteResult => {
        requireHome(ref);
        const live = store.get(refKey(ref));
        if (live === undefined) return changed(`${labelRef(ref)} is not there`);
        const failed = failedPrecondition(live, object.metadata, ref);
        if (failed !== undefined) return failed;
        const next = { ...object, metadata: { ...serverFields(live), ...object.metadata } } as LiveObject;
        const owned = updateFields({ live, next, manager: fieldManager, time: stamp() });
        return { type: "written", object: replaceWith(live, withDefaults(owned)) };
      });
    },

    patch(ref, patch: JsonPatch, { dryRun = false }: WriteOptions = {}) {
      return request(requestFor("patch", ref, { dryRun, body: patch }), (): WriteResult => {
        requireHome(ref);
        const live = store.get(refKey(ref));
        if (live === undefined) return changed(`${labelRef(ref)} is not there`);
        const next = applyJsonPatch(live, patch);
        if (next === undefined) return changed(`${labelRef(ref)} is not as the patch expects`);
        const owned = updateFields({ live, next, manager: fieldManager, time: stamp() });
        return { type: "written", object: dryRun ? owned : replaceWith(live, owned) };
      });
    },

    delete(ref, preconditions: DeletePreconditions) {
      return request(requestFor("delete", ref, { body: preconditions }), (): DeleteResult => {
        const live = store.get(refKey(ref));
        if (live === undefined) return "missing";
        if (live.metadata.uid !== preconditions.uid) return "changed";
        const { resourceVersion } = preconditions;
        if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
          return "changed";
        end(live);
        return "deleted";
      });
    },

    watch: (query, watchOptions) => watchFake(query, watchOptions),

    readLog: (query) =>
      request(logRequest(query), () => options.logs?.[logKey(query)] ?? options.logs?.[podKey(query)]),
    async *followLog(query) {
      const text = await request(
        logRequest(query),
        () => options.logs?.[logKey(query)] ?? options.logs?.[podKey(query)],
      );
      if (text !== undefined) yield text;
    },
    mayI: (question) =>
      request(
        {
          verb: "mayI",
          kind: undefined,
          namespace: question.namespace,
          name: undefined,
          dryRun: true,
          body: question,
        },
        () => options.mayI?.(question) ?? true,
      ),
    getPath: (path) =>
      request(
        { verb: "path", kind: undefined, namespace: undefined, name: path, dryRun: false, body: undefined },
        () => options.paths?.[path] ?? (path === "/version" ? { gitVersion: "v1.35.8+k3s1" } : undefined),
      ),

    guarded(guard) {
      const guardWrite = async <T>(write: () => Promise<T>): Promise<T> => {
        for (let tries = 0; tries < 100; tries++) {
          guard.signal.throwIfAborted();
          if (guard.beforeWrite() === "go") return write();
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        throw new OperationError("lock-lost", "the lock could not be renewed for too long");
      };
      return {
        ...cluster,
        create: (...input) => guardWrite(() => cluster.create(...input)),
        apply: (...input) => guardWrite(() => cluster.apply(...input)),
        update: (...input) => guardWrite(() => cluster.update(...input)),
        patch: (...input) => guardWrite(() => cluster.patch(...input)),
        delete: (...input) => guardWrite(() => cluster.delete(...input)),
      };
    },

    writes: () =>
      requests.filter(
        ({ verb, dryRun }) => !dryRun && ["create", "apply", "update", "patch", "delete"].includes(verb),
      ),
    object: (ref) => structuredClone(store.get(refKey(ref))),
    objects: (kind) =>
      [...store.values()]
        .filter((object) => kind === undefined || object.kind === kind)
        .sort((a, b) => (labelRef(refOf(a)) < labelRef(refOf(b)) ? -1 : 1))
        .map((object) => structuredClone(object)),
    names: () =>
      [...store.values()]
        .filter(({ kind, metadata }) => kind !== "Namespace" || !baseNamespaces.has(metadata.name))
        .map((object) => labelRef(refOf(object)))
        .sort(),
    put(object, { manager = defaultManager, subresource } = {}) {
      const seed = structuredClone(object);
      const live = store.get(refKey(refOf(seed)));
      const given = seed.metadata.managedFields;
      const fresh = newObject(seed);
      const next =
        live === undefined
          ? fresh
          : ({ ...seed, metadata: { ...serverFields(live), ...seed.metadata } } as LiveObject);
      const owned =
        given === undefined
          ? updateFields({ live, next, manager, time: stamp(), subresource })
          : withManagedFields(next, given);
      return structuredClone(
        live === undefined ? commit(owned, "added") : replaceWith(live, withDefaults(owned)),
      );
    },
    edit(ref, change, { manager = defaultManager, subresource } = {}) {
      const live = store.get(refKey(ref));
      if (live === undefined) throw new Error(`${labelRef(ref)} is not there to edit`);
      const next = structuredClone(live) as never;
      change(next);
      return structuredClone(
        replaceWith(live, updateFields({ live, next, manager, time: stamp(), subresource })),
      );
    },
    remove(ref) {
      const live = store.get(refKey(ref));
      if (live === undefined) return;
      commit(live, "deleted");
      endNamespaceOf(live);
    },
    beforeRequest(hook) {
      before = hook;
    },
    afterRequest(hook) {
      after = hook;
    },
    expireWatches() {
      version++;
      oldestVersion = version;
    },
  };

  /** A delete that was allowed: at once, or marked when finalizers or a namespace's content are in the way. */
  function end(live: LiveObject): void {
    if (live.kind === "Namespace") {
      const mark = { ...live, status: { phase: "Terminating" } };
      const marked = markDeleted(mark);
      for (const one of [...store.values()].filter(
        ({ metadata }) => metadata.namespace === live.metadata.name,
      ))
        end(one);
      if (!isBusy(marked) && (marked.metadata.finalizers ?? []).length === 0) {
        if (store.has(refKey(refOf(marked)))) commit(marked, "deleted");
      }
      return;
    }
    if ((live.metadata.finalizers ?? []).length > 0) return void markDeleted(live);
    commit(live, "deleted");
    endNamespaceOf(live);
  }
  function markDeleted(live: LiveObject): LiveObject {
    if (live.metadata.deletionTimestamp !== undefined) return live;
    return commit({ ...live, metadata: { ...live.metadata, deletionTimestamp: stamp() } }, "modified");
  }

  async function* watchFake(query: ListQuery, { resourceVersion, signal }: WatchOptions) {
    await request(requestFor("watch", { ...query.type, namespace: query.namespace, name: "" }), () => {
      if (unknownKinds.has(query.type.kind)) throw unknownKind({ ...query.type });
    });
    let seen = Number(resourceVersion);
    while (!signal.aborted) {
      if (seen < oldestVersion) {
        throw new OperationError("expired", `the watch of ${query.type.plural} is too old`, {
          subject: query.type.plural,
        });
      }
      const next = history.find((entry) => entry.version > seen && toEvent(entry, query) !== undefined);
      if (next === undefined) {
        seen = version;
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          waiting.add(wake);
          signal.addEventListener("abort", wake);
          if (signal.aborted) wake();
        });
        continue;
      }
      seen = next.version;
      yield structuredClone(toEvent(next, query)!);
    }
  }

  for (const name of ["default", "kube-system"]) {
    const uid = name === "kube-system" ? (options.uid ?? "uid-of-kube-system") : `uid-of-${name}`;
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name, uid } }, { manager: "k3s" });
  }
  for (const seed of seeds) cluster.put(seed, { manager: "seed" });
  return cluster;
}

const baseNamespaces: ReadonlySet<string> = new Set(["default", "kube-system"]);

function isWanted(object: LiveObject, { type, namespace, labelSelector, fieldSelector }: ListQuery): boolean {
  return (
    object.kind === type.kind &&
    object.apiVersion.split("/")[0] === type.apiVersion.split("/")[0] &&
    (namespace === undefined || object.metadata.namespace === namespace) &&
    matchesLabels(object.metadata.labels ?? {}, labelSelector) &&
    matchesFields(object, fieldSelector)
  );
}

function present(object: LiveObject, { metadataOnly = false }: ListQuery): LiveObject {
  const { apiVersion, kind, metadata } = object;
  return metadataOnly ? { apiVersion, kind, metadata } : object;
}

/** As the API server tells it: an object that no longer fits the selector is deleted to this watch. */
function toEvent({ type, object, before }: HistoryEntry, query: ListQuery): WatchEvent | undefined {
  const is = isWanted(object, query);
  const was = before !== undefined && isWanted(before, query);
  if (type === "deleted") return was ? { type, object: present(object, query) } : undefined;
  if (is) return { type: was ? "modified" : "added", object: present(object, query) };
  return was ? { type: "deleted", object: present(object, query) } : undefined;
}

function changed(message: string): WriteResult {
  return { type: "changed", message };
}

function unknownKind({ kind, apiVersion }: { readonly kind: string; readonly apiVersion: string }) {
  return new OperationError("not-found", `the API server does not know ${kind} (${apiVersion})`, {
    subject: resourceTypeOf({ kind }).plural,
  });
}

function failedPrecondition(
  live: LiveObject | undefined,
  { uid, resourceVersion }: WritableObject["metadata"],
  ref: ObjectRef,
): WriteResult | undefined {
  if (uid !== undefined && live?.metadata.uid !== uid)
    return changed(`${labelRef(ref)} is not the object it was`);
  if (
    live !== undefined &&
    resourceVersion !== undefined &&
    live.metadata.resourceVersion !== resourceVersion
  )
    return changed(`${labelRef(ref)} has been modified`);
  return undefined;
}

function withoutPreconditions(object: WritableObject): WritableObject {
  const { uid: _, resourceVersion: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What the server keeps whatever a PUT says. */
function serverFields({ metadata }: LiveObject): Partial<LiveMetadata> {
  const { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, managedFields } = metadata;
  return Object.fromEntries(
    Object.entries({
      uid,
      resourceVersion,
      generation,
      creationTimestamp,
      deletionTimestamp,
      managedFields,
    }).filter(([, value]) => value !== undefined),
  );
}

function withManagedFields(
  object: LiveObject,
  managedFields: readonly ManagedFieldsEntry[] | undefined,
): LiveObject {
  return {
    ...object,
    metadata: { ...object.metadata, ...(managedFields === undefined ? {} : { managedFields }) },
  };
}

function specOf(object: LiveObject): unknown {
  return { ...object, metadata: undefined, status: undefined };
}

/** Who wrote when does not make a write. */
function withoutTimes(object: LiveObject): unknown {
  const { managedFields, ...metadata } = object.metadata;
  return { ...object, metadata, managedFields: managedFields?.map((entry) => ({ ...entry, time: "" })) };
}

const podKey = ({ namespace, pod }: LogQuery) => `${namespace}/${pod}`;
const logKey = (query: LogQuery) => `${podKey(query)}/${query.container ?? ""}`;
function logRequest(query: LogQuery): FakeRequest {
  const { namespace, pod: name } = query;
  return { verb: "log", kind: "Pod", namespace, name, dryRun: false, body: query };
}

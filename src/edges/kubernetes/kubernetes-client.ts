import type { Clock } from "../../cluster/clock.ts";
import { fieldManager } from "../../cluster/cluster-client.ts";
import type {
  ClusterClient,
  DeletePreconditions,
  JsonPatch,
  ListQuery,
  LiveList,
  LogQuery,
  WritableObject,
  WriteGuard,
  WriteOptions,
  WriteResult,
} from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypeOf } from "../../cluster/resource-types.ts";
import { collectionPath, objectPath, withQuery } from "./api-path.ts";
import { isPreconditionFailure, readConflicts, refusalError, secretsIn } from "./api-status.ts";
import type { ApiStatus } from "./api-status.ts";
import { followPodLog, logPath } from "./pod-log.ts";
import type { RetryingSender, TryRequest } from "./retry.ts";
import { watchCollection } from "./watch.ts";

/** What every part of the adapter needs. */
export interface ClientParts {
  readonly name: string;
  readonly server: string;
  readonly sender: RetryingSender;
  readonly clock: Clock;
  readonly random: () => number;
  readonly guard?: WriteGuard;
}

interface Write {
  readonly verb: string;
  readonly ref: ObjectRef;
  readonly request: Pick<TryRequest, "method" | "path"> & { readonly contentType?: string };
  readonly body: unknown;
}

const applyPatchType = "application/apply-patch+yaml";
const jsonPatchType = "application/json-patch+json";
/** Of PartialObjectMetadata: what kubectl calls metadata only. */
const metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/** Chunks bound what the API server holds in memory at once. */
const chunkSize = 500;
/** No object has it, and where nothing is the API server does not look at it. */
const impossibleVersion = "1";

/** The port over HTTP. */
export function createKubernetesClient(parts: ClientParts): ClusterClient {
  const { name, server, sender, guard } = parts;
  const signal = guard?.signal;

  const refuse = (
    status: ApiStatus,
    about: { doing: string; subject: string; kind?: string; body?: unknown },
  ) => {
    const { doing, subject, kind, body } = about;
    const isSecret = kind === "Secret";
    const secrets = isSecret ? secretsIn(body) : [];
    return refusalError(status, { doing, subject, isSecret, secrets, connection: { name, server } });
  };

  const read = async (path: string, about: { doing: string; subject: string; accept?: string }) => {
    const { accept } = about;
    const result = await sender.send({
      method: "GET",
      path,
      signal,
      ...(accept === undefined ? {} : { accept }),
    });
    if (result.ok) return { found: true as const, value: parseBody(result.answer.text) };
    if (result.status.status === 404) return { found: false as const, status: result.status };
    throw refuse(result.status, about);
  };

  const write = async ({ verb, ref, request, body }: Write): Promise<WriteResult> => {
    const result = await sender.send({
      ...request,
      body: JSON.stringify(body),
      signal,
      beforeSend: guard?.beforeWrite,
    });
    if (result.ok) return { type: "written", object: parseBody(result.answer.text) as LiveObject };
    const { status } = result;
    const conflicts = readConflicts(status);
    if (conflicts.length > 0) return { type: "conflict", conflicts };
    const isGone = status.status === 404 && request.method !== "POST" && isAbout(status, ref);
    if (isGone) return { type: "changed", message: `${labelRef(ref)} is not there` };
    if (isPreconditionFailure(status, request.contentType === jsonPatchType))
      return { type: "changed", message: `${labelRef(ref)} is not what it was, or is there already` };
    throw refuse(status, { doing: `${verb} ${labelRef(ref)}`, subject: labelRef(ref), kind: ref.kind, body });
  };

  const listChunk = async (query: ListQuery, chunk: { limit?: number; continue?: string }) => {
    const { type, namespace, labelSelector, fieldSelector, metadataOnly = false } = query;
    const path = withQuery(collectionPath(type, namespace), { labelSelector, fieldSelector, ...chunk });
    const about = { doing: `list ${type.plural}${inNamespace(namespace)}`, subject: type.plural };
    const result = await sender.send({
      method: "GET",
      path,
      signal,
      ...(metadataOnly ? { accept: metadataList } : {}),
    });
    if (result.ok) {
      return parseBody(result.answer.text) as {
        readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
        readonly items: readonly LiveObject[] | null;
      };
    }
    // the server forgot where we were; the whole at once cannot be forgotten
    if (result.status.status === 410 && chunk.continue !== undefined) return undefined;
    throw refuse(result.status, about);
  };

  const list = async (query: ListQuery): Promise<LiveList> => {
    const { apiVersion, kind } = query.type;
    let found: LiveObject[] = [];
    let chunk: { limit?: number; continue?: string } = { limit: chunkSize };
    for (;;) {
      const page = await listChunk(query, chunk);
      if (page === undefined) {
        found = [];
        chunk = {};
        continue;
      }
      for (const item of page.items ?? []) found.push({ ...item, apiVersion, kind });
      const { continue: next, resourceVersion } = page.metadata;
      if (next === undefined || next === "") return { items: found, resourceVersion };
      chunk = { limit: chunkSize, continue: next };
    }
  };

  const client: ClusterClient = {
    name,
    server,
    list,

    async get(ref) {
      const label = labelRef(ref);
      const result = await read(objectPath(ref), { doing: `read ${label}`, subject: label });
      return result.found ? (result.value as LiveObject) : undefined;
    },

    create(object, { dryRun = false } = {}) {
      const ref = refOf(object);
      const path = withQuery(collectionPath(typeOf(ref), ref.namespace), { fieldManager, ...dry(dryRun) });
      return write({ verb: "create", ref, request: { method: "POST", path }, body: object });
    },

    apply(object, { dryRun = false, force = false, createOnly = false } = {}) {
      const ref = refOf(object);
      const path = withQuery(objectPath(ref), { fieldManager, force, ...dry(dryRun) });
      const body: WritableObject = createOnly
        ? { ...object, metadata: { ...object.metadata, resourceVersion: impossibleVersion } }
        : object;
      return write({
        verb: "apply",
        ref,
        request: { method: "PATCH", path, contentType: applyPatchType },
        body,
      });
    },

    update(object) {
      const ref = refOf(object);
      const path = withQuery(objectPath(ref), { fieldManager });
      return write({ verb: "update", ref, request: { method: "PUT", path }, body: object });
    },

    patch(ref, patch: JsonPatch, { dryRun = false }: WriteOptions = {}) {
      const path = withQuery(objectPath(ref), { fieldManager, ...dry(dryRun) });
      return write({
        verb: "patch",
        ref,
        request: { method: "PATCH", path, contentType: jsonPatchType },
        body: patch,
      });
    },

    async delete(ref, { uid, resourceVersion, propagation = "Background" }: DeletePreconditions) {
      const label = labelRef(ref);
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, resourceVersion },
        propagationPolicy: propagation,
      };
      const result = await sender.send({
        method: "DELETE",
        path: objectPath(ref),
        body: JSON.stringify(body),
        signal,
        beforeSend: guard?.beforeWrite,
      });
      if (result.ok) return "deleted";
      if (result.status.status === 404) return "missing";
      if (result.status.status === 409) return "changed";
      throw refuse(result.status, { doing: `delete ${label}`, subject: label, kind: ref.kind });
    },

    watch: (query, options) =>
      watchCollection(parts, query, { ...options, refuse: (status, about) => refuse(status, about) }),

    async readLog(query) {
      const label = `the log of Pod ${query.namespace}/${query.pod}`;
      const result = await sender.send({ method: "GET", path: logPath(query), accept: "*/*", signal });
      if (result.ok) return result.answer.text;
      // 400: the container has not started, or has not run before
      if (result.status.status === 404 || result.status.status === 400) return undefined;
      throw refuse(result.status, { doing: `read ${label}`, subject: label });
    },

    followLog: (query: LogQuery, stop: AbortSignal) =>
      followPodLog(parts, query, {
        signal: stop,
        refuse: (status, about) => refuse(status, about),
      }),

    async mayI(question) {
      const { verb, group, resource, subresource, namespace } = question;
      const result = await sender.send({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body: JSON.stringify({
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes: { verb, group, resource, subresource, namespace } },
        }),
        signal,
      });
      if (!result.ok) throw refuse(result.status, { doing: "ask for our rights", subject: "rights" });
      const answer = parseBody(result.answer.text) as { readonly status?: { readonly allowed?: boolean } };
      return answer.status?.allowed === true;
    },

    async getPath(path) {
      const result = await read(path, { doing: `read ${path}`, subject: path });
      return result.found ? result.value : undefined;
    },

    guarded: (writeGuard) => createKubernetesClient({ ...parts, guard: writeGuard }),
  };
  return client;
}

const dry = (dryRun: boolean) => (dryRun ? { dryRun: "All" } : {});

function typeOf({ apiVersion, kind }: ObjectRef) {
  return { apiVersion, plural: resourceTypeOf({ kind }).plural };
}

/** A 404 may be about the object, its namespace or its kind. */
function isAbout({ isFromServer, message }: ApiStatus, { name }: ObjectRef): boolean {
  return isFromServer && message.includes(`"${name}" not found`) && !message.startsWith("namespaces ");
}

function inNamespace(namespace: string | undefined): string {
  return namespace === undefined ? "" : ` in ${namespace}`;
}

function parseBody(text: string): unknown {
  return JSON.parse(text) as unknown;
}

import type { FieldConflict } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import type { HttpAnswer } from "./http.ts";

/** What the API server says when it refuses; as far as we read it. */
export interface ApiStatus {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  /** False: no Status object, as for a kind that is not known, or from a proxy in between. */
  readonly isFromServer: boolean;
}

/** What a refused request was about. */
export interface Refused {
  /** `apply HelmChart paas-charts/x`. */
  readonly doing: string;
  /** The object or kind. */
  readonly subject: string;
  /** True: nothing the server quotes may be shown. */
  readonly isSecret: boolean;
  /** Values that must not appear in a message. */
  readonly secrets: readonly string[];
  readonly connection: { readonly name: string; readonly server: string };
}

const longestMessage = 800;

/** Reads the body of an answer that is no success. */
export function readStatus({ status, text }: Pick<HttpAnswer, "status" | "text">): ApiStatus {
  try {
    return statusOf(JSON.parse(text), status);
  } catch {
    // a proxy's page, or `404 page not found`
    return statusOf(undefined, status);
  }
}

/** A Status object as we read it; `status` is for what is none. */
export function statusOf(body: unknown, status: number): ApiStatus {
  const { kind, code, reason, message, details } = (body ?? {}) as {
    readonly kind?: string;
    readonly code?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly details?: { readonly causes?: readonly Partial<ApiStatus["causes"][number]>[] };
  };
  if (kind !== "Status") return { status, reason: "", message: "", causes: [], isFromServer: false };
  const causes = (details?.causes ?? []).map((cause) => ({ reason: "", message: "", field: "", ...cause }));
  return { status: code ?? status, reason: reason ?? "", message: message ?? "", causes, isFromServer: true };
}

/** The fields that others hold, when that is why an apply was refused. */
export function readConflicts({ status, causes }: ApiStatus): readonly FieldConflict[] {
  if (status !== 409) return [];
  return causes
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ message, field }) => ({
      manager: /^conflict with "([^"]*)"/.exec(message)?.[1] ?? message,
      field: field.replace(/^\./, ""),
    }));
}

/** True when a precondition of ours failed: uid, resourceVersion, existence, or a `test` of a JSON patch. */
export function isPreconditionFailure({ status, causes, message }: ApiStatus, isJsonPatch: boolean): boolean {
  if (status === 409) return true;
  if (status !== 422) return false;
  // a wrong uid reaches validation first; what a JSON patch does not find is told in these words and no others (tried)
  if (causes.length > 0) return causes.every(({ field }) => field === "metadata.uid");
  return isJsonPatch && message === "the server rejected our request due to an error in our request";
}

/** The API server answers 500 for what will never work, such as a number where the schema has a text. */
export function isHopeless({ status, message }: ApiStatus): boolean {
  return status === 500 && /^failed to (create typed|convert)|^unable to convert/.test(message);
}

/** What a refusal means to us, in words a person can act on. */
export function refusalError(status: ApiStatus, refused: Refused): OperationError {
  const { doing, subject, connection } = refused;
  const said = sentenceOf(status, refused);
  const refuse = (code: ErrorCode, message: string, hint?: string) =>
    new OperationError(code, message, { subject, hint });
  if (status.status === 401) {
    return refuse(
      "unauthorized",
      `the API server ${connection.server} does not accept the credentials of context ${connection.name}`,
      "log in again, or check this context's user in the kubeconfig",
    );
  }
  if (status.causes.some(({ reason }) => reason === "NamespaceTerminating")) {
    return refuse(
      "terminating",
      `cannot ${doing}: ${said}`,
      "wait until the namespace is gone, then try again",
    );
  }
  if (status.status === 403 && /exceeded quota/.test(status.message)) {
    return refuse(
      "quota-exceeded",
      `cannot ${doing}: ${said}`,
      "raise quota in the workspace's file, or ask for less",
    );
  }
  if (status.status === 403) {
    const isRights = /\bUser "[^"]*" cannot\b/.test(status.message);
    return refuse(
      "forbidden",
      `not allowed to ${doing}: ${said}`,
      isRights
        ? `give the user of context ${connection.name} that right, or use another context`
        : "an admission policy of the cluster refuses it: change what it names",
    );
  }
  if (status.status === 404) {
    return status.isFromServer
      ? refuse("not-found", `cannot ${doing}: ${said}`)
      : refuse(
          "not-found",
          `cannot ${doing}: the API server does not know this kind`,
          "install what brings it along (woow doctor says what), or wait until it is",
        );
  }
  if (status.status === 410) return refuse("expired", `cannot ${doing}: ${said}`);
  if (status.status === 429 || (status.status >= 500 && !isHopeless(status))) {
    return refuse(
      "unavailable",
      `cannot ${doing}: the API server ${connection.server} goes on answering ${status.status}${said === "" ? "" : ` (${said})`}`,
      "try again in a while; its log says more",
    );
  }
  return refuse("invalid", `the API server refuses to ${doing}: ${said}`);
}

/** The server's own sentence without a value of a secret, and not endless. */
function sentenceOf(status: ApiStatus, { isSecret, secrets }: Refused): string {
  const { message, causes, reason } = status;
  // what it says about rights and policies is needed; what it says of a Secret's content may quote it
  if (isSecret && status.status !== 403 && status.status !== 404) {
    const fields = [...new Set(causes.map(({ field }) => field).filter((field) => field !== ""))];
    const where = fields.length === 0 ? "" : `: ${fields.join(", ").slice(0, longestMessage)}`;
    return `${reason === "" ? `status ${status.status}` : reason}${where} (its words are not shown, for they may quote the secret)`;
  }
  let text = message === "" ? `status ${status.status}` : message;
  for (const secret of secrets.toSorted((a, b) => b.length - a.length)) {
    text = text.replaceAll(secret, "(hidden)");
  }
  return text.length > longestMessage ? `${text.slice(0, longestMessage)} ...` : text;
}

/** What a request to write a Secret must not be quoted with, as sent and as decoded. */
export function secretsIn(body: unknown): readonly string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
    else if (typeof value === "string" && value.length >= 4) {
      found.add(value);
      found.add(JSON.stringify(value).slice(1, -1));
      const decoded = Buffer.from(value, "base64").toString("utf8");
      if (decoded.length >= 4) {
        found.add(decoded);
        found.add(JSON.stringify(decoded).slice(1, -1));
      }
    }
  };
  const { data, stringData, ...rest } = (body ?? {}) as Record<string, unknown>;
  visit(data);
  visit(stringData);
  // a JSON patch is a list of operations
  if (Array.isArray(body)) for (const { value } of Object.values(rest) as { value?: unknown }[]) visit(value);
  return [...found];
}

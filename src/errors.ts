/** Every way the world can refuse. Faces map these to exit statuses and HTTP codes. */
export type ErrorCode =
  | "usage"
  | "not-found"
  | "already-exists"
  | "changed-meanwhile"
  | "not-writable"
  | "disk-full"
  | "unreadable"
  | "foreign-file"
  | "program-missing"
  | "program-failed"
  | "secrets"
  | "needs-terminal"
  | "create-only"
  // what a cluster refuses; see ClusterClient
  | "unreachable"
  | "unauthorized"
  | "forbidden"
  | "invalid"
  | "terminating"
  | "quota-exceeded"
  | "unavailable"
  | "expired"
  | "cancelled"
  // refused before any write
  | "refused"
  | "lock-held"
  | "lock-lost"
  | "wrong-cluster"
  | "stale-plan"
  // a branch that no longer holds the commit that was applied
  | "history-rewritten";

/** The world refused: says what failed, on what, and what to do. Never holds a secret. */
export class OperationError extends Error {
  readonly code: ErrorCode;
  /** The file, folder or unit concerned. */
  readonly subject: string | undefined;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    rest: { subject?: string; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, rest.cause === undefined ? undefined : { cause: rest.cause });
    this.name = "OperationError";
    this.code = code;
    this.subject = rest.subject;
    this.hint = rest.hint;
  }
}

import type { ObjectRef } from "../cluster/object-ref.ts";
import type { Recovery } from "../plan/change.ts";
import type { ServiceStatus } from "../status/service-status.ts";

/** What became of one object, in kubectl's words. */
export type ObjectOutcome = "created" | "configured" | "unchanged" | "pruned" | "skipped" | "failed";

/** What apply, destroy, rollback and reconcile tell while they work. The CLI prints them, `--json` writes one a line. */
export type ApplyEvent =
  | {
      readonly type: "lock-waiting";
      readonly holder: string;
      readonly purpose: string;
      readonly since: string;
    }
  | { readonly type: "unit-started"; readonly unit: string; readonly changes: number }
  | {
      readonly type: "object";
      readonly unit: string;
      readonly ref: ObjectRef;
      readonly outcome: ObjectOutcome;
      readonly message?: string;
    }
  | {
      readonly type: "recovering";
      readonly unit: string;
      readonly recovery: Recovery["type"];
      readonly why: string;
    }
  /** A step that takes time: waiting for a finalizer, for policies to bite, for volumes to be retained. */
  | { readonly type: "step"; readonly unit: string; readonly message: string }
  | { readonly type: "unit-status"; readonly unit: string; readonly status: ServiceStatus }
  | {
      readonly type: "unit-finished";
      readonly unit: string;
      readonly outcome:
        | "applied"
        | "unchanged"
        | "running"
        | "not-running"
        | "failed"
        | "held"
        | "skipped"
        | "removed"
        | "kept"
        | "cancelled";
      readonly message?: string;
      readonly hint?: string;
      /** Our revision number, when one was made. */
      readonly revision?: number;
    };

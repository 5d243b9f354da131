import type { ApplyEvent } from "../../apply/event.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { Problem } from "../../definitions/problem.ts";

/** Why a pass is made. */
export type PassReason = "start" | "definitions" | "drift" | "retry" | "interval" | "trigger";

/** How a pass ended; `partly`: some workspaces failed, the others are as git says. */
export type PassOutcome = "unchanged" | "applied" | "partly" | "failed" | "cancelled";

/** A field that is not as git says, and who set it. */
export interface DriftedField {
  /** Dotted path; empty for the object as a whole. */
  readonly path: string;
  /** Undefined when the API server does not tell. */
  readonly manager: string | undefined;
  /** RFC 3339. */
  readonly at: string | undefined;
}

/** What `woow reconcile` tells; `--json` writes one a line, metrics and readiness are made from them. */
export type ReconcileEvent =
  | ApplyEvent
  | {
      readonly type: "reconcile-started";
      readonly source: string;
      readonly cluster: string;
      readonly server: string;
    }
  /** The definitions were read; `isNew` when they say something else than before. */
  | {
      readonly type: "source-read";
      readonly commit: string | undefined;
      readonly dirty: boolean;
      readonly isNew: boolean;
    }
  /** They cannot be read; what was read last stays in force. `isFinal`: nothing changes until a person acts. */
  | {
      readonly type: "source-failed";
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly isFinal: boolean;
    }
  /** What is wrong with the definitions, once for each new state of them. `skipped`: workspaces left alone. */
  | {
      readonly type: "definition-problems";
      readonly problems: readonly Problem[];
      readonly skipped: readonly string[];
      /** True: nothing of this state is applied; the one before stays in force. */
      readonly blocksAll: boolean;
    }
  | {
      readonly type: "pass-started";
      readonly reason: PassReason;
      /** `platform` and workspaces; undefined for all. */
      readonly owners: readonly string[] | undefined;
    }
  | {
      readonly type: "drift";
      readonly unit: string;
      readonly ref: ObjectRef;
      /** `missing`: the object is gone. `foreign`: somebody added it, and it opens what we closed. */
      readonly what: "changed" | "missing" | "foreign";
      readonly fields: readonly DriftedField[];
      readonly policy: "repair" | "report";
    }
  /** Somebody sets the same again and again: repaired more and more slowly. */
  | {
      readonly type: "flapping";
      readonly unit: string;
      readonly ref: ObjectRef;
      readonly field: string;
      readonly manager: string | undefined;
      readonly times: number;
      readonly waitMs: number;
    }
  | {
      readonly type: "owner-failed";
      /** `platform` or a workspace. */
      readonly owner: string;
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly retryInMs: number;
    }
  | {
      readonly type: "owner-recovered";
      readonly owner: string;
    }
  | {
      readonly type: "pass-finished";
      readonly reason: PassReason;
      readonly outcome: PassOutcome;
      readonly owners: readonly string[] | undefined;
      readonly changedUnits: number;
      readonly driftFound: number;
      readonly driftRepaired: number;
      readonly failedOwners: readonly string[];
      readonly milliseconds: number;
      readonly commit: string | undefined;
      /** What stopped the pass as a whole. */
      readonly error:
        { readonly code: string; readonly message: string; readonly hint: string | undefined } | undefined;
    }
  /** The API server does not answer; it is asked again. */
  | {
      readonly type: "cluster-lost";
      readonly code: string;
      readonly message: string;
      readonly retryInMs: number;
    }
  | { readonly type: "cluster-back" }
  | { readonly type: "services"; readonly byState: Readonly<Record<string, number>> }
  | { readonly type: "reconcile-stopped"; readonly reason: "signal" | "once" };

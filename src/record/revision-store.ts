import type { ClusterClient } from "../cluster/cluster-client.ts";
import type { NewRevision, Revision, RevisionEnd } from "./revision.ts";

/** How many revisions of a unit are kept. */
export const maxRevisions = 50;

/** Which revision: the numbers are per unit. */
export interface RevisionRef {
  readonly cluster: string;
  readonly unit: string;
  readonly number: number;
}

export interface RevisionFilter {
  readonly cluster: string;
  /** Left out: all units. */
  readonly unit?: string | undefined;
  /** Only so many of each unit, the newest ones. */
  readonly newest?: number | undefined;
}

/**
 * Port to the history. Two adapters, one contract (test/contract): lowdb under .woow/ (`records: local`) and Secrets
 * in paas-system (`records: cluster`).
 */
export interface RevisionStore {
  readonly kind: "local" | "cluster";
  /**
   * Writes the revisions of a run before its work, one number further per unit; the oldest beyond maxRevisions go.
   * `locked` is what a history in the cluster writes by: work that lost its lock begins nothing. Ends are written when
   * the lock has been let go, so they need none.
   */
  begin(revisions: readonly NewRevision[], locked?: ClusterClient): Promise<readonly Revision[]>;
  /**
   * Completes a revision. Completing it twice with another end is a bug; completing one that was trimmed meanwhile is
   * nothing. Callers need not wait for one before they complete the next: those of one moment are written together.
   */
  finish(revision: RevisionRef, end: RevisionEnd): Promise<void>;
  /** By unit, then number; oldest first. */
  list(filter: RevisionFilter): Promise<readonly Revision[]>;
}

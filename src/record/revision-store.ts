import type { NewRevision, Revision, RevisionEnd } from "./revision.ts";

/** How many revisions of a unit are kept. */
export const maxRevisions = 50;

/**
 * Port to the history. Two adapters, one contract (test/contract): lowdb under .woow/ (`records: local`) and Secrets
 * in paas-system (`records: cluster`).
 */
export interface RevisionStore {
  readonly kind: "local" | "cluster";
  /** Writes the revisions of a run before its work, one number further per unit; the oldest beyond maxRevisions go. */
  begin(revisions: readonly NewRevision[]): Promise<readonly Revision[]>;
  /** Completes a revision. Completing it twice is a bug; completing one that was trimmed meanwhile is nothing. */
  finish(
    revision: { readonly unit: string; readonly cluster: string; readonly number: number },
    end: RevisionEnd,
  ): Promise<void>;
  /** Oldest first; one unit of one cluster, or all units when left out. */
  list(filter: {
    readonly cluster: string;
    readonly unit?: string | undefined;
  }): Promise<readonly Revision[]>;
}

import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { GitState } from "../cluster/cluster-deps.ts";

/** What the definitions say at one moment; never half of a change. */
export interface SourceState {
  /** Another text when anything changed: the commit, or a fingerprint of the folder. */
  readonly id: string;
  readonly git: GitState;
  readonly tree: DefinitionTree;
}

/**
 * Port to where the definitions come from: a folder that is watched, or a branch that is followed. Errors of
 * `refresh`, as OperationError: `unreadable` and `unreachable` (tried again later), `history-rewritten` (the branch no
 * longer holds the commit that was applied: nothing of it is taken over until a person says so), `cancelled`.
 */
export interface DefinitionSource {
  /** For messages, without a password: `folder platform`, `branch main of ssh://git@git.example.com/platform.git`. */
  readonly name: string;
  /** Brings it up to date and gives what it says. */
  refresh(signal: AbortSignal): Promise<SourceState>;
  /**
   * True when what was read last comes after this commit, or a person accepted it although it does not. Folders have
   * no such thing.
   */
  readonly follows?: (commit: string, signal: AbortSignal) => Promise<boolean>;
  /** An item whenever it may say something new, beside what `refresh` at an interval finds. */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

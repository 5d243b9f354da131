import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import type { Cluster, Platform } from "../../model/platform.ts";
import type { ChartFetcher } from "../charts/chart-fetcher.ts";
import type { Origin } from "../../record/revision.ts";
import type { RevisionStore } from "../../record/revision-store.ts";
import type { ReleaseMemory } from "../../status/release-content.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";

/** What git says of the working tree; every field is "nothing" outside a repository. */
export interface GitState {
  readonly commit: string | undefined;
  /** Files below the repository that differ from the commit, new ones too; `/` between the parts. */
  readonly changedFiles: readonly string[];
  /**
   * Tracked files that a sparse checkout left out of the working tree: they are defined although they cannot be read,
   * so what they define is never removed.
   */
  readonly absentFiles: readonly string[];
}

/** What this clone remembers of clusters it has written to, so that a wrong context is noticed. */
export interface ClusterMemory {
  /** uid of kube-system behind a cluster's name, or undefined when this clone never wrote there. */
  recall(cluster: string): string | undefined;
  remember(cluster: string, clusterUid: string): void;
}

/** The outside world as the operations on a cluster need it; wired in cli/commands/cluster-deps.ts. */
export interface ClusterDeps {
  /** Reads the repository as it is now; operations that run long read it again. */
  readonly readTree: () => DefinitionTree;
  readonly writer: DefinitionWriter;
  /** Read only when a selected service has secrets; errors `unreadable`, `secrets`. */
  readonly identities: () => readonly AgeIdentity[];
  /** Opens a connection; the context is `--context`, else the cluster's. Errors: see ClusterClient. */
  readonly connect: (cluster: Cluster) => Promise<ClusterClient>;
  /** The history as the platform keeps it: local or in the cluster. Errors: `usage` for local records in CI. */
  readonly openRevisions: (target: {
    readonly platform: Platform;
    readonly cluster: Cluster;
    /** May be left out where the platform keeps its records locally. */
    readonly client: ClusterClient | undefined;
  }) => RevisionStore;
  readonly memory: ClusterMemory;
  /** What releases are made of; a cache only. Left out: every deployed release's record is read once per look. */
  readonly contents?: ReleaseMemory | undefined;
  /** Chart repositories, for platforms that let only verified charts run. Left out: nothing can be compared. */
  readonly charts?: ChartFetcher | undefined;
  readonly readGit: () => Promise<GitState>;
  /** A file as the checked-out commit has it; undefined when it has none, and outside a repository. */
  readonly readCommitted: (path: string) => Promise<Uint8Array | undefined>;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Who acts: `user@host`, or what `WOOW_ACTOR` says. */
  readonly actor: string;
  /** Unique to this process: names the lock's holder. */
  readonly processName: string;
  /** Aborted by Ctrl-C: work stops at a safe point and what was done is recorded. */
  readonly signal: AbortSignal;
  /** Called while units are rendered, for a progress line. */
  readonly progress: (done: number, total: number) => void;
}

const saltBytes = 16;

/** A key for stand-ins and digests, new for every plan. */
export function makeSalt({ randomBytes }: Pick<ClusterDeps, "randomBytes">): string {
  return Buffer.from(randomBytes(saltBytes)).toString("hex");
}

/** The origin of a revision made by this process. */
export function makeOrigin(
  { actor }: ClusterDeps,
  { commit, changedFiles }: GitState,
  command: Origin["command"],
): Origin {
  return { actor, gitCommit: commit, gitDirty: changedFiles.length > 0, command };
}

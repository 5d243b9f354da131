import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LockOptions } from "../cluster/apply.ts";
import type { ClusterDeps } from "../cluster/cluster-deps.ts";
import type { StatusMemory } from "../cluster/status/read-status.ts";
import type { BackOffTimes } from "./back-off.ts";
import type { DefinitionSource } from "./definition-source.ts";
import type { FlapBreaker, FlapTimes } from "./flap-breaker.ts";
import type { ClusterWatches } from "./follow-cluster.ts";
import type { SoundSource } from "./read-source.ts";
import type { PassOutcome } from "./reconcile-event.ts";
import type { Schedule } from "./schedule.ts";

export interface ReconcileDeps {
  readonly cluster: ClusterDeps;
  readonly source: DefinitionSource;
  /** Calls back when somebody asks for a pass now; gives what stops it. */
  readonly onTrigger: (listener: () => void) => () => void;
}

export interface ReconcileOptions {
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  /** One pass, then the end. */
  readonly once: boolean;
  /** How often the definitions are looked at, beside when they tell of a change themselves. */
  readonly intervalMs: number;
  /** How often everything is planned although nothing told of a change. */
  readonly resyncMs: number;
  readonly lock: LockOptions;
  readonly times: ReconcileTimes;
  /** Count services by state now and then, for metrics. */
  readonly countsServices: boolean;
  /** False: a history kept beside the definitions would be lost with them. */
  readonly canKeepRecords: boolean;
}

export interface ReconcileTimes {
  readonly backOff: BackOffTimes;
  readonly flap: FlapTimes;
  /** Signs of drift are gathered this long, so that one edit is one pass. */
  readonly gatherMs: number;
}

/** How it ended, for the exit status. */
export interface ReconcileReport {
  /** Of the last pass; undefined when there was none. */
  readonly outcome: PassOutcome | undefined;
  /** The code of what stopped it as a whole. */
  readonly code: string | undefined;
}

/** What the loop works with. */
export interface LoopState {
  sound: SoundSource | undefined;
  sourceId: string | undefined;
  /** A state that was refused although it could be read. */
  refusedId: string | undefined;
  sourceFailures: number;
  refreshAtMs: number;
  passFailures: number;
  client: ClusterClient | undefined;
  watches: ClusterWatches | undefined;
  report: ReconcileReport;
  /** When services are counted next. */
  servicesAtMs: number;
  statusMemory: StatusMemory | undefined;
  /** What this process said in the cluster. */
  rememberedCommit: string | undefined;
  /** Owners whose last pass failed, and how often in a row. */
  readonly failing: Map<string, number>;
  /** Drift that was told and is only to be told. */
  reported: ReadonlySet<string>;
}

/** What the parts of the loop share. */
export interface LoopContext {
  readonly deps: ClusterDeps;
  readonly source: DefinitionSource;
  readonly options: ReconcileOptions;
  readonly schedule: Schedule;
  readonly flaps: FlapBreaker;
  readonly random: () => number;
  readonly state: LoopState;
}

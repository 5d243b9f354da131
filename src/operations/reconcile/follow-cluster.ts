import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { managedTypes } from "../../cluster/resource-types.ts";
import type { Clock } from "../../cluster/clock.ts";
import { OperationError } from "../../errors.ts";
import { watchDrift } from "./watch-drift.ts";
import type { WatchSign } from "./watch-drift.ts";

/** What the watches as a whole tell. */
export type ClusterSign =
  | Extract<WatchSign, { type: "moved" }>
  /** The first watch that broke, and the last that was mended. */
  | { readonly type: "lost"; readonly error: OperationError; readonly retryInMs: number }
  | { readonly type: "back" }
  /** A bug in a watch. */
  | { readonly type: "broken"; readonly error: unknown };

export interface FollowOptions {
  readonly client: ClusterClient;
  readonly platform: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly tell: (sign: ClusterSign) => void;
  readonly signal: AbortSignal;
}

/** Watches that run in the background. */
export interface ClusterWatches {
  /** Ends when every kind has been listed once: what moves from then on is told. */
  readonly ready: Promise<void>;
  /** Ends after the signal aborts. */
  readonly ended: Promise<void>;
}

/** Stands for a kind among the watches. */
const heartbeat = "heartbeat";
const heartbeatMs = 15_000;

/** A watch waits in silence for an API server that is away; somebody has to notice. */
async function askNowAndThen(
  { client, clock, signal }: FollowOptions,
  hear: (sign: WatchSign) => void,
): Promise<void> {
  let isLost = false;
  while (!signal.aborted) {
    await clock.sleep(heartbeatMs, signal);
    if (signal.aborted) return;
    try {
      await client.getPath("/version");
      if (isLost) hear({ type: "watching", kind: heartbeat });
      isLost = false;
    } catch (error) {
      if (!(error instanceof OperationError) || error.code === "cancelled" || signal.aborted) return;
      if (!isLost) hear({ type: "lost", kind: heartbeat, error, retryInMs: heartbeatMs });
      isLost = true;
    }
  }
}

/** Watches every kind we manage: one connection per kind, however many services there are. */
export function followCluster(options: FollowOptions): ClusterWatches {
  const { tell, signal } = options;
  const seen = new Set<string>();
  const lost = new Set<string>();
  let markReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const hear = (sign: WatchSign): void => {
    if (sign.type === "moved") {
      tell(sign);
      return;
    }
    if (sign.type === "lost") {
      if (lost.size === 0) tell({ type: "lost", error: sign.error, retryInMs: sign.retryInMs });
      lost.add(sign.kind);
    } else if (lost.delete(sign.kind) && lost.size === 0) tell({ type: "back" });
    if (sign.kind !== heartbeat) seen.add(sign.kind);
    if (seen.size === managedTypes.length) markReady();
  };
  const watches: Promise<void>[] = managedTypes.map(async (type) => {
    try {
      await watchDrift({ ...options, type, tell: hear });
    } catch (error) {
      tell({ type: "broken", error });
    }
  });
  watches.push(askNowAndThen(options, hear));
  return { ready, ended: Promise.all(watches).then(() => undefined) };
}

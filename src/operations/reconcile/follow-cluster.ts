import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { managedTypes } from "../../cluster/resource-types.ts";
import type { Clock } from "../../cluster/clock.ts";
import type { OperationError } from "../../errors.ts";
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
    seen.add(sign.kind);
    if (seen.size === managedTypes.length) markReady();
  };
  const watches = managedTypes.map(async (type) => {
    try {
      await watchDrift({ ...options, type, tell: hear });
    } catch (error) {
      tell({ type: "broken", error });
    }
  });
  return { ready, ended: Promise.all(watches).then(() => undefined) };
}

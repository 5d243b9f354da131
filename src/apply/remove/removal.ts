import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import type { Volume } from "../volumes/volume.ts";

/** How long removing waits for others, in milliseconds. */
export interface RemovalTimeouts {
  /** A chart job at work may end by itself; after that it is stopped. */
  readonly jobGraceMs: number;
  /** Until a stopped job's pods are gone. */
  readonly jobStopMs: number;
  /** Until a volume that is just being made is there. */
  readonly bindMs: number;
  /** After this a person is told what a wait is about. */
  readonly explainMs: number;
  /** Until the chart is uninstalled; Helm itself gives up after five minutes. */
  readonly uninstallMs: number;
  /** Until any other object is gone. */
  readonly objectMs: number;
  readonly namespaceMs: number;
  readonly pollMs: number;
}

export const defaultRemovalTimeouts: RemovalTimeouts = {
  jobGraceMs: 60_000,
  jobStopMs: 60_000,
  bindMs: 30_000,
  explainMs: 20_000,
  uninstallMs: 360_000,
  objectMs: 60_000,
  namespaceMs: 180_000,
  pollMs: 500,
};

/** What removing needs of the outside world. */
export interface RemovalDeps {
  /** Guarded by the lock: every write checks first that we still hold it. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeouts: RemovalTimeouts;
}

/** `keep-data`: volumes outlive the service; `delete-data`: they go with it, because a person named it. */
export type RemovalMode = "keep-data" | "delete-data";

/** How a removal ended. */
export interface RemovalResult {
  /**
   * `removed`: nothing is left but what `kept` lists. `kept`: it stays, wholly or in part, to save data.
   * `failed`: something could not be removed. After both of these the unit stays in the inventory.
   */
  readonly outcome: "removed" | "kept" | "failed";
  readonly message: string | undefined;
  readonly hint: string | undefined;
  /** Volumes that are kept, and can be deleted with `woow volumes delete`. */
  readonly kept: readonly Volume[];
}

/** A step of removing that cannot go on. */
export interface Stuck {
  readonly message: string;
  readonly hint: string;
}

export function failedRemoval({ message, hint }: Stuck): RemovalResult {
  return { outcome: "failed", message, hint, kept: [] };
}

/** Errors: `cancelled` when the signal has aborted. */
export function stopIfCancelled({ signal }: Pick<RemovalDeps, "signal">): void {
  if (signal.aborted)
    throw new OperationError("cancelled", "stopped; what was not removed yet is still there");
}

/** Looks until there is a value, or the time is over. Errors: `cancelled`. */
export async function waitFor<T>(
  deps: RemovalDeps,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const until = deps.clock.monotonicMs() + timeoutMs;
  for (;;) {
    stopIfCancelled(deps);
    const value = await look();
    if (value !== undefined || deps.clock.monotonicMs() >= until) return value;
    await deps.clock.sleep(deps.timeouts.pollMs, deps.signal);
  }
}

/** RFC 3339, without fractions of a second. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** `1 volume`, `2 volumes`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

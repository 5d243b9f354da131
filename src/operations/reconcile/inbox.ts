import type { Clock } from "../../cluster/clock.ts";

/** What background work has told, for a loop that takes it when it has time. */
export interface Inbox<T> {
  push(item: T): void;
  /** All that has come, at once; waits for the first, at most so long; empty when nothing came or the signal aborts. */
  take(waitMs: number): Promise<readonly T[]>;
}

/** An inbox that wakes its reader. */
export function createInbox<T>(clock: Clock, signal: AbortSignal): Inbox<T> {
  let items: T[] = [];
  let waiting: AbortController | undefined;
  // one listener for good: a signal joined anew for every wait would pile up on one that lives for months
  signal.addEventListener("abort", () => waiting?.abort(), { once: true });
  return {
    push: (item) => {
      items.push(item);
      waiting?.abort();
    },
    take: async (waitMs) => {
      if (items.length === 0 && waitMs > 0 && !signal.aborted) {
        waiting = new AbortController();
        await clock.sleep(waitMs, waiting.signal);
        waiting = undefined;
      }
      const taken = items;
      items = [];
      return taken;
    },
  };
}

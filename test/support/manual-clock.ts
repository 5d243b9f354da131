import type { Clock } from "../../src/cluster/clock.ts";

/** A clock that a test turns. */
export interface ManualClock extends Clock {
  /** Lets time pass: every sleeper wakes at its own moment, and what it does then is done before time goes on. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  sleepers(): number;
}

/** Both its times begin at zero for the monotonic one, and 2026 for people's. */
export function createManualClock(): ManualClock {
  let now = 0;
  const asleep = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => Date.UTC(2026, 0, 1) + now,
    monotonicMs: () => now,
    sleepers: () => asleep.size,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const wake = () => {
          asleep.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { untilMs: now + ms, wake };
        asleep.add(sleeper);
        signal?.addEventListener("abort", wake, { once: true });
      }),
    async advance(ms) {
      const endMs = now + ms;
      for (;;) {
        await settle();
        const due = [...asleep].filter(({ untilMs }) => untilMs <= endMs);
        const next = due.sort((a, b) => a.untilMs - b.untilMs)[0];
        if (next === undefined) break;
        now = Math.max(now, next.untilMs);
        next.wake();
      }
      now = endMs;
      await settle();
    },
  };
}

/** Lets everything that is ready to run, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

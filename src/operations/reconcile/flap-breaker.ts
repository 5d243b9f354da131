/** When equal corrections are too many, and how they are slowed down. */
export interface FlapTimes {
  /** Corrections of one field within the window that count as a fight. */
  readonly limit: number;
  readonly windowMs: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

export const defaultFlapTimes: FlapTimes = {
  limit: 5,
  windowMs: 600_000,
  firstWaitMs: 10_000,
  maxWaitMs: 300_000,
};

/** Remembers corrections. A fight with another writer is still won, only not at full speed. */
export interface FlapBreaker {
  /** Notes a correction; says so when it is one of too many. */
  note(
    object: string,
    field: string,
    nowMs: number,
  ): { readonly times: number; readonly waitMs: number } | undefined;
  /** Before when a sign of drift on this object is not worth a pass. */
  quietUntilMs(object: string): number;
  /** Forgets what is older than the window. */
  sweep(nowMs: number): void;
}

/** Times are the monotonic clock's. */
export function createFlapBreaker(times: FlapTimes): FlapBreaker {
  const corrections = new Map<string, number[]>();
  const quiet = new Map<string, number>();
  return {
    note: (object, field, nowMs) => {
      const key = `${object}\0${field}`;
      const recent = [...(corrections.get(key) ?? []), nowMs].filter((at) => at > nowMs - times.windowMs);
      corrections.set(key, recent);
      if (recent.length < times.limit) return undefined;
      const waitMs = Math.min(times.maxWaitMs, times.firstWaitMs * 2 ** (recent.length - times.limit));
      quiet.set(object, Math.max(quiet.get(object) ?? 0, nowMs + waitMs));
      return { times: recent.length, waitMs };
    },
    quietUntilMs: (object) => quiet.get(object) ?? 0,
    sweep: (nowMs) => {
      for (const [key, at] of corrections)
        if ((at.at(-1) ?? 0) <= nowMs - times.windowMs) corrections.delete(key);
      for (const [object, until] of quiet) if (until <= nowMs) quiet.delete(object);
    },
  };
}

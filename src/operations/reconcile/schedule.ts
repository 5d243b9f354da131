import type { PassReason } from "./reconcile-event.ts";

/** What is due: everything, or some owners (`platform` and workspaces). */
export interface DuePass {
  readonly reason: PassReason;
  /** Undefined: everything. */
  readonly owners: readonly string[] | undefined;
}

/** Which passes are to be made, and when. Times are the monotonic clock's. */
export interface Schedule {
  /** Everything, at that time or earlier. */
  wantAll(atMs: number, reason: PassReason): void;
  /** One owner, at that time or earlier, but not before its back-off ends. */
  want(owner: string, atMs: number, reason: PassReason): void;
  /** It failed: not before that time, whatever else asks for it but new definitions; then by itself. */
  postpone(owner: string, untilMs: number): void;
  /** It is well again. */
  succeeded(owner: string): void;
  /** New definitions: failures of the old ones count no longer. */
  forgetFailures(): void;
  /** When the next pass is due; undefined when nothing is. */
  nextAtMs(): number | undefined;
  /** Takes what is due. */
  take(nowMs: number): DuePass | undefined;
  /** Owners whose back-off has not ended: a pass of everything leaves them out. */
  postponed(nowMs: number): readonly string[];
}

/** An empty schedule. */
export function createSchedule(): Schedule {
  let all: { readonly atMs: number; readonly reason: PassReason } | undefined;
  const wanted = new Map<string, { readonly atMs: number; readonly reason: PassReason }>();
  const until = new Map<string, number>();
  return {
    wantAll: (atMs, reason) => {
      if (all === undefined || atMs < all.atMs) all = { atMs, reason };
    },
    want: (owner, atMs, reason) => {
      const notBefore = Math.max(atMs, until.get(owner) ?? 0);
      const before = wanted.get(owner);
      if (before === undefined || notBefore < before.atMs) wanted.set(owner, { atMs: notBefore, reason });
    },
    postpone: (owner, untilMs) => {
      until.set(owner, untilMs);
      wanted.set(owner, { atMs: untilMs, reason: "retry" });
    },
    succeeded: (owner) => {
      until.delete(owner);
    },
    forgetFailures: () => {
      for (const owner of until.keys()) wanted.delete(owner);
      until.clear();
    },
    nextAtMs: () => {
      const times = [...wanted.values()].map(({ atMs }) => atMs);
      if (all !== undefined) times.push(all.atMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    take: (nowMs) => {
      if (all !== undefined && all.atMs <= nowMs) {
        const { reason } = all;
        all = undefined;
        for (const [owner, { atMs }] of wanted) if (atMs <= nowMs) wanted.delete(owner);
        return { reason, owners: undefined };
      }
      const due = [...wanted].filter(([, { atMs }]) => atMs <= nowMs);
      const [first] = due;
      if (first === undefined) return undefined;
      for (const [owner] of due) wanted.delete(owner);
      return { reason: first[1].reason, owners: due.map(([owner]) => owner).sort() };
    },
    postponed: (nowMs) => [...until].filter(([, at]) => at > nowMs).map(([owner]) => owner),
  };
}

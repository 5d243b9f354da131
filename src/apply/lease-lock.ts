import type { Clock } from "../cluster/clock.ts";
import type { ClusterClient } from "../cluster/cluster-client.ts";
import { OperationError } from "../errors.ts";
import { formatLease, longestTermMs, microTime, parseLease, readLease } from "./lease.ts";
import type { Lease } from "./lease.ts";

export interface LockRequest {
  readonly client: ClusterClient;
  readonly clock: Clock;
  /** Who asks; unique to this process, or a second one of it would count as the holder. */
  readonly holder: string;
  /** What for: `apply`. */
  readonly purpose: string;
  /** For how long a holder that says nothing is believed to live; `longestTermMs` at most. */
  readonly termMs: number;
  /** How long to wait for another holder. */
  readonly waitMs: number;
  /** Told once of each holder that is waited for. */
  readonly onWaiting: (held: {
    readonly holder: string;
    readonly purpose: string;
    readonly since: string;
  }) => void;
  readonly signal: AbortSignal;
}

/** The lock of a cluster while we hold it; renewed by itself. */
export interface ClusterLock {
  /** Aborted, with a `lock-lost` OperationError as the reason, when somebody else took it. */
  readonly lost: AbortSignal;
  /** The same cluster; no write goes out unless the lock was renewed a moment ago. */
  guard(client: ClusterClient): ClusterClient;
  /** Lets go, if it is still ours. Never throws: what is not let go of ends with its term. */
  release(): Promise<void>;
}

/** Renewed this often in a term. */
const renewalsPerTerm = 3;
/** The part of a term after which nothing is written without a new renewal: what is under way has the rest to land. */
const writableShare = 2 / 3;
const longestPollMs = 1_000;

/**
 * Takes the lock of a cluster, waiting for another holder. A holder is taken over when its Lease did not change for a
 * full term on our own clock; clocks are never compared. Who writes the Lease first is decided by its resourceVersion.
 * Errors: `lock-held` after `waitMs`, `cancelled`; those of ClusterClient.
 */
export async function acquireLock(asked: LockRequest): Promise<ClusterLock> {
  const request = { ...asked, termMs: Math.min(asked.termMs, longestTermMs) };
  const { client, clock, holder, waitMs, termMs, onWaiting, signal } = request;
  const startedMs = clock.monotonicMs();
  let seen: { readonly version: string; readonly sinceMs: number } | undefined;
  let told: string | undefined;
  for (;;) {
    const beforeMs = clock.monotonicMs();
    const lease = await readLease(client);
    const nowMs = clock.monotonicMs();
    if (seen?.version !== lease?.resourceVersion)
      seen = lease === undefined ? undefined : { version: lease.resourceVersion, sinceMs: nowMs };
    // counted from the end of the first look to the beginning of this one, so that slow answers add nothing
    const silentMs = seen === undefined ? 0 : beforeMs - seen.sinceMs;
    const isFree = lease?.holder === undefined || lease.holder === holder;
    if (isFree || silentMs >= Math.max(termMs, lease.termMs)) {
      const taken = await takeLease(request, lease);
      if (taken !== undefined) return holdLock(request, taken);
      continue;
    }
    if (nowMs - startedMs >= waitMs) throw lockHeld(lease);
    if (told !== lease.holder) {
      told = lease.holder;
      onWaiting({ holder: lease.holder, purpose: lease.purpose, since: lease.since });
    }
    const leftMs = waitMs - (nowMs - startedMs);
    await clock.sleep(Math.min(longestPollMs, termMs / 5, leftMs), signal);
    if (signal.aborted) {
      throw new OperationError("cancelled", `stopped while waiting for ${lease.holder}`, {
        subject: client.name,
      });
    }
  }
}

interface Held {
  readonly lease: Lease;
  /** Monotonic; before the request that renewed it was sent. */
  readonly renewedMs: number;
}

/** Undefined when somebody else was faster. */
async function takeLease(request: LockRequest, lease: Lease | undefined): Promise<Held | undefined> {
  const { client, clock, holder, purpose, termMs } = request;
  const renewedMs = clock.monotonicMs();
  const now = microTime(clock.nowMs());
  const transitions = lease === undefined ? 0 : lease.transitions + 1;
  const next = formatLease({ holder, purpose, since: now, renewedAt: now, termMs, transitions }, lease);
  const result = lease === undefined ? await client.create(next) : await client.update(next);
  if (result.type === "written") return { lease: parseLease(result.object), renewedMs };
  // an answer that was lost is asked for again, and then it is we who were faster
  const live = await readLease(client);
  return live?.holder === holder ? { lease: live, renewedMs } : undefined;
}

function holdLock(request: LockRequest, taken: Held): ClusterLock {
  const { client, clock, holder, purpose, termMs } = request;
  const lost = new AbortController();
  const stop = new AbortController();
  let held = taken;

  const renew = async (): Promise<void> => {
    const renewedMs = clock.monotonicMs();
    const { since, transitions } = held.lease;
    const content = { holder, purpose, since, renewedAt: microTime(clock.nowMs()), termMs, transitions };
    const result = await client.update(formatLease(content, held.lease));
    const lease = result.type === "written" ? parseLease(result.object) : await readLease(client);
    if (lease?.holder === holder) held = { lease, renewedMs };
    else lost.abort(lockLost(lease));
  };
  const keepRenewing = async (): Promise<void> => {
    while (!stop.signal.aborted && !lost.signal.aborted) {
      const dueMs = held.renewedMs + termMs / renewalsPerTerm - clock.monotonicMs();
      // after a failure the next try is not at once
      await clock.sleep(Math.max(dueMs, termMs / 30), stop.signal);
      if (stop.signal.aborted) return;
      try {
        await renew();
      } catch (error) {
        // out of reach: nothing is written meanwhile, and the next renewal that works proves that it is still ours
        if (!(error instanceof OperationError)) lost.abort(error);
      }
    }
  };
  const renewing = keepRenewing();

  return {
    lost: lost.signal,
    guard: (guarded) =>
      guarded.guarded({
        signal: lost.signal,
        beforeWrite() {
          lost.signal.throwIfAborted();
          return clock.monotonicMs() - held.renewedMs < termMs * writableShare ? "go" : "wait";
        },
      }),
    async release() {
      stop.abort();
      await renewing;
      if (lost.signal.aborted) return;
      try {
        await freeLease(client, holder);
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
      }
    },
  };
}

/** Empties the Lease if this holder has it. */
async function freeLease(client: ClusterClient, holder: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const lease = await readLease(client);
    if (lease?.holder !== holder) return;
    const result = await client.update(formatLease({ ...lease, holder: undefined }, lease));
    if (result.type === "written") return;
  }
}

function lockHeld({ holder, purpose, since }: Lease): OperationError {
  return new OperationError("lock-held", `the cluster is locked by ${holder}: ${purpose}, since ${since}`, {
    subject: holder ?? "",
    hint: "wait for it, or for longer with --lock-timeout; if it is dead its lock ends by itself, and woow unlock says whether it lives",
  });
}

function lockLost(lease: Lease | undefined): OperationError {
  const { holder = "somebody", purpose = "" } = lease ?? {};
  const who = lease?.holder === undefined ? "somebody freed it" : `${holder} took it (${purpose})`;
  return new OperationError("lock-lost", `the lock on the cluster is lost: ${who}`, {
    subject: holder,
    hint: "this run stopped writing; run again when the other has ended",
  });
}

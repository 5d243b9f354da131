import type { Clock } from "../cluster/clock.ts";
import type { ClusterClient } from "../cluster/cluster-client.ts";
import { OperationError } from "../errors.ts";
import type { ObserveServicesOptions } from "../status/observe-services.ts";
import type { HelmErrorCache } from "../status/read-helm-errors.ts";
import { readStatuses } from "../status/read-statuses.ts";
import { createReleaseMemory } from "../status/release-content.ts";
import type { ReleaseMemory } from "../status/release-content.ts";
import type { ServiceFacts } from "../status/service-facts.ts";
import type { ServiceStatus } from "../status/service-status.ts";
import type { RunBefore } from "../status/verdict.ts";
import type { ApplyEvent } from "./event.ts";

export interface WaitOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly services: readonly ServiceFacts[];
  /**
   * By unit, for services whose HelmChart spec or values were just written: what readRuns said before. Only a chart job
   * made after the write counts for these.
   */
  readonly before: ReadonlyMap<string, RunBefore>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What was read just now, and nothing was written since: the first look does without reading it again. */
  readonly known?: ObserveServicesOptions["known"] | undefined;
  /** What releases are made of, as far as it was read. */
  readonly contents?: ReleaseMemory | undefined;
}

/** Looking costs lists of everything that runs, so the pause grows with what a look took. */
const leastPauseMs = 500;
const mostPauseMs = 10_000;
const pausePerLook = 4;

/** What the API server says while it restarts. */
const passing: ReadonlySet<string> = new Set(["unreachable", "unavailable", "expired"]);

/**
 * Waits until every service runs, or waiting cannot help it, or the time is over; tells each change. Returns the last
 * status by unit. An API server that is away for a while is waited for. Errors: see ClusterClient; when the cluster
 * could never be read, the last of its errors.
 */
export async function* waitForServices(
  options: WaitOptions,
): AsyncGenerator<ApplyEvent, ReadonlyMap<string, ServiceStatus>> {
  const { client, clock, services, before, timeoutMs, signal } = options;
  const started = clock.monotonicMs();
  const cache: HelmErrorCache = new Map();
  const contents = options.contents ?? createReleaseMemory();
  let last: ReadonlyMap<string, ServiceStatus> | undefined;
  let failure: OperationError | undefined;
  let ended: ReadonlySet<string> = new Set();
  let { known } = options;
  if (services.length === 0) return new Map();
  while (!signal.aborted) {
    const began = clock.monotonicMs();
    const look = await lookAt(client, { services, before, cache, contents, known, nowMs: clock.nowMs() });
    known = undefined;
    if (look instanceof OperationError) failure = look;
    else {
      yield* tellChanges(look, last);
      last = look;
      const ends = new Set([...look.values()].filter(({ isFinal }) => isFinal).map(sayOf));
      // K3s replaces a job in steps, so what looks hopeless must look so twice
      const isOver = (status: ServiceStatus) =>
        status.isFinal && (status.state === "running" || ended.has(sayOf(status)));
      if ([...look.values()].every(isOver)) return look;
      ended = ends;
    }
    const now = clock.monotonicMs();
    const left = timeoutMs - (now - started);
    if (left <= 0) break;
    const pause = Math.min(mostPauseMs, Math.max(leastPauseMs, (now - began) * pausePerLook));
    await clock.sleep(Math.min(pause, left), signal);
  }
  if (last === undefined && failure !== undefined && !signal.aborted) throw failure;
  return last ?? new Map();
}

async function lookAt(
  client: ClusterClient,
  options: {
    readonly services: readonly ServiceFacts[];
    readonly before: ReadonlyMap<string, RunBefore>;
    readonly cache: HelmErrorCache;
    readonly contents: ReleaseMemory;
    readonly known: ObserveServicesOptions["known"] | undefined;
    readonly nowMs: number;
  },
): Promise<ReadonlyMap<string, ServiceStatus> | OperationError> {
  try {
    const { known, ...rest } = options;
    const { statuses } = await readStatuses(client, {
      ...rest,
      ...(known === undefined ? {} : { known }),
      certificates: false,
      pods: false,
    });
    return statuses;
  } catch (error) {
    if (error instanceof OperationError && (passing.has(error.code) || error.code === "cancelled"))
      return error;
    throw error;
  }
}

function* tellChanges(
  now: ReadonlyMap<string, ServiceStatus>,
  before: ReadonlyMap<string, ServiceStatus> | undefined,
): Generator<ApplyEvent> {
  for (const [unit, status] of now) {
    if (sayOf(status) !== sayOf(before?.get(unit))) yield { type: "unit-status", unit, status };
  }
}

/** What people see of a status; spans such as "for 12 s" grow, so numbers do not count. */
function sayOf(status: ServiceStatus | undefined): string {
  if (status === undefined) return "";
  const { unit, state, reason, readyPods, wantedPods } = status;
  return `${unit} ${state} ${reason?.code ?? ""} ${readyPods}/${wantedPods} ${reason?.ref?.name ?? ""}`;
}

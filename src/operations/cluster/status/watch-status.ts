import { createStatusMemory, readStatus } from "./read-status.ts";
import type { StatusOptions, StatusResult } from "./read-status.ts";
import type { ClusterDeps } from "../cluster-deps.ts";

const leastPauseMs = 1000;
const mostPauseMs = 10_000;
const pausePerLook = 4;

/**
 * One report after the other until the signal aborts; the pause grows with what a look took. Definitions are read anew
 * each time.
 */
export async function* watchStatus(
  deps: ClusterDeps,
  options: StatusOptions,
): AsyncGenerator<StatusResult, void> {
  const memory = createStatusMemory();
  const { clock, signal } = deps;
  while (!signal.aborted) {
    const began = clock.monotonicMs();
    const result = await readStatus(deps, options, memory);
    yield result;
    const took = clock.monotonicMs() - began;
    await clock.sleep(Math.min(mostPauseMs, Math.max(leastPauseMs, took * pausePerLook)), signal);
  }
}

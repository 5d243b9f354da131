import type { LiveObject } from "../../cluster/live-object.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { ApplyEvent } from "../event.ts";
import { explainStuck } from "./explain-stuck.ts";
import { stopIfCancelled } from "./removal.ts";
import type { RemovalDeps, Stuck } from "./removal.ts";

export interface WaitGoneOptions {
  readonly unit: string;
  readonly timeoutMs: number;
  /** Called each time it is found still there. */
  readonly nudge?: (live: LiveObject) => Promise<void>;
}

/**
 * Waits until an object is gone; when that takes long, a step says why. An object of the same name that was made
 * anew counts as gone.
 * Returns what holds it when the time is over. Errors: `cancelled`; those of ClusterClient.
 */
export async function* waitGone(
  { ref, uid }: { readonly ref: ObjectRef; readonly uid: string },
  options: WaitGoneOptions,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { client, clock, signal, timeouts } = deps;
  const start = clock.monotonicMs();
  let isExplained = false;
  for (;;) {
    stopIfCancelled(deps);
    const live = await client.get(ref);
    if (live === undefined || live.metadata.uid !== uid) return undefined;
    const waited = clock.monotonicMs() - start;
    if (waited >= options.timeoutMs) return explainStuck(client, live, clock.nowMs());
    if (!isExplained && waited >= timeouts.explainMs) {
      isExplained = true;
      const { message } = await explainStuck(client, live, clock.nowMs());
      yield { type: "step", unit: options.unit, message: `waiting: ${message}` };
    }
    await options.nudge?.(live);
    await clock.sleep(timeouts.pollMs, signal);
  }
}

import { OperationError } from "../../errors.ts";
import { createStatusMemory, readStatus } from "../cluster/status/read-status.ts";
import { everything } from "../select-units.ts";
import type { LoopContext } from "./loop-context.ts";
import { depsOfPass } from "./make-pass.ts";
import type { ReconcileEvent } from "./reconcile-event.ts";

/** How many services are in each state, for metrics. What the world refuses is told by passes; here it is nothing. */
export async function* tellServices(context: LoopContext): AsyncGenerator<ReconcileEvent> {
  const { deps, options, state } = context;
  const { sound } = state;
  state.servicesAtMs = deps.clock.monotonicMs() + options.resyncMs;
  if (sound === undefined) return;
  state.statusMemory ??= createStatusMemory();
  try {
    const result = await readStatus(
      depsOfPass(context, sound),
      { selection: everything, cluster: sound.cluster.name },
      state.statusMemory,
    );
    if (!result.ok || result.report.unread.length > 0) return;
    const byState: Record<string, number> = {};
    for (const { state: word } of result.report.services) byState[word] = (byState[word] ?? 0) + 1;
    yield { type: "services", byState };
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
  }
}

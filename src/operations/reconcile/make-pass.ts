import { refKey } from "../../cluster/object-ref.ts";
import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "../cluster/cluster-deps.ts";
import { writeAppliedCommit } from "./applied-commit.ts";
import { backOffMs } from "./back-off.ts";
import type { DriftEvent } from "./find-drift.ts";
import type { LoopContext } from "./loop-context.ts";
import type { PassOutcome, ReconcileEvent } from "./reconcile-event.ts";
import { runPass } from "./run-pass.ts";
import type { PassResult } from "./run-pass.ts";
import type { DuePass } from "./schedule.ts";
import type { SoundSource } from "./read-source.ts";

/** Makes a pass, tells how it went, and says when what failed is due again. */
export async function* makePass(context: LoopContext, due: DuePass): AsyncGenerator<ReconcileEvent> {
  const { deps, options, schedule, state } = context;
  const { clock } = deps;
  const { sound } = state;
  if (sound === undefined) return;
  const startedMs = clock.monotonicMs();
  yield { type: "pass-started", ...due };
  let result: PassResult | undefined;
  let error: OperationError | undefined;
  try {
    result = yield* withoutRepeats(
      runPass(depsOfPass(context, sound), {
        source: sound,
        owners: due.owners,
        exclude: new Set(schedule.postponed(startedMs)),
        lock: options.lock,
      }),
      context,
    );
  } catch (caught) {
    if (!(caught instanceof OperationError)) throw caught;
    error = caught;
  }
  try {
    await rememberCommit(context, { sound, result });
  } catch (caught) {
    if (!(caught instanceof OperationError)) throw caught;
    error ??= caught;
  }
  const outcome = outcomeOf(result, error, deps.signal);
  state.report = { outcome, code: error?.code ?? [...(result?.failures.values() ?? [])][0]?.code };
  if (result !== undefined) {
    yield* noteCorrections(result.repaired, context);
    yield* noteOwners(result, due, context);
  }
  const nowMs = clock.monotonicMs();
  yield {
    type: "pass-finished",
    reason: due.reason,
    outcome,
    owners: due.owners,
    changedUnits: result?.changedUnits ?? 0,
    driftFound: result?.drift.length ?? 0,
    driftRepaired: result?.repaired.length ?? 0,
    failedOwners: [...(result?.failures.keys() ?? [])].sort(),
    milliseconds: Math.round(nowMs - startedMs),
    commit: sound.state.git.commit,
    error: error === undefined ? undefined : { code: error.code, message: error.message, hint: error.hint },
  };
  if (options.countsServices) planCount(state, { nowMs, changedUnits: result?.changedUnits ?? 0 });
  planNext(context, due, error);
}

/** Says in the cluster which commit it was brought to; only when something was written, so that a no-op writes nothing. */
async function rememberCommit(
  { source, state }: LoopContext,
  { sound, result }: { readonly sound: SoundSource; readonly result: PassResult | undefined },
): Promise<void> {
  const { commit } = sound.state.git;
  if (source.follows === undefined || commit === undefined || state.client === undefined) return;
  if ((result?.changedUnits ?? 0) === 0 || state.rememberedCommit === commit) return;
  await writeAppliedCommit(state.client, { source: source.name, commit });
  state.rememberedCommit = commit;
}

/** After work, services need a moment to come up before they are counted. */
const settleMs = 30_000;

function planCount(
  state: LoopContext["state"],
  { nowMs, changedUnits }: { readonly nowMs: number; readonly changedUnits: number },
): void {
  const atMs = changedUnits > 0 ? nowMs + settleMs : state.servicesAtMs === Infinity ? nowMs : Infinity;
  state.servicesAtMs = Math.min(state.servicesAtMs, atMs);
}

function planNext(
  { deps, options, schedule, flaps, random, state }: LoopContext,
  due: DuePass,
  error: OperationError | undefined,
): void {
  const nowMs = deps.clock.monotonicMs();
  flaps.sweep(nowMs);
  if (error !== undefined) {
    state.passFailures += 1;
    const atMs = nowMs + backOffMs(state.passFailures, options.times.backOff, random);
    if (due.owners === undefined) schedule.wantAll(atMs, "retry");
    else for (const owner of due.owners) schedule.want(owner, atMs, "retry");
    return;
  }
  state.passFailures = 0;
  if (due.owners === undefined) schedule.wantAll(nowMs + options.resyncMs, "interval");
}

function outcomeOf(
  result: PassResult | undefined,
  error: OperationError | undefined,
  signal: AbortSignal,
): PassOutcome {
  if (signal.aborted && (result === undefined || result.isCancelled)) return "cancelled";
  if (error !== undefined || result === undefined) return "failed";
  if (result.failures.size > 0) return "partly";
  return result.changedUnits > 0 ? "applied" : "unchanged";
}

/** A pass sees one state of the definitions, and one connection serves all passes. */
export function depsOfPass(
  { deps, state }: LoopContext,
  { state: source, cluster }: SoundSource,
): ClusterDeps {
  return {
    ...deps,
    readTree: () => source.tree,
    readGit: async () => source.git,
    connect: async () => (state.client ??= await deps.connect(cluster)),
  };
}

/** Drift that is only reported is told when it appears or changes, not at every look. */
async function* withoutRepeats(
  events: ReturnType<typeof runPass>,
  { state }: LoopContext,
): AsyncGenerator<ReconcileEvent, PassResult> {
  const before = state.reported;
  for (;;) {
    const step = await events.next();
    if (step.done === true) {
      const found = step.value.drift.filter(({ policy }) => policy === "report");
      state.reported = new Set(found.map((event) => JSON.stringify(event)));
      return step.value;
    }
    const event = step.value;
    const isRepeat = event.type === "drift" && event.policy === "report" && before.has(JSON.stringify(event));
    if (!isRepeat) yield event;
  }
}

function* noteCorrections(
  repaired: readonly DriftEvent[],
  { deps, flaps }: LoopContext,
): Generator<ReconcileEvent> {
  const nowMs = deps.clock.monotonicMs();
  for (const { unit, ref, fields } of repaired) {
    for (const { path, manager } of fields.length > 0 ? fields : [{ path: "", manager: undefined }]) {
      const flapping = flaps.note(refKey(ref), path, nowMs);
      if (flapping !== undefined) yield { type: "flapping", unit, ref, field: path, manager, ...flapping };
    }
  }
}

function* noteOwners(result: PassResult, due: DuePass, context: LoopContext): Generator<ReconcileEvent> {
  const { deps, options, schedule, random, state } = context;
  for (const owner of state.failing.keys()) {
    const wasTried =
      due.owners === undefined
        ? !schedule.postponed(deps.clock.monotonicMs()).includes(owner)
        : due.owners.includes(owner);
    if (!wasTried || result.failures.has(owner) || result.isCancelled) continue;
    state.failing.delete(owner);
    schedule.succeeded(owner);
    yield { type: "owner-recovered", owner };
  }
  for (const [owner, { code, message, hint }] of result.failures) {
    const failures = (state.failing.get(owner) ?? 0) + 1;
    state.failing.set(owner, failures);
    const retryInMs = backOffMs(failures, options.times.backOff, random);
    schedule.postpone(owner, deps.clock.monotonicMs() + retryInMs);
    yield { type: "owner-failed", owner, code, message, hint, retryInMs };
  }
}

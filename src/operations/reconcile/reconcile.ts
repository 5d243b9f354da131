import { refKey } from "../../cluster/object-ref.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import { readAppliedCommit } from "./applied-commit.ts";
import { backOffMs, randomFraction } from "./back-off.ts";
import type { DefinitionSource } from "./definition-source.ts";
import { createFlapBreaker } from "./flap-breaker.ts";
import { followCluster } from "./follow-cluster.ts";
import type { ClusterSign, ClusterWatches } from "./follow-cluster.ts";
import { createInbox } from "./inbox.ts";
import { makePass } from "./make-pass.ts";
import { readSource } from "./read-source.ts";
import type {
  LoopContext,
  LoopState,
  ReconcileDeps,
  ReconcileOptions,
  ReconcileReport,
} from "./loop-context.ts";
import type { ReconcileEvent } from "./reconcile-event.ts";
import { createSchedule } from "./schedule.ts";
import { tellServices } from "./tell-services.ts";

type Sign = ClusterSign | { readonly type: "source" } | { readonly type: "trigger" };

const restMs = 60_000;
/** What waiting does not mend: a flag, a kubeconfig, a program that is not there. */
const mistakes: ReadonlySet<string> = new Set(["usage", "not-found", "program-missing", "foreign-file"]);

/**
 * Keeps a cluster at what the definitions say, until the signal aborts: a pass when they change, when somebody changes
 * the cluster, when a failed workspace is due again, and at an interval. Ends cleanly: a pass under way stops at a safe
 * point and lets go of the lock. Errors: only with `once`, what stops the pass; what the world refuses is told as an
 * event and tried again.
 */
export async function* reconcile(
  { cluster: deps, source, onTrigger }: ReconcileDeps,
  options: ReconcileOptions,
): AsyncGenerator<ReconcileEvent, ReconcileReport> {
  const { clock, signal } = deps;
  const inbox = createInbox<Sign>(clock, signal);
  const random = () => randomFraction(deps.randomBytes);
  const schedule = createSchedule();
  const flaps = createFlapBreaker(options.times.flap);
  const background = new AbortController();
  const stopped = AbortSignal.any([signal, background.signal]);
  const state: LoopState = {
    sound: undefined,
    sourceId: undefined,
    refusedId: undefined,
    sourceFailures: 0,
    refreshAtMs: clock.monotonicMs(),
    passFailures: 0,
    client: undefined,
    watches: undefined,
    report: { outcome: undefined, code: undefined },
    servicesAtMs: Infinity,
    statusMemory: undefined,
    rememberedCommit: undefined,
    failing: new Map(),
    reported: new Set(),
  };
  const context = { deps, source, options, schedule, flaps, random, state };
  const stopTrigger = onTrigger(() => inbox.push({ type: "trigger" }));
  const sourceEnded = options.once
    ? Promise.resolve()
    : hearSource(source, stopped, () => inbox.push({ type: "source" }));
  try {
    while (!signal.aborted) {
      if (clock.monotonicMs() >= state.refreshAtMs) yield* refresh(context);
      if (signal.aborted) break;
      if (options.once && state.sound === undefined) return state.report;
      if (state.sound !== undefined && state.watches === undefined)
        yield* connect(context, { tell: (sign) => inbox.push(sign), signal: stopped });
      const isReady = state.sound !== undefined && state.watches !== undefined;
      const due = isReady ? schedule.take(clock.monotonicMs()) : undefined;
      if (due !== undefined) yield* makePass(context, due);
      if (options.once) return state.report;
      if (due !== undefined) continue;
      if (isReady && clock.monotonicMs() >= state.servicesAtMs) yield* tellServices(context);
      const workMs = isReady ? Math.min(schedule.nextAtMs() ?? Infinity, state.servicesAtMs) : Infinity;
      const nextMs = Math.min(state.refreshAtMs, workMs);
      const waitMs = Math.min(Math.max(0, nextMs - clock.monotonicMs()), restMs);
      yield* heed(await inbox.take(waitMs), context);
    }
    yield { type: "reconcile-stopped", reason: "signal" };
    return state.report;
  } finally {
    background.abort();
    stopTrigger();
    await Promise.all([sourceEnded, state.watches?.ended]);
  }
}

async function hearSource(source: DefinitionSource, signal: AbortSignal, tell: () => void): Promise<void> {
  for await (const _ of source.changes(signal)) tell();
}

/** Reads the definitions; a new state of them makes everything due. */
async function* refresh({
  deps,
  source,
  options,
  schedule,
  random,
  state,
}: LoopContext): AsyncGenerator<ReconcileEvent> {
  const { clock } = deps;
  try {
    const read = await source.refresh(deps.signal);
    if (read.id === state.refusedId) {
      state.refreshAtMs = clock.monotonicMs() + options.intervalMs;
      return;
    }
    const isNew = read.id !== state.sourceId;
    // what is refused is looked at again when it has changed
    state.refusedId = read.id;
    const found = isNew ? readSource(read, options.cluster) : undefined;
    if (found?.sound?.platform.records === "local" && !options.canKeepRecords) throw recordsWouldBeLost();
    state.refusedId = undefined;
    if (isNew || state.sourceFailures > 0) {
      const { commit, changedFiles } = read.git;
      yield { type: "source-read", commit, dirty: changedFiles.length > 0, isNew };
    }
    state.sourceFailures = 0;
    state.refreshAtMs = clock.monotonicMs() + options.intervalMs;
    if (found === undefined) return;
    const { sound, problems, skipped } = found;
    const isFirst = state.sourceId === undefined;
    state.sourceId = read.id;
    yield { type: "definition-problems", problems, skipped, blocksAll: sound === undefined };
    // with nothing sound, what was sound before is still kept up
    if (sound === undefined) return;
    state.sound = sound;
    schedule.forgetFailures();
    schedule.wantAll(clock.monotonicMs(), isFirst ? "start" : "definitions");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (error.code === "cancelled" && deps.signal.aborted) return;
    if (options.once || (state.sourceId === undefined && mistakes.has(error.code))) throw error;
    state.sourceFailures += 1;
    const { code, message, hint } = error;
    const isFinal = code === "history-rewritten" || code === "usage" || code === "refused";
    // told once, not at every look
    if (state.sourceFailures === 1) yield { type: "source-failed", code, message, hint, isFinal };
    const waitMs = backOffMs(state.sourceFailures, options.times.backOff, random);
    state.refreshAtMs = clock.monotonicMs() + Math.min(waitMs, options.intervalMs);
  }
}

function recordsWouldBeLost(): OperationError {
  return new OperationError(
    "refused",
    "records: local keeps the history beside the definitions, and a followed branch has no such place",
    {
      subject: "platform.yaml",
      hint: "write records: cluster into platform.yaml",
    },
  );
}

/** Connects and begins to watch; a branch that does not come after what is applied goes no further. */
async function* connect(
  { deps, options, source, random, state }: LoopContext,
  { tell, signal }: { readonly tell: (sign: ClusterSign) => void; readonly signal: AbortSignal },
): AsyncGenerator<ReconcileEvent> {
  const { clock } = deps;
  const { sound } = state;
  if (sound === undefined) return;
  try {
    state.client ??= await deps.connect(sound.cluster);
    const { client } = state;
    if (!(await isContinued(client, { source, signal }))) {
      state.sound = undefined;
      state.refusedId = state.sourceId;
      const refusal = notContinued(source.name, sound.state.id);
      if (options.once) throw refusal;
      state.sourceFailures += 1;
      yield {
        type: "source-failed",
        code: refusal.code,
        message: refusal.message,
        hint: refusal.hint,
        isFinal: true,
      };
      return;
    }
    yield {
      type: "reconcile-started",
      source: source.name,
      cluster: sound.cluster.name,
      server: client.server,
    };
    if (options.once) {
      state.watches = noWatches;
      return;
    }
    state.watches = followCluster({ client, platform: sound.platform.name, clock, random, tell, signal });
    await state.watches.ready;
    state.passFailures = 0;
  } catch (error) {
    if (!(error instanceof OperationError) || options.once || mistakes.has(error.code)) throw error;
    state.passFailures += 1;
    const retryInMs = backOffMs(state.passFailures, options.times.backOff, random);
    yield { type: "cluster-lost", code: error.code, message: error.message, retryInMs };
    await clock.sleep(retryInMs, deps.signal);
  }
}

const noWatches: ClusterWatches = { ready: Promise.resolve(), ended: Promise.resolve() };

async function isContinued(
  client: ClusterClient,
  { source, signal }: { readonly source: DefinitionSource; readonly signal: AbortSignal },
): Promise<boolean> {
  if (source.follows === undefined) return true;
  const applied = await readAppliedCommit(client);
  return applied === undefined || applied.source !== source.name || source.follows(applied.commit, signal);
}

function notContinued(name: string, commit: string): OperationError {
  return new OperationError(
    "history-rewritten",
    `${name} was rewritten: ${commit.slice(0, 12)} does not come after the commit that this cluster was brought to`,
    {
      subject: name,
      hint: `nothing of it is applied; if it is meant, start again with --accept-rewritten ${commit}`,
    },
  );
}

/** What came in while nothing was done. */
function* heed(
  signs: readonly Sign[],
  { deps, options, schedule, flaps, state }: LoopContext,
): Generator<ReconcileEvent> {
  const nowMs = deps.clock.monotonicMs();
  for (const sign of signs) {
    switch (sign.type) {
      case "moved":
        schedule.want(
          sign.owner,
          Math.max(nowMs + options.times.gatherMs, flaps.quietUntilMs(refKey(sign.ref))),
          "drift",
        );
        break;
      case "source":
        state.refreshAtMs = nowMs;
        break;
      case "trigger":
        state.refreshAtMs = nowMs;
        schedule.forgetFailures();
        schedule.wantAll(nowMs, "trigger");
        break;
      case "lost":
        yield {
          type: "cluster-lost",
          code: sign.error.code,
          message: sign.error.message,
          retryInMs: sign.retryInMs,
        };
        break;
      case "back":
        yield { type: "cluster-back" };
        break;
      case "broken":
        throw sign.error;
    }
  }
}

import type { ApplyEvent } from "../../../apply/event.ts";
import { findRecord } from "../../../apply/inventory/inventory-changes.ts";
import { readInventory } from "../../../apply/inventory/inventory-store.ts";
import { waitForServices } from "../../../apply/wait.ts";
import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import { OperationError } from "../../../errors.ts";
import type { Inventory } from "../../../plan/inventory.ts";
import type { NewRevision, RecordedChange, Revision, RevisionEnd } from "../../../record/revision.ts";
import type { RevisionStore } from "../../../record/revision-store.ts";
import type { ServiceStatus } from "../../../status/service-status.ts";
import type { RunBefore } from "../../../status/verdict.ts";
import type { LockOptions } from "../apply.ts";
import { makeOrigin } from "../cluster-deps.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { underLock } from "../open-cluster.ts";
import type { OpenService } from "./open-service.ts";

export interface ActionOptions {
  readonly command: "retry" | "restart";
  /** Undefined: do not wait until it runs. */
  readonly wait: { readonly timeoutMs: number } | undefined;
  readonly lock: LockOptions;
}

/** What an action is about to do, decided from the cluster under the lock. */
export interface Action {
  readonly changes: readonly RecordedChange[];
  readonly work: () => AsyncGenerator<ApplyEvent, Pick<RevisionEnd, "droppedRelease">>;
  /** The chart job whose end is not the end of this action. */
  readonly before: RunBefore | undefined;
}

export interface ActionReport {
  readonly unit: string;
  /** False: there was nothing to do, and nothing was written. */
  readonly isDone: boolean;
  /** Our number; undefined when nothing was done, and where no history of the unit is at hand. */
  readonly revision: number | undefined;
  /** Undefined when nobody waited. */
  readonly status: ServiceStatus | undefined;
}

/**
 * An action on one service that changes no definition: lock, revision, work, wait, recorded. `decide` gives undefined
 * when there is nothing to do; then nothing is written. Errors: `refused` for a suspended service; those of
 * acquireLock, the work and ClusterClient.
 */
export async function* actOnService(
  deps: ClusterDeps,
  { service, options }: { readonly service: OpenService; readonly options: ActionOptions },
  decide: (client: ClusterClient) => Promise<Action | undefined>,
): AsyncGenerator<ApplyEvent, ActionReport> {
  const { facts, platform, cluster, client } = service;
  const { unit } = facts;
  checkSuspended(service.inventory, unit);
  const idle = { unit, isDone: false, revision: undefined };
  if ((await decide(client)) === undefined) return { ...idle, status: yield* waitFor(undefined) };
  const store = deps.openRevisions({ platform, cluster, client });
  const done = yield* underLock(
    deps,
    { client, ...options, purpose: options.command },
    async function* run(guarded) {
      checkSuspended(await readInventory(guarded), unit);
      const action = await decide(guarded);
      if (action === undefined) return undefined;
      const revision = await beginRevision(deps, {
        store,
        service,
        options,
        changes: action.changes,
        locked: guarded,
      });
      yield { type: "unit-started", unit, changes: action.changes.length };
      try {
        return { action, revision, end: yield* action.work() };
      } catch (error) {
        await finish(revision, { outcome: "failed", message: messageOf(error) });
        throw error;
      }
    },
  );
  if (done === undefined) return { ...idle, status: yield* waitFor(undefined) };
  const status = yield* waitFor(done.action.before);
  await finish(done.revision, {
    ...done.end,
    outcome: status === undefined ? "applied" : status.state === "running" ? "running" : "not-running",
    helmRevision: status?.helmRevision,
    message: status?.reason?.message,
  });
  return { unit, isDone: true, revision: done.revision?.number, status };

  async function finish(
    revision: Revision | undefined,
    end: Pick<RevisionEnd, "outcome"> & Partial<RevisionEnd>,
  ): Promise<void> {
    if (revision === undefined) return;
    await store.finish(revision, {
      helmRevision: undefined,
      message: undefined,
      droppedRelease: undefined,
      finishedAt: new Date(deps.clock.nowMs()).toISOString(),
      ...end,
    });
  }

  async function* waitFor(
    before: RunBefore | undefined,
  ): AsyncGenerator<ApplyEvent, ServiceStatus | undefined> {
    if (options.wait === undefined || deps.signal.aborted) return undefined;
    const statuses = yield* waitForServices({
      client,
      clock: deps.clock,
      services: [facts],
      before: new Map(before === undefined ? [] : [[unit, before]]),
      timeoutMs: options.wait.timeoutMs,
      signal: deps.signal,
      contents: deps.contents,
    });
    return statuses.get(unit);
  }
}

/** A rollback's hold is about what git says, which is not asked here. */
function checkSuspended(inventory: Inventory, unit: string): void {
  const hold = findRecord(inventory, unit)?.hold;
  if (hold?.type !== "suspended") return;
  throw new OperationError("refused", `${unit} is suspended by ${hold.by}: ${hold.reason}`, {
    subject: unit,
    hint: `\`woow resume ${unit}\` first; nothing was done`,
  });
}

/** The definition is the one that runs: the newest revision's. Without any history there is nothing to go on from. */
async function beginRevision(
  deps: ClusterDeps,
  {
    store,
    service,
    options,
    changes,
    locked,
  }: {
    readonly store: RevisionStore;
    readonly service: OpenService;
    readonly options: ActionOptions;
    readonly changes: readonly RecordedChange[];
    readonly locked: ClusterClient;
  },
): Promise<Revision | undefined> {
  const { unit } = service.facts;
  const cluster = service.cluster.name;
  const [last] = (await store.list({ cluster, unit, newest: 1 })).slice(-1);
  if (last === undefined) return undefined;
  const { definition, chartVersion, manifestDigest } = last;
  const revision: NewRevision = {
    unit,
    cluster,
    startedAt: new Date(deps.clock.nowMs()).toISOString(),
    origin: makeOrigin(deps, await deps.readGit(), options.command),
    definition,
    chartVersion,
    manifestDigest,
    changes,
    rollbackTo: undefined,
  };
  const [begun] = await store.begin([revision], locked);
  return begun;
}

function messageOf(error: unknown): string | undefined {
  return error instanceof OperationError ? error.message : undefined;
}

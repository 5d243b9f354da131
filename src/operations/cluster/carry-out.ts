import type { ApplyEvent } from "../../apply/event.ts";
import { changeHolds } from "../../apply/inventory/hold-changes.ts";
import type { HoldInputs } from "../../apply/inventory/hold-changes.ts";
import {
  isSettled,
  recordIntent,
  recordOutcome,
  withParts,
} from "../../apply/inventory/inventory-changes.ts";
import type { InventoryChanges, UnitEnd } from "../../apply/inventory/inventory-changes.ts";
import { writeClaim, writeInventoryPart } from "../../apply/inventory/inventory-store.ts";
import { removeUnit } from "../../apply/remove/remove-unit.ts";
import type { RemovalMode } from "../../apply/remove/removal.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { Plan } from "../../plan/change.ts";
import type { ClusterClaim, Inventory, InventoryPart } from "../../plan/inventory.ts";
import { makeRevision } from "../../record/make-revision.ts";
import type { Revision } from "../../record/revision.ts";
import { readRuns } from "../../status/read-runs.ts";
import { serviceFacts } from "../../status/service-facts.ts";
import type { RunBefore } from "../../status/verdict.ts";
import type { RevisionStore } from "../../record/revision-store.ts";
import type { ApplyOptions } from "./apply.ts";
import { unitFile } from "./unit-file.ts";
import { makeOrigin } from "./cluster-deps.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { recordDefinition } from "./record-definition.ts";
import type { PreparedRun } from "./prepare-run.ts";
import { runUnits } from "./run-units.ts";
import type { UnitReport } from "./run-units.ts";

export interface RemovalOptions {
  readonly mode: RemovalMode;
}

/** What was done, with the revisions that are still open. */
export interface CarriedOut {
  readonly type: "worked";
  readonly plan: Plan;
  readonly units: ReadonlyMap<string, UnitReport>;
  readonly revisions: readonly Revision[];
  readonly store: RevisionStore;
  /** By unit: the run that stood before, so that waiting does not take it for the new one. */
  readonly before: ReadonlyMap<string, RunBefore>;
}

/**
 * Does what a plan says, under the lock: says in the inventory what will be owned, begins the revisions, works, and
 * says what is owned now. A process that dies anywhere in between leaves an inventory that names every object it made.
 */
export async function* carryOut(
  deps: ClusterDeps,
  options: ApplyOptions,
  run: PreparedRun & { readonly store: RevisionStore },
): AsyncGenerator<ApplyEvent, CarriedOut> {
  const { client, plan, desired, observation, store } = run;
  const wanted = new Map(desired.units.map((unit) => [unit.address, unit]));
  const holds = changeHolds(holdInputs(run, options));
  const intent = recordIntent(observation.inventory, plan, { desired: wanted, holds });
  const inventory = await storeInventory(client, run, intent);
  deps.memory.remember(desired.cluster.name, observation.clusterUid);
  const revisions = await beginRevisions(deps, { store, run, options });
  const before = options.wait === undefined ? new Map<string, RunBefore>() : await readBefore(run);
  const work = { client, clock: deps.clock, signal: deps.signal, platform: desired.platform.name };
  const units = yield* runUnits({
    ...work,
    plan,
    desired: wanted,
    releasing: desired.releasing,
    waitTimeoutMs: options.wait?.timeoutMs,
    revisions: new Map(revisions.map(({ unit, number }) => [unit, number])),
    removeUnit: (unit) => removeUnit({ ...work, unit, mode: options.removal.mode }),
  });
  const ends = new Map([...units].map(([address, report]) => [address, endOf(report)]));
  const outcome = recordOutcome(inventory, desired.units, ends);
  for (const part of outcome.parts) await writeInventoryPart(client, part);
  return { type: "worked", plan, units, revisions, store, before };
}

/** What is known of holds, before and after the lock. */
export function holdInputs(
  { observation, plan, git }: PreparedRun,
  { holds }: Pick<ApplyOptions, "holds">,
): HoldInputs {
  const changed = new Set(git.changedFiles);
  return {
    inventory: observation.inventory,
    plan,
    holds,
    isUncommitted: (unit) => changed.has(unitFile(unit)),
  };
}

/** Only for services whose chart is about to run: their Job and release as they are now. */
async function readBefore({ client, plan, desired }: PreparedRun): Promise<ReadonlyMap<string, RunBefore>> {
  const moving = new Set(
    plan.units
      .filter(
        ({ changes, recovery }) =>
          recovery !== undefined ||
          changes.some(({ action, ref }) => action !== "none" && runKinds.has(ref.kind)),
      )
      .map(({ address }) => address),
  );
  const services = desired.services.filter(({ unit }) => moving.has(unit)).map(serviceFacts);
  return services.length === 0 ? new Map() : readRuns(client, services);
}

/** What a chart job is made from. */
const runKinds: ReadonlySet<string> = new Set(["HelmChart", "Secret"]);

function endOf({ outcome }: UnitReport): UnitEnd {
  if (outcome === "removed") return "removed";
  return outcome === "applied" || outcome === "unchanged" ? "applied" : "unfinished";
}

async function storeInventory(
  client: ClusterClient,
  { observation, desired }: PreparedRun,
  { parts, lastDeploymentId }: InventoryChanges,
): Promise<Inventory> {
  const { inventory, clusterUid } = observation;
  const { platform } = desired;
  let { claim } = inventory;
  if (claim === undefined || claim.lastDeploymentId !== lastDeploymentId) {
    const next: ClusterClaim = {
      platform: platform.name,
      clusterUid,
      records: claim?.records ?? platform.records,
      lastDeploymentId,
      resourceVersion: claim?.resourceVersion,
      uid: claim?.uid,
    };
    claim = await writeClaim(client, next);
  }
  const stored: InventoryPart[] = await Promise.all(
    parts.map(async (part) => writeInventoryPart(client, part)),
  );
  return withParts({ ...inventory, claim }, stored);
}

async function beginRevisions(
  deps: ClusterDeps,
  {
    store,
    run,
    options,
  }: { readonly store: RevisionStore; readonly run: PreparedRun; readonly options: ApplyOptions },
): Promise<readonly Revision[]> {
  const { plan, desired, tree, git } = run;
  const origin = makeOrigin(deps, git, options.command);
  const startedAt = new Date(deps.clock.nowMs()).toISOString();
  const wanted = new Map(desired.units.map((unit) => [unit.address, unit]));
  const moving = plan.units.filter((unit) => !isSettled(unit) && unit.hold === undefined);
  const news = moving.map((unit) =>
    makeRevision({
      plan: unit,
      desired: wanted.get(unit.address),
      definition: recordDefinition(unit, { desired, tree }),
      cluster: desired.cluster.name,
      startedAt,
      origin,
      rollbackTo: options.rollbackTo,
    }),
  );
  return news.length === 0 ? [] : store.begin(news, run.client);
}

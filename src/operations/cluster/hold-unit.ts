import type { ApplyEvent } from "../../apply/event.ts";
import { findRecord, ownerOf } from "../../apply/inventory/inventory-changes.ts";
import { readInventory, writeInventoryPart } from "../../apply/inventory/inventory-store.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import type { Hold, Inventory, UnitRecord } from "../../plan/inventory.ts";
import type { LockOptions } from "./apply.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { openCluster, underLock } from "./open-cluster.ts";
import { checkUnit } from "./rollback/find-revision.ts";

export interface HoldOptions {
  readonly unit: string;
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  /** Why it is suspended; undefined lifts whatever holds it. */
  readonly reason: string | undefined;
  readonly lock: LockOptions;
}

export interface HoldReport {
  readonly unit: string;
  /** False when it was so already; then nothing was written. */
  readonly isChanged: boolean;
  /** What held it before. */
  readonly before: Hold | undefined;
  /** Of a workspace: its services that are not on hold themselves, which go on being applied. */
  readonly unheld: readonly string[];
}

/**
 * Suspends a unit, or lets go of it: apply and reconcile leave a held unit alone. Its services are units of their own.
 * Errors: `usage`, `not-found` for a unit this cluster does not know; those of openCluster and acquireLock.
 */
export async function* holdUnit(
  deps: ClusterDeps,
  options: HoldOptions,
): AsyncGenerator<ApplyEvent, HoldReport> {
  const { unit, reason, lock } = options;
  checkUnit(unit);
  const { client, inventory } = await openCluster(deps, options.cluster);
  const { hold: before } = requireRecord(inventory, unit);
  const unheld = listUnheld(inventory, unit);
  if (isHeld(before, reason)) return { unit, isChanged: false, before, unheld };
  const purpose = reason === undefined ? "resume" : "suspend";
  return yield* underLock(deps, { client, purpose, lock }, async function* change(guarded) {
    yield { type: "step", unit, message: `${purpose} ${unit}` };
    const fresh = await readInventory(guarded);
    const record = requireRecord(fresh, unit);
    if (isHeld(record.hold, reason)) return { unit, isChanged: false, before: record.hold, unheld };
    const part = fresh.parts.get(ownerOf(unit));
    if (part === undefined) throw unknownUnit(fresh, unit);
    const at = new Date(deps.clock.nowMs()).toISOString();
    const hold: Hold | undefined =
      reason === undefined ? undefined : { type: "suspended", by: deps.actor, at, reason };
    const units = part.units.map((one) => (one.unit === unit ? { ...one, hold } : one));
    await writeInventoryPart(guarded, { ...part, units });
    return { unit, isChanged: true, before: record.hold, unheld };
  });
}

function listUnheld({ parts }: Inventory, unit: string): readonly string[] {
  return [...parts.values()]
    .flatMap(({ units }) => units)
    .filter((one) => one.unit.startsWith(`${unit}/`) && one.hold === undefined)
    .map((one) => one.unit)
    .sort();
}

function isHeld(hold: Hold | undefined, reason: string | undefined): boolean {
  return reason === undefined ? hold === undefined : hold?.type === "suspended" && hold.reason === reason;
}

function requireRecord(inventory: Inventory, unit: string): UnitRecord {
  const record = findRecord(inventory, unit);
  if (record === undefined) throw unknownUnit(inventory, unit);
  return record;
}

function unknownUnit(inventory: Inventory, unit: string): OperationError {
  const known = [...inventory.parts.values()].flatMap(({ units }) => units.map((one) => one.unit));
  return new OperationError(
    "not-found",
    `${unit} was never applied to this cluster, so there is nothing to hold`,
    {
      subject: unit,
      hint: suggestHint(unit, known) ?? "woow status shows what is there",
    },
  );
}

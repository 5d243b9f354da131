import { recordPlace } from "./record-place.ts";
import { maxBatchBytes, packRevisions, unitInBatch } from "./record-secret.ts";
import type { RecordBatch } from "./record-secret.ts";
import { maxRevisions } from "./revision-store.ts";
import type { NewRevision, Revision } from "./revision.ts";

/** Gives each revision the number after its unit's highest. */
export function numberRevisions(
  group: readonly NewRevision[],
  batches: readonly RecordBatch[],
): readonly Revision[] {
  return group.map((revision) => {
    const last = Math.max(0, ...batches.map((batch) => numberIn(batch, revision.unit) ?? 0));
    return { ...revision, number: last + 1, end: undefined };
  });
}

/** The number of a unit's revision in a batch, when it has one there. */
export function numberIn(batch: RecordBatch, unit: string): number | undefined {
  const { owner, name } = recordPlace(unit);
  return batch.owner === owner ? batch.numbers.get(name) : undefined;
}

/** Halves until each part fits a Secret. A single revision that never will is kept without its files. */
export function splitGroup(group: readonly NewRevision[]): readonly (readonly NewRevision[])[] {
  const numbered = group.map((revision) => ({ ...revision, number: 1, end: undefined }));
  if (packRevisions(numbered).bytes <= maxBatchBytes) return [group];
  if (group.length === 1) return [group.map((revision) => ({ ...revision, definition: { files: {} } }))];
  const half = Math.ceil(group.length / 2);
  return [...splitGroup(group.slice(0, half)), ...splitGroup(group.slice(half))];
}

/** The lowest number of each unit that still is among its newest. */
export function findFloors(
  batches: readonly RecordBatch[],
  newest: number = maxRevisions,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number[]>();
  for (const batch of batches) {
    for (const [name, number] of batch.numbers) {
      const unit = unitInBatch(batch, name);
      numbers.set(unit, [...(numbers.get(unit) ?? []), number]);
    }
  }
  const kept = Math.min(newest, maxRevisions);
  return new Map(
    [...numbers].map(([unit, all]) => [unit, all.sort((a, b) => b - a)[kept - 1] ?? 0] as const),
  );
}

/** True when any revision of a batch is at or above its unit's floor. */
export function isAboveFloor(batch: RecordBatch, floors: ReadonlyMap<string, number>): boolean {
  return [...batch.numbers].some(
    ([name, number]) => number >= (floors.get(unitInBatch(batch, name)) ?? Infinity),
  );
}

import { OperationError } from "../../../errors.ts";
import { findRecordPlace } from "../../../record/record-place.ts";
import type { RevisionStore } from "../../../record/revision-store.ts";
import type { Revision } from "../../../record/revision.ts";
import { unitFile } from "../unit-file.ts";

/** Errors: `usage` for what addresses no unit. */
export function checkUnit(unit: string): void {
  if (findRecordPlace(unit) !== undefined) return;
  throw new OperationError("usage", `${unit} is not a unit`, {
    subject: unit,
    hint: "a service is addressed WORKSPACE/REFERENCE_ID, a workspace by its id, the rest is `platform`",
  });
}

/**
 * The revision to bring back. Errors: `usage`, `not-found` with the numbers there are, `refused` for one that has no
 * definition, and for the platform unit, whose file is everybody's.
 */
export async function findRevision(
  store: RevisionStore,
  { cluster, unit, number }: { readonly cluster: string; readonly unit: string; readonly number: number },
): Promise<Revision> {
  checkUnit(unit);
  if (unit === "platform") {
    throw new OperationError(
      "refused",
      "platform.yaml belongs to every unit, so it is not rolled back alone",
      {
        subject: unit,
        hint: "woow revisions show platform N prints what it said; bring that back by hand or with git, then woow plan",
      },
    );
  }
  const history = await store.list({ cluster, unit });
  const found = history.find((revision) => revision.number === number);
  if (found === undefined) {
    const numbers = history.map((revision) => revision.number);
    throw new OperationError("not-found", `${unit} has no revision ${number}`, {
      subject: unit,
      hint:
        numbers.length === 0
          ? `nothing is recorded of it here; ${store.kind === "local" ? "the history is in the clone that applied it" : "woow revisions shows what is"}`
          : `it has ${numbers.join(", ")}`,
    });
  }
  if (found.definition.files[unitFile(unit)] === undefined) {
    throw new OperationError("refused", `revision ${number} of ${unit} holds no definition`, {
      subject: unit,
      hint: "it took the unit away, or was too large to keep; choose another one",
    });
  }
  return found;
}

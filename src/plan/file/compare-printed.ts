import { labelRef, refKey } from "../../cluster/object-ref.ts";
import { systemNamespace } from "../../model/names.ts";
import type { FieldChange } from "../change.ts";
import type { StaleItem } from "./plan-file.ts";
import type { PrintedChange, PrintedPlan, PrintedUnit } from "./printed-plan.ts";

/**
 * Where a plan that was shown is not the one that would be carried out. What both depend on may be the same and this
 * differ all the same: then the file was edited. Two things may change by themselves: what was only predicted may turn
 * out to be less, and apply makes the namespace of its lock before it takes the lock. Stand-ins for secrets are others
 * in every plan.
 */
export function comparePrinted(shown: PrintedPlan, planned: PrintedPlan): StaleItem[] {
  // as it would look in a file: what is undefined is not there
  const now = JSON.parse(JSON.stringify(planned)) as PrintedPlan;
  const place = (["platform", "cluster", "clusterUid", "currency"] as const).find(
    (key) => shown[key] !== now[key],
  );
  if (place !== undefined) return [about(`the plan was shown as one for another ${place}`)];
  const units = new Map(now.units.map((unit) => [unit.unit, unit]));
  const items: StaleItem[] = [];
  for (const unit of shown.units) {
    const current = units.get(unit.unit);
    units.delete(unit.unit);
    if (current === undefined) items.push(about(`${unit.unit} is shown, and is not part of the plan`));
    else items.push(...compareUnit(unit, current));
  }
  for (const unit of units.keys()) items.push(about(`${unit} is part of the plan, and is not shown`));
  return items;
}

function about(message: string): StaleItem {
  return { ref: undefined, field: undefined, message };
}

function compareUnit(shown: PrintedUnit, now: PrintedUnit): StaleItem[] {
  const isStarted = shown.changes.some(isOwnStart) && !now.changes.some(isOwnStart);
  const isWork = shown.action === "create" || shown.action === "update";
  if (shown.action !== now.action && !(isStarted && isWork)) {
    return [about(`${shown.unit}: shown is ${shown.action}, and it would be ${now.action}`)];
  }
  const same =
    isSame(shown.hold, now.hold) &&
    isSame(shown.recovery, now.recovery) &&
    isSame(shown.blocked, now.blocked) &&
    isSame([shown.costBefore, shown.costAfter], [now.costBefore, now.costAfter]);
  const items = same ? [] : [about(`${shown.unit}: shown is something else than it is`)];
  const changes = new Map(now.changes.map((change) => [refKey(change.ref), change]));
  for (const change of shown.changes) {
    const current = changes.get(refKey(change.ref));
    changes.delete(refKey(change.ref));
    const mayBeLess = isOwnStart(change) || (change.predicted && change.action === "update");
    if (current === undefined && mayBeLess) continue;
    if (current === undefined || !isSameChange(change, current)) items.push(differs(shown, change));
  }
  for (const change of changes.values()) items.push(differs(shown, change));
  return items;
}

function differs({ unit }: PrintedUnit, { ref }: PrintedChange): StaleItem {
  const message = `${unit}: what is shown of ${labelRef(ref)} is not what would be done`;
  return { ref, field: undefined, message };
}

function isOwnStart({ action, ref }: PrintedChange): boolean {
  return action === "create" && ref.kind === "Namespace" && ref.name === systemNamespace;
}

function isSameChange(shown: PrintedChange, now: PrintedChange): boolean {
  if (shown.action !== now.action || shown.reason !== now.reason) return false;
  if ((now.force && !shown.force) || !isSame(shown.kept, now.kept)) return false;
  if (shown.force !== now.force && shown.predicted === now.predicted) return false;
  const fields = new Map(shown.fields.map((field) => [field.path, field]));
  const isCovered = now.fields.every((field) => isSameField(fields.get(field.path), field));
  return isCovered && (shown.predicted || fields.size === now.fields.length);
}

function isSameField(shown: FieldChange | undefined, now: FieldChange): boolean {
  return shown !== undefined && isSame(withoutStandIns(shown), withoutStandIns(now));
}

function withoutStandIns({ path, before, after, masked }: FieldChange): unknown {
  const texts = [before, after].map((text) => text?.replaceAll(/\(secret [0-9a-f]+\)/g, "(secret)") ?? null);
  return [path, texts, masked, masked && before === after];
}

/** Of what came from JSON; the order of keys is the one we wrote. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

import type { FieldsTree, LiveObject } from "../../cluster/live-object.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import { systemNamespace } from "../../model/names.ts";
import type { Plan } from "../change.ts";
import { compareObject } from "../compare/compare-object.ts";
import { comparePrinted } from "./compare-printed.ts";
import type { DesiredUnit } from "../desired-unit.ts";
import type { Observation } from "../observation.ts";
import { saveUnits } from "./plan-file.ts";
import { describePlan } from "./printed-plan.ts";
import type { PlanFile, SavedObject, SavedUnit, StaleItem } from "./plan-file.ts";

/** Git and cluster as they are now. */
export interface FreshState {
  readonly plan: Plan;
  readonly units: readonly DesiredUnit[];
  readonly observation: Observation;
}

/**
 * What is not as it was when the plan was saved: in git, in the cluster, or both. Empty: the plan is still true and
 * applying it does exactly what was reviewed and what `woow show` prints of it.
 */
export function checkPlanFile(file: PlanFile, fresh: FreshState): StaleItem[] {
  const { plan, observation } = fresh;
  const about = (message: string): StaleItem => ({ ref: undefined, field: undefined, message });
  if (file.platform !== plan.platform) {
    return [about(`the plan is for the platform ${file.platform}, and this is ${plan.platform}`)];
  }
  if (file.clusterUid !== observation.clusterUid) {
    return [
      about(
        `the plan is for another cluster (kube-system ${file.clusterUid}, here ${observation.clusterUid})`,
      ),
    ];
  }
  const now = new Map(saveUnits({ ...fresh, salt: file.salt }).map((unit) => [unit.unit, unit]));
  const items: StaleItem[] = [];
  for (const saved of file.units) {
    const current = now.get(saved.unit);
    now.delete(saved.unit);
    if (current !== undefined) items.push(...compareUnits(saved, current, fresh));
    // a removal that somebody else made meanwhile leaves nothing of the unit
    else items.push(about(`${saved.unit} was part of the plan and is not there any more`));
  }
  for (const { unit, intent } of now.values()) {
    items.push(about(intent === "remove" ? `${unit} is gone from git since` : `${unit} was defined since`));
  }
  // nothing moved: then what would be done is what the file shows, or somebody edited the file
  return items.length > 0 ? items : comparePrinted(file.plan, describePlan(plan));
}

function compareUnits(saved: SavedUnit, now: SavedUnit, fresh: FreshState): StaleItem[] {
  const { unit } = saved;
  const about = (message: string): StaleItem => ({ ref: undefined, field: undefined, message });
  if (saved.intent !== now.intent) {
    return [
      about(now.intent === "remove" ? `${unit} is gone from git since` : `${unit} was defined again since`),
    ];
  }
  const items: StaleItem[] = [];
  if (saved.hold !== now.hold) items.push(about(`${unit}: its hold was set or lifted since`));
  if (saved.recovery !== now.recovery)
    items.push(about(`${unit}: its chart job or Helm release moved on since`));
  const keys = new Set([...Object.keys(saved.objects), ...Object.keys(now.objects)]);
  for (const key of keys) {
    const [before, after] = [saved.objects[key], now.objects[key]];
    const ref = after?.ref ?? before?.ref;
    if (ref === undefined) continue;
    if (before?.desired !== after?.desired) {
      items.push({
        ref,
        field: undefined,
        message: `${labelRef(ref)}: git says something else than when the plan was made`,
      });
    }
    items.push(...compareLive({ before, after, live: findLive(key, fresh) }, fresh));
  }
  return items;
}

interface LivePair {
  readonly before: SavedObject | undefined;
  readonly after: SavedObject | undefined;
  readonly live: LiveObject | undefined;
}

function compareLive({ before, after, live }: LivePair, fresh: FreshState): StaleItem[] {
  const ref = after?.ref ?? before?.ref;
  if (ref === undefined) return [];
  const name = labelRef(ref);
  if (before?.live === undefined) {
    if (live === undefined || after?.live === undefined || isOwnStart(live, fresh)) return [];
    return [
      { ref, field: undefined, message: `${name} was not there, and is now${byWhom(lastWriter(live, []))}` },
    ];
  }
  if (after?.live === undefined || live === undefined) {
    return [{ ref, field: undefined, message: `${name} was deleted` }];
  }
  if (before.live.uid !== after.live.uid) {
    return [
      { ref, field: undefined, message: `${name} was deleted and made again${byWhom(lastWriter(live, []))}` },
    ];
  }
  const [old, now] = [before.live.sections, after.live.sections];
  const moved = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (section) => old[section] !== now[section],
  );
  // who owns what moves with every change; alone it is told when nothing else is
  const told = moved.filter((section) => section !== "metadata.managedFields");
  return (told.length > 0 ? told : moved).map((field) => ({
    ref,
    field,
    message: `${name}: ${field} was changed${byWhom(lastWriter(live, field.split(".")))}`,
  }));
}

/** Apply itself makes the namespace of its lock before it takes the lock. */
function isOwnStart(live: LiveObject, { units }: FreshState): boolean {
  if (live.kind !== "Namespace" || live.metadata.name !== systemNamespace) return false;
  const key = refKey(refOf(live));
  const desired = units.flatMap(({ manifests }) => manifests).find((one) => refKey(refOf(one)) === key);
  return desired !== undefined && compareObject(desired, live).state === "unchanged";
}

function findLive(key: string, { observation }: FreshState): LiveObject | undefined {
  return observation.objects.get(key) ?? observation.foreign.find((object) => refKey(refOf(object)) === key);
}

interface Writer {
  readonly manager: string;
  readonly at: string | undefined;
}

/** Who wrote a section last, as far as the API server notes it; what is taken away leaves no name. */
function lastWriter(live: LiveObject, path: readonly string[]): Writer | undefined {
  const steps = path[0] === "metadata" && path[1] === "managedFields" ? [] : path.map((key) => `f:${key}`);
  const [last] = (live.metadata.managedFields ?? [])
    .filter(({ fieldsV1, subresource }) => subresource !== "status" && reaches(fieldsV1, steps))
    .sort((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1));
  return last === undefined ? undefined : { manager: last.manager ?? "unknown", at: last.time };
}

function reaches(tree: FieldsTree | undefined, steps: readonly string[]): boolean {
  let node = tree;
  for (const step of steps) {
    if (node === undefined) return false;
    if (Object.keys(node).length === 0) return true;
    node = node[step];
  }
  return node !== undefined;
}

function byWhom(writer: Writer | undefined): string {
  if (writer === undefined) return "";
  return ` (${writer.manager}${writer.at === undefined ? "" : `, ${writer.at}`})`;
}

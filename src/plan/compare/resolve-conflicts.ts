import type { FieldConflict } from "../../cluster/cluster-client.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import type { PlanDecisions } from "../plan-decisions.ts";

/** What becomes of a field that somebody else holds. */
export type Decision = "take" | "keep" | "open";

/**
 * What a person, or the drift policy, decided for a field: `FIELD`, `KIND/NAME:FIELD` or `KIND/NAMESPACE/NAME:FIELD`,
 * for the field itself or one above it, or `all`. Keeping wins.
 */
export function decideField(
  { ref, field }: { readonly ref: ObjectRef; readonly field: string },
  { take, keep }: Pick<PlanDecisions, "take" | "keep">,
): Decision {
  if (keep.some((path) => meansField(path, ref, field))) return "keep";
  return take.some((path) => meansField(path, ref, field)) ? "take" : "open";
}

/** How to say this one field on the command line. What every tenant has under the same name is said with its namespace. */
export function fieldArgument({ kind, namespace, name }: ObjectRef, unit: string, field: string): string {
  const isUnique = unit.includes("/") || namespace === undefined;
  return `${kind}/${isUnique ? name : `${namespace}/${name}`}:${field}`;
}

/** Conflicts one by one, the same one once. */
export function uniqueConflicts(conflicts: readonly FieldConflict[]): FieldConflict[] {
  const seen = new Map(conflicts.map((conflict) => [`${conflict.manager} ${conflict.field}`, conflict]));
  return [...seen.values()];
}

/** True when `field` is `at` or stands below it. */
export function isBelow(field: string, at: string): boolean {
  return field === at || field.startsWith(`${at}.`) || field.startsWith(`${at}[`);
}

function meansField(path: string, { kind, namespace, name }: ObjectRef, field: string): boolean {
  if (path === "all") return true;
  const objects = [`${kind}/${name}:`, `${kind}/${namespace ?? ""}/${name}:`];
  const object = objects.find((one) => path.startsWith(one)) ?? "";
  const wanted = path.slice(object.length);
  return isBelow(field, wanted.replace(/^\./, ""));
}

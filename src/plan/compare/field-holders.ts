import { fieldManager } from "../../cluster/cluster-client.ts";
import type { FieldsTree, LiveObject, ManagedFieldsEntry } from "../../cluster/live-object.ts";

/** Another manager that holds a field. */
export interface FieldHolder {
  readonly manager: string;
  /** RFC 3339: when it last took a field of this object. */
  readonly at: string | undefined;
}

/** True for the entry that our server-side applies write. */
function isOurs({ manager, operation, subresource }: ManagedFieldsEntry): boolean {
  return manager === fieldManager && operation === "Apply" && (subresource ?? "") === "";
}

/** The fields we own by server-side apply; undefined when we never applied the object, or were taken off it. */
export function ownFields(live: LiveObject): FieldsTree | undefined {
  return live.metadata.managedFields?.find(isOurs)?.fieldsV1;
}

/** Who else holds the field at these steps of FieldsV1, the latest first. */
export function findHolders(live: LiveObject, steps: readonly string[]): FieldHolder[] {
  return (live.metadata.managedFields ?? [])
    .filter((entry) => !isOurs(entry) && entry.subresource !== "status")
    .filter(({ fieldsV1 }) => fieldsV1 !== undefined && holds(fieldsV1, steps))
    .map(({ manager, time }) => ({ manager: manager ?? "unknown", at: time }))
    .sort((a, b) => ((a.at ?? "") < (b.at ?? "") ? 1 : -1));
}

/** A leaf on the way owns all below it. */
function holds(tree: FieldsTree, steps: readonly string[]): boolean {
  let node = tree;
  for (const [index, step] of steps.entries()) {
    if (index > 0 && Object.keys(node).length === 0) return true;
    const next = node[step];
    if (next === undefined) return false;
    node = next;
  }
  return true;
}

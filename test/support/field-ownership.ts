import { isDeepStrictEqual } from "node:util";
import type { FieldConflict } from "../../src/cluster/cluster-client.ts";
import type { LiveObject, ManagedFieldsEntry } from "../../src/cluster/live-object.ts";
import { dotted, fromTree, isWithin, leavesOf, mergeApplied, removePath, toTree } from "./managed-fields.ts";
import type { FieldSet, JsonMap } from "./managed-fields.ts";

interface Owner {
  readonly entry: Omit<ManagedFieldsEntry, "fieldsV1">;
  readonly fields: FieldSet;
}

type ApplyOutcome =
  | { readonly type: "applied"; readonly object: LiveObject }
  | { readonly type: "conflict"; readonly conflicts: readonly FieldConflict[] };

/** Server-side apply: `patch` over `live`, what the manager no longer names removed, others' fields respected. */
export function applyFields(input: {
  readonly live: LiveObject;
  readonly isNew: boolean;
  readonly patch: { readonly [key: string]: unknown };
  readonly manager: string;
  readonly force: boolean;
  readonly time: string;
}): ApplyOutcome {
  const { live, isNew, manager, force, time } = input;
  const patch = structuredClone(input.patch) as JsonMap;
  const wanted = leavesOf(patch);
  const owners = isNew ? [] : ownersOf(live);
  const isOurs = ({ entry }: Owner) => entry.manager === manager && entry.operation === "Apply";
  const others = owners.filter((owner) => !isOurs(owner));
  const owned = owners.find(isOurs)?.fields ?? new Set<string>();
  const liveLeaves = leavesOf(live as unknown as JsonMap);

  const conflicts: FieldConflict[] = [];
  const lost = new Map<Owner, Set<string>>();
  for (const [path, value] of wanted) {
    if (isDeepStrictEqual(liveLeaves.get(path), value)) continue;
    for (const owner of others.filter(({ fields }) => fields.has(path))) {
      conflicts.push({ manager: owner.entry.manager ?? "", field: dotted(path).replace(/^\./, "") });
      lost.set(owner, (lost.get(owner) ?? new Set()).add(path));
    }
  }
  if (conflicts.length > 0 && !force) return { type: "conflict", conflicts };

  let next = mergeApplied(live as unknown as JsonMap, patch);
  for (const path of owned) {
    const isKept = [...wanted.keys()].some((one) => isWithin(one, path));
    const isShared = others.some(({ fields }) => fields.has(path));
    if (!isKept && !isShared) next = removePath(next, path);
  }
  const kept = others
    .map((owner) => ({ ...owner, fields: minus(owner.fields, lost.get(owner) ?? new Set()) }))
    .filter(({ fields }) => fields.size > 0);
  const unchanged = isDeepStrictEqual([...owned].sort(), [...wanted.keys()].sort());
  const entry: Owner["entry"] = {
    manager,
    operation: "Apply",
    apiVersion: live.apiVersion,
    time: unchanged ? (owners.find(isOurs)?.entry.time ?? time) : time,
  };
  const object = next as unknown as LiveObject;
  return {
    type: "applied",
    object: withOwners(object, [{ entry, fields: new Set(wanted.keys()) }, ...kept]),
  };
}

/** Any other write: what it changes becomes the writer's, what it removes nobody's. */
export function updateFields(input: {
  readonly live: LiveObject | undefined;
  readonly next: LiveObject;
  readonly manager: string;
  readonly time: string;
  readonly subresource?: string | undefined;
}): LiveObject {
  const { live, next, manager, time, subresource } = input;
  const before = live === undefined ? new Map<string, unknown>() : leavesOf(live as unknown as JsonMap);
  const after = leavesOf(next as unknown as JsonMap);
  const touched = new Set(
    [...after].filter(([path, value]) => !isDeepStrictEqual(before.get(path), value)).map(([path]) => path),
  );
  const gone = new Set([...before.keys()].filter((path) => !after.has(path)));
  if (touched.size === 0 && gone.size === 0 && live !== undefined) return next;
  const isWriter = ({ entry }: Owner) =>
    entry.manager === manager && entry.operation === "Update" && entry.subresource === subresource;
  const owners = live === undefined ? [] : ownersOf(live);
  const writer = owners.find(isWriter);
  const fields = new Set([...minus(writer?.fields ?? new Set(), gone), ...touched]);
  const rest = owners
    .filter((owner) => owner !== writer)
    .map((owner) => ({ ...owner, fields: minus(minus(owner.fields, gone), touched) }));
  const entry: Owner["entry"] = {
    manager,
    operation: "Update",
    apiVersion: next.apiVersion,
    time,
    ...(subresource === undefined ? {} : { subresource }),
  };
  return withOwners(
    next,
    [...rest, { entry, fields }].filter((owner) => owner.fields.size > 0),
  );
}

function ownersOf({ metadata }: LiveObject): Owner[] {
  return (metadata.managedFields ?? []).map(({ fieldsV1 = {}, ...entry }) => ({
    entry,
    fields: fromTree(fieldsV1),
  }));
}

function withOwners(object: LiveObject, owners: readonly Owner[]): LiveObject {
  const managedFields = owners.map(({ entry, fields }) => ({ ...entry, fieldsV1: toTree(fields) }));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function minus(set: FieldSet, other: FieldSet): Set<string> {
  return new Set([...set].filter((path) => !other.has(path)));
}

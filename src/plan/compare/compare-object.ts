import type { FieldsTree, LiveObject } from "../../cluster/live-object.ts";
import type { Manifest } from "../../manifests/manifest.ts";
import { summarizeDifferences } from "./comparison.ts";
import type { Comparison, Difference } from "./comparison.ts";
import { equalValues } from "./equal-values.ts";
import { findHolders, ownFields } from "./field-holders.ts";
import { isEmpty, isItem, isMap, itemPlace, keyPlace, parseKeys, rootPlace } from "./field-place.ts";
import type { FieldPlace } from "./field-place.ts";
import { isServerDefault, isStrictMetadata, strictFieldsOf } from "./strict-fields.ts";

interface Walk {
  readonly live: LiveObject;
  readonly found: Difference[];
  /** False when our entry in managedFields is gone, as when somebody cleared them all. */
  readonly isOwned: boolean;
}

interface Pair {
  readonly desired: unknown;
  readonly live: unknown;
  /** What we own from here on down; undefined: nothing. */
  readonly own: FieldsTree | undefined;
  /** True: nobody but us may write below. */
  readonly strict: boolean;
}

/**
 * Holds a desired object against the live one without knowing its schema: FieldsV1 tells which lists have keys and
 * what is owned whole. It may see a difference where the API server would see none (a default, a canonical form),
 * never the other way round; the server's dry run then has the last word.
 */
export function compareObject(desired: Manifest, live: LiveObject): Comparison {
  const own = ownFields(live);
  const walk: Walk = { live, found: [], isOwned: own !== undefined };
  const { apiVersion: _, kind, metadata, ...body } = desired;
  compareMetadata(walk, { kind, metadata, own: own?.["f:metadata"] });
  const strictFields = strictFieldsOf(kind);
  const keys = new Set([...Object.keys(body), ...strictFields, ...ownedKeys(own)]);
  keys.delete("metadata");
  for (const key of keys) {
    compareKey(walk, rootPlace, {
      key,
      pair: { desired: body, live, own, strict: strictFields.includes(key) },
    });
  }
  return summarizeDifferences(live, walk.found);
}

function compareMetadata(
  walk: Walk,
  {
    kind,
    metadata,
    own,
  }: { readonly kind: string; readonly metadata: Manifest["metadata"]; readonly own: FieldsTree | undefined },
): void {
  const { name: _, namespace: __, ...fields } = metadata;
  const place = keyPlace(rootPlace, "metadata");
  const live = walk.live.metadata as unknown as Readonly<Record<string, unknown>>;
  for (const key of new Set([...Object.keys(fields), ...ownedKeys(own)])) {
    compareKey(walk, place, { key, pair: { desired: fields, live, own, strict: false } });
  }
  for (const map of ["labels", "annotations"] as const) {
    for (const [key, value] of Object.entries(walk.live.metadata[map] ?? {})) {
      if (!isStrictMetadata(kind, { map, key }) || metadata[map]?.[key] !== undefined) continue;
      const at = keyPlace(keyPlace(place, map), key);
      if (!walk.found.some((other) => other.place.text === at.text)) {
        add(walk, { place: at, desired: undefined, live: value, type: "added", owned: false });
      }
    }
  }
}

/** One key of a map that server-side apply merges. */
function compareKey(
  walk: Walk,
  parent: FieldPlace,
  { key, pair }: { readonly key: string; readonly pair: Pair },
): void {
  const place = keyPlace(parent, key);
  const desired = valueAt(pair.desired, key);
  const live = valueAt(pair.live, key);
  const own = pair.own?.[`f:${key}`];
  if (desired !== undefined && desired !== null) {
    compareValue(walk, place, { desired, live, own, strict: pair.strict });
  } else if (own !== undefined) {
    add(walk, { place, desired: undefined, live, type: "released", owned: true });
  } else if (pair.strict && live !== undefined && live !== null) {
    add(walk, { place, desired: undefined, live, type: "added", owned: false });
  }
}

function compareValue(walk: Walk, place: FieldPlace, pair: Pair): void {
  const { desired, live, own, strict } = pair;
  const isWhole = own !== undefined && Object.keys(own).length === 0;
  if (isMap(desired) && !isEmpty(desired) && !isWhole && (live === undefined || isMap(live))) {
    const keys = new Set([
      ...Object.keys(desired),
      ...ownedKeys(own),
      ...(strict && isMap(live) ? Object.keys(live) : []),
    ]);
    for (const key of keys) compareKey(walk, place, { key, pair });
    return;
  }
  if (Array.isArray(desired) && Array.isArray(live) && own !== undefined && hasItems(own)) {
    compareItems(walk, place, { ...pair, desired, live, own });
    return;
  }
  const owned = own !== undefined;
  if (!equalValues(desired, live)) add(walk, { place, desired, live, type: "changed", owned });
  else if (!owned) add(walk, { place, desired, live, type: "unowned", owned });
}

function hasItems(own: FieldsTree): boolean {
  return Object.keys(own).some((step) => step.startsWith("k:") || step.startsWith("v:"));
}

/** A list whose items have keys (`k:`) or are a set (`v:`). */
function compareItems(
  walk: Walk,
  place: FieldPlace,
  {
    desired,
    live,
    own,
    strict,
  }: {
    readonly desired: readonly unknown[];
    readonly live: readonly unknown[];
    readonly own: FieldsTree;
    readonly strict: boolean;
  },
): void {
  const steps = Object.keys(own).filter((step) => step !== ".");
  const matched = new Set<string>();
  for (const item of desired) {
    const step = steps.find((candidate) => isItem(item, candidate)) ?? stepLike(item, steps[0]);
    matched.add(step);
    const position = live.findIndex((other) => isItem(other, step));
    const at = itemPlace(place, { step, position: Math.max(position, 0) });
    compareValue(walk, at, { desired: item, live: live[position], own: own[step], strict });
  }
  for (const step of steps) {
    if (matched.has(step)) continue;
    const position = live.findIndex((other) => isItem(other, step));
    const at = itemPlace(place, { step, position: Math.max(position, 0) });
    matched.add(step);
    add(walk, { place: at, desired: undefined, live: live[position], type: "released", owned: true });
  }
  if (!strict) return;
  for (const [position, item] of live.entries()) {
    if ([...matched].some((step) => isItem(item, step))) continue;
    const at = itemPlace(place, { step: stepLike(item, steps[0]), position });
    add(walk, { place: at, desired: undefined, live: item, type: "added", owned: false });
  }
}

/** The step an item would have, with the same keys as its neighbour. */
function stepLike(item: unknown, neighbour: string | undefined): string {
  const keys = neighbour === undefined ? undefined : parseKeys(neighbour);
  if (keys === undefined || !isMap(item)) return `v:${JSON.stringify(item)}`;
  return `k:${JSON.stringify(Object.fromEntries(Object.keys(keys).map((key) => [key, item[key]])))}`;
}

function add({ live, found, isOwned }: Walk, difference: Omit<Difference, "holders">): void {
  const { place, type } = difference;
  const holders = findHolders(live, place.steps);
  if (type === "added") {
    // whoever writes a field holds it, so what nobody holds the server put there; unless nobody holds anything
    const isDefault = isServerDefault(live.kind, { path: place.text, value: difference.live });
    if (isDefault || (isOwned && holders.length === 0)) return;
  }
  found.push({ ...difference, holders });
}

function ownedKeys(own: FieldsTree | undefined): string[] {
  return Object.keys(own ?? {}).flatMap((step) => (step.startsWith("f:") ? [step.slice(2)] : []));
}

function valueAt(value: unknown, key: string): unknown {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

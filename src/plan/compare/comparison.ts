import type { FieldConflict, JsonPatch } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import type { FieldHolder } from "./field-holders.ts";
import type { FieldPlace } from "./field-place.ts";
import { isBelow } from "./resolve-conflicts.ts";
import { isStrictMetadata, strictFieldsOf } from "./strict-fields.ts";

/** One place where the live object is not what git says, or not as ours as it should be. */
export interface Difference {
  readonly place: FieldPlace;
  /** As JSON; undefined = not there. */
  readonly desired: unknown;
  readonly live: unknown;
  readonly type:
    /** Another value, or none. */
    | "changed"
    /** We own it and git no longer says it: server-side apply takes it away. */
    | "released"
    /** The right value, but we do not own it. */
    | "unowned"
    /** Nobody but us may write here, and somebody did. */
    | "added";
  /** We own the field: what stands there is what we wrote last. */
  readonly owned: boolean;
  /** Who else holds it, the latest first. */
  readonly holders: readonly FieldHolder[];
}

/** A desired object held against the live one, from a LIST alone. */
export interface Comparison {
  /** Unchanged: every desired value is live, we own exactly the desired fields, nothing is added where only we write. */
  readonly state: "unchanged" | "changed";
  readonly differences: readonly Difference[];
  /** What a server-side apply without force would be refused for. */
  readonly conflicts: readonly FieldConflict[];
  /** Takes away what nobody but us may write; empty when there is nothing. For after the server-side apply. */
  readonly removals: JsonPatch;
}

/** What differences mean for a write. */
export function summarizeDifferences(live: LiveObject, found: readonly Difference[]): Comparison {
  const conflicts = found
    .filter(({ type }) => type === "changed")
    .flatMap(({ place, holders }) => holders.map(({ manager }) => ({ manager, field: place.text })));
  const unwanted = found.filter(
    ({ type, holders, place, live: value }) =>
      value !== undefined &&
      (type === "added" || (type === "released" && holders.length > 0 && isStrictPlace(live.kind, place))),
  );
  return {
    state: found.length === 0 ? "unchanged" : "changed",
    differences: found,
    conflicts,
    removals: removalsOf(live, unwanted),
  };
}

/** What we give up and somebody else holds too stays, unless it must not. */
function isStrictPlace(kind: string, { steps }: FieldPlace): boolean {
  const [root = "", map = "", key = ""] = steps.map((step) => step.slice(2));
  if (root !== "metadata") return strictFieldsOf(kind).includes(root);
  return (map === "labels" || map === "annotations") && isStrictMetadata(kind, { map, key });
}

/** Later items of a list first, so that positions hold. */
function removalsOf(live: LiveObject, unwanted: readonly Difference[]): JsonPatch {
  if (unwanted.length === 0) return [];
  const paths = unwanted.map(({ place }) => place.pointer);
  paths.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [
    { op: "test", path: "/metadata/uid", value: live.metadata.uid },
    ...paths.map((path) => ({ op: "remove" as const, path })),
  ];
}

/** The comparison as if these places, and all below them, were as they should be. */
export function withoutPlaces(
  { differences }: Comparison,
  live: LiveObject,
  places: readonly FieldPlace[],
): Comparison {
  const left = differences.filter(({ place }) => !places.some(({ text }) => isBelow(place.text, text)));
  return summarizeDifferences(live, left);
}

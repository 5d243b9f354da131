import type { LiveObject } from "../cluster/live-object.ts";
import { labelRef, refKey, refOf } from "../cluster/object-ref.ts";

/** More names than this in one note nobody reads. */
const maxNames = 5;

/**
 * What is told of objects that carry our labels although we never applied them. One that stands where a wanted object
 * should be is refused there, so it is not told here.
 */
export function describeLookalikes(objects: readonly LiveObject[], wanted: ReadonlySet<string>): string[] {
  const refs = objects.map(refOf).filter((ref) => !wanted.has(refKey(ref)));
  if (refs.length === 0) return [];
  const names = refs.slice(0, maxNames).map(labelRef).sort();
  const rest = refs.length > names.length ? [`and ${refs.length - names.length} more`] : [];
  const [verb, left] = refs.length === 1 ? ["carries", "it is"] : ["carry", "they are"];
  return [
    `${[...names, ...rest].join(", ")} ${verb} our labels, but woow never applied it here: ${left} left alone`,
  ];
}

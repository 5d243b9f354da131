import { refKey } from "../cluster/object-ref.ts";
import type { ObjectRef } from "../cluster/object-ref.ts";
import type { ReleaseContent } from "./release-content.ts";

/** What a release made and is gone: `isThere` says of an object whether it is in the cluster. */
export function findMissing(
  { workloads, services }: ReleaseContent,
  isThere: (ref: ObjectRef) => boolean,
): readonly ObjectRef[] {
  const made = new Map([...workloads.map(({ ref }) => ref), ...services].map((ref) => [refKey(ref), ref]));
  return [...made.values()].filter((ref) => !isThere(ref));
}

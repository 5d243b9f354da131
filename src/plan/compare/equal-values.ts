import { isMap } from "./field-place.ts";

/**
 * JSON values as the API server keeps them: the order of keys says nothing, and an empty list we write may come back
 * as none at all (`omitempty` in the server's types). Maps and what stands in them are compared whole.
 */
export function equalValues(desired: unknown, live: unknown): boolean {
  if (desired === live) return true;
  if (Array.isArray(desired)) {
    const items: readonly unknown[] = desired;
    if (live === undefined || live === null) return items.length === 0;
    if (!Array.isArray(live) || live.length !== items.length) return false;
    const others: readonly unknown[] = live;
    return items.every((item, index) => equalValues(item, others[index]));
  }
  if (!isMap(desired) || !isMap(live)) return false;
  return (
    Object.keys(live).every((key) => Object.hasOwn(desired, key)) &&
    Object.entries(desired).every(([key, value]) => equalValues(value, live[key]))
  );
}

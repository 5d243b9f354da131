import { isDeepStrictEqual } from "node:util";
import type { JsonPatch } from "../../src/cluster/cluster-client.ts";

/** The object after the patch, or undefined when a test fails or a path is not there. */
export function applyJsonPatch<T>(object: T, patch: JsonPatch): T | undefined {
  const result = structuredClone(object);
  for (const { op, path, value } of patch) {
    const segments = path
      .split("/")
      .slice(1)
      .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = segments.pop();
    if (last === undefined) throw new Error("a patch of the whole object is not simulated");
    let parent: unknown = result;
    for (const segment of segments) parent = (parent as Record<string, unknown> | undefined)?.[segment];
    if (typeof parent !== "object" || parent === null) return undefined;
    const map = parent as Record<string, unknown>;
    const isThere = last in map;
    switch (op) {
      case "test":
        if (!isDeepStrictEqual(map[last], value)) return undefined;
        break;
      case "add":
        if (Array.isArray(parent)) {
          const index = last === "-" ? parent.length : Number(last);
          if (!(index >= 0 && index <= parent.length)) return undefined;
          parent.splice(index, 0, structuredClone(value));
        } else map[last] = structuredClone(value);
        break;
      case "replace":
        if (!isThere) return undefined;
        map[last] = structuredClone(value);
        break;
      case "remove":
        if (!isThere) return undefined;
        if (Array.isArray(parent)) parent.splice(Number(last), 1);
        else delete map[last];
        break;
    }
  }
  return result;
}

import { parse } from "yaml";
import { isMap } from "./field-place.ts";

/** One chart value before and after; lists are replaced whole by Helm, so they are compared whole. */
export interface ValueDifference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** Chart values from YAML; undefined when the text is no map. */
export function parseValues(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = parse(text);
    if (value === null) return {};
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where two maps of chart values differ, in the order of their keys: changed and new ones first. */
export function diffValues(before: unknown, after: unknown, path: readonly string[] = []): ValueDifference[] {
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(after), ...Object.keys(before)])].flatMap((key) =>
      diffValues(ownValue(before, key), ownValue(after, key), [...path, key]),
    );
  }
  if (isMap(after) && before === undefined && Object.keys(after).length > 0) {
    return Object.entries(after).flatMap(([key, value]) => diffValues(undefined, value, [...path, key]));
  }
  if (isMap(before) && after === undefined && Object.keys(before).length > 0) {
    return Object.entries(before).flatMap(([key, value]) => diffValues(value, undefined, [...path, key]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function ownValue(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

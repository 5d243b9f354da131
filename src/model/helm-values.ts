import type { Json } from "../definitions/convert.ts";

/** A map of chart values. */
export interface HelmValues {
  readonly [key: string]: Json;
}

type MutableValues = { [key: string]: Json };

/**
 * Splits a dotted Helm path; `\.` is a dot inside a key. Undefined when a step is empty or would not be a plain
 * map key: lists are replaced whole by Helm, so a path into one would say something else than it does.
 */
export function parseHelmPath(path: string): readonly string[] | undefined {
  const steps: string[] = [];
  let step = "";
  for (let i = 0; i < path.length; i += 1) {
    const char = path[i] ?? "";
    if (char === "\\" && (path[i + 1] === "." || path[i + 1] === "\\")) {
      step += path[i + 1] ?? "";
      i += 1;
    } else if (char === ".") {
      steps.push(step);
      step = "";
    } else step += char;
  }
  steps.push(step);
  return steps.every(isUsableStep) ? steps : undefined;
}

/** The inverse of parseHelmPath. */
export function formatHelmPath(steps: readonly string[]): string {
  return steps.map((step) => step.replaceAll("\\", "\\\\").replaceAll(".", "\\.")).join(".");
}

function isUsableStep(step: string): boolean {
  return (
    step !== "" &&
    step !== "__proto__" &&
    step !== "constructor" &&
    step !== "prototype" &&
    !/[[\]\s,{}]/.test(step)
  );
}

export function isMapValue(value: unknown): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a value at a path in a map of one's own; false when a step on the way already holds something else. */
export function setValue(values: MutableValues, steps: readonly string[], value: Json): boolean {
  let map = values;
  for (const step of steps.slice(0, -1)) {
    // every object inherits a toString; only what the values themselves hold counts
    const next = Object.hasOwn(map, step) ? map[step] : undefined;
    if (next === undefined) {
      const created: MutableValues = {};
      map[step] = created;
      map = created;
    } else if (isMapValue(next)) map = next as MutableValues;
    else return false;
  }
  const last = steps.at(-1);
  if (last === undefined || isMapValue(map[last])) return false;
  map[last] = value;
  return true;
}

/** The value at a path, or undefined. */
export function getValue(values: HelmValues, steps: readonly string[]): Json | undefined {
  let value: Json | undefined = values as Json;
  for (const step of steps) {
    if (!isMapValue(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** Merges as Helm does: maps deeply, everything else (lists too) replaced by the later one. */
export function mergeValues(base: HelmValues, over: HelmValues): HelmValues {
  const result: MutableValues = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const present = result[key];
    result[key] =
      isMapValue(present) && isMapValue(value)
        ? (mergeValues(present, value) as { [key: string]: Json })
        : value;
  }
  return result;
}

/** Every leaf with its path; lists are walked too, with their positions as steps. */
export function* walkValues(
  value: Json,
  path: readonly string[] = [],
): Generator<{ path: readonly string[]; value: Json }> {
  yield { path, value };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* walkValues(item, [...path, String(index)]);
  } else if (isMapValue(value)) {
    for (const [key, item] of Object.entries(value)) yield* walkValues(item, [...path, key]);
  }
}

/** True when `steps` begins with `head`. */
export function startsWith(steps: readonly string[], head: readonly string[]): boolean {
  return head.length <= steps.length && head.every((step, index) => step === steps[index]);
}

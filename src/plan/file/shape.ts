import { isMap } from "../compare/field-place.ts";

/** Looks at a value that came from outside: the path of what is wrong with it, or undefined. */
export type Check = (value: unknown, path: string) => string | undefined;

/** A check for every key of a type; a key that is added to the type is missed here by the compiler. */
export type Shape<T> = { readonly [K in keyof Required<T>]: Check };

export const text: Check = matching((value) => typeof value === "string");
export const flag: Check = matching((value) => typeof value === "boolean");
// JSON has numbers that are none to us: 1e999
export const amount: Check = matching((value) => Number.isFinite(value));
export const count: Check = matching((value) => Number.isSafeInteger(value) && (value as number) >= 0);

/** A value with these checks for its keys, and no other keys. */
export function mapOf<T>(shape: Shape<T>): Check {
  const checks = new Map(Object.entries<Check>(shape));
  return (value, path) => {
    if (!isMap(value)) return path;
    const unknown = Object.keys(value).find((key) => !checks.has(key));
    if (unknown !== undefined) return join(path, unknown);
    return firstWrong(checks, ([key, check]) => check(value[key], join(path, key)));
  };
}

/** Any keys; what stands under each is checked with it. */
export function recordOf(check: (value: unknown, path: string, key: string) => string | undefined): Check {
  return (value, path) =>
    isMap(value)
      ? firstWrong(Object.entries(value), ([key, item]) => check(item, join(path, key), key))
      : path;
}

export function listOf(check: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? firstWrong(value.entries(), ([index, item]) => check(item, `${path}[${index}]`))
      : path;
}

/** Left out, or as `check` says. */
export function maybe(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

/** One of the keys, which are all that a union of texts has. */
export function oneOf<K extends string>(known: Readonly<Record<K, true>>): Check {
  return matching((value) => typeof value === "string" && Object.hasOwn(known, value));
}

/** As one of several checks says. */
export function anyOf(...checks: readonly Check[]): Check {
  return (value, path) => (checks.some((check) => check(value, path) === undefined) ? undefined : path);
}

export function matching(isGood: (value: unknown) => boolean): Check {
  return (value, path) => (isGood(value) ? undefined : path);
}

function firstWrong<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const wrong = check(item);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

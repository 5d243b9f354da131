/** A value in untyped JSON by its dotted path; undefined when any step is missing. */
export function fieldAt(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const step of path.split(".")) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}

export function textAt(value: unknown, path: string): string | undefined {
  const found = fieldAt(value, path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberAt(value: unknown, path: string): number | undefined {
  const found = fieldAt(value, path);
  return typeof found === "number" ? found : undefined;
}

export function isTrueAt(value: unknown, path: string): boolean {
  return fieldAt(value, path) === true;
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = fieldAt(value, path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a map of texts; empty when there is none. */
export function textMapAt(value: unknown, path: string): Readonly<Record<string, string>> {
  const found = fieldAt(value, path);
  if (typeof found !== "object" || found === null) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** One of `status.conditions` (or of the list at another path). */
export interface Condition {
  readonly isTrue: boolean;
  readonly isFalse: boolean;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Milliseconds since 1970. */
  readonly sinceMs: number | undefined;
}

export function conditionOf(value: unknown, type: string): Condition | undefined {
  const found = listAt(value, "status.conditions").find((one) => textAt(one, "type") === type);
  if (found === undefined) return undefined;
  const status = textAt(found, "status");
  return {
    isTrue: status === "True",
    isFalse: status === "False",
    reason: textAt(found, "reason"),
    message: textAt(found, "message"),
    sinceMs: timeAt(found, "lastTransitionTime"),
  };
}

/** An RFC 3339 time in milliseconds since 1970. */
export function timeAt(value: unknown, path: string): number | undefined {
  const text = textAt(value, path);
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

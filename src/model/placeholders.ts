import type { Json } from "../definitions/convert.ts";
import { isMapValue } from "./helm-values.ts";

export const placeholderNames = [
  "release_name",
  "namespace",
  "workspace_id",
  "reference_id",
  "host",
  "url",
] as const;
export type PlaceholderName = (typeof placeholderNames)[number];
/** host and url are absent when a service has none. */
export type Placeholders = Readonly<Partial<Record<PlaceholderName, string>>>;

const pattern = /\{\{|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The placeholders a text uses, known or not. */
export function listPlaceholders(text: string): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]));
}

/** Puts the values in; `{{` becomes a literal `{`, any other brace stays. */
export function fillText(text: string, values: Placeholders): string {
  if (!text.includes("{")) return text;
  return text.replace(pattern, (whole, name: string | undefined) =>
    name === undefined ? "{" : (values[name as PlaceholderName] ?? whole),
  );
}

/** fillText for every string of a value; a part without placeholders is shared, not copied. */
export function fillValue<T extends Json>(value: T, values: Placeholders): T {
  if (typeof value === "string") return fillText(value, values) as T;
  if (Array.isArray(value)) return value.map((item) => fillValue(item, values)) as T;
  if (isMapValue(value)) {
    const result: { [key: string]: Json } = {};
    for (const [key, item] of Object.entries(value)) result[key] = fillValue(item, values);
    return result as T;
  }
  return value;
}

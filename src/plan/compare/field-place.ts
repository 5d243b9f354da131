/** A place in an object, as people, FieldsV1 and JSON patch name it. */
export interface FieldPlace {
  /** As the API server names fields in a conflict, without the leading dot: `spec.tls`, `spec.containers[name="a"]`. */
  readonly text: string;
  /** RFC 6901; positions in lists are those of the live object. */
  readonly pointer: string;
  /** Keys of FieldsV1, such as `f:spec`. */
  readonly steps: readonly string[];
}

export const rootPlace: FieldPlace = { text: "", pointer: "", steps: [] };

/** The place of a map's key. */
export function keyPlace(place: FieldPlace, key: string): FieldPlace {
  return {
    text: place.text === "" ? key : `${place.text}.${key}`,
    pointer: `${place.pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    steps: [...place.steps, `f:${key}`],
  };
}

/** The place of a list's item. `step` is its key in FieldsV1: `k:{...}` or `v:...`. */
export function itemPlace(
  place: FieldPlace,
  { step, position }: { readonly step: string; readonly position: number },
): FieldPlace {
  return {
    text: `${place.text}[${describeStep(step)}]`,
    pointer: `${place.pointer}/${position}`,
    steps: [...place.steps, step],
  };
}

function describeStep(step: string): string {
  const text = step.slice(2);
  if (!step.startsWith("k:")) return `=${text}`;
  const keys = parseKeys(step) ?? {};
  return Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",");
}

/** The keys of an associative list's item, from `k:{"name":"web"}`; undefined for any other step. */
export function parseKeys(step: string): Readonly<Record<string, unknown>> | undefined {
  if (!step.startsWith("k:")) return undefined;
  const value: unknown = JSON.parse(step.slice(2));
  return isMap(value) ? value : undefined;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for what says nothing: absent, null, an empty list or map. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0;
}

/**
 * A value with the fields at some places left out; maps that become empty thereby go as well.
 * Places inside lists that the API server compares whole are not looked for.
 */
export function omitPlaces<T extends object>(value: T, places: readonly FieldPlace[]): T {
  return places.reduce<unknown>((rest, place) => omitAt(rest, place.steps), value) as T;
}

function omitAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return undefined;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const index = items.findIndex((item) => isItem(item, step));
    if (index < 0) return value;
    const left = omitAt(items[index], rest);
    return left === undefined ? items.toSpliced(index, 1) : items.with(index, left);
  }
  const key = step.slice(2);
  if (!isMap(value) || !step.startsWith("f:") || !Object.hasOwn(value, key)) return value;
  const left = omitAt(value[key], rest);
  if (left !== undefined && !(isEmpty(left) && !isEmpty(value[key]))) return { ...value, [key]: left };
  return Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
}

/** True when a step of FieldsV1 means this item of a list. */
export function isItem(item: unknown, step: string): boolean {
  if (step.startsWith("v:")) return JSON.stringify(item) === step.slice(2);
  const keys = parseKeys(step);
  return (
    keys !== undefined && isMap(item) && Object.entries(keys).every(([key, value]) => item[key] === value)
  );
}

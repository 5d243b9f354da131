import { stringify } from "yaml";
import type { Json } from "../../../definitions/convert.ts";
import { refKey } from "../../../cluster/object-ref.ts";
import { isMapValue } from "../../../model/helm-values.ts";
import type { FieldChange } from "../../../plan/change.ts";
import { soundsSecret } from "../../../plan/compare/mask.ts";
import { isBelow } from "../../../plan/compare/resolve-conflicts.ts";
import type { RenderedObject, Rendering } from "../../catalog/verify/rendered-objects.ts";
import { mapAt, textAt } from "../../catalog/verify/rendered-objects.ts";
import type { RenderedChange } from "./service-rendering.ts";
import type { StandIns } from "./stand-ins.ts";

/** A field that differs between two renderings. */
interface Leaf {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface DiffOptions {
  readonly mask: StandIns;
  /** True: what was rendered holds secrets anywhere, so no value is shown at all. */
  readonly hidesAll: boolean;
  /** Another rendering of the same values as `after`: what differs between the two is made at random by the chart. */
  readonly again: Rendering | undefined;
}

export interface RenderingDiff {
  readonly changes: readonly RenderedChange[];
  readonly unchanged: number;
  /** Fields left out because the chart makes them at random. */
  readonly random: number;
}

/** Which objects come, go and change from one rendering to another; `before` is undefined for a new service. */
export function diffRenderings(
  before: Rendering | undefined,
  after: Rendering,
  { mask, hidesAll, again }: DiffOptions,
): RenderingDiff {
  const [old, next, other] = [before, after, again].map(indexObjects);
  const changes: RenderedChange[] = [];
  let [unchanged, random] = [0, 0];
  for (const [key, object] of next ?? []) {
    const present = old?.get(key);
    if (present === undefined) {
      changes.push({ ...describe(object, mask), action: "create", keeps: false, fields: [] });
      continue;
    }
    const leaves = diffJson(present.body, object.body);
    const twin = leaves.length === 0 ? undefined : other?.get(key);
    const loose = twin === undefined ? [] : diffJson(object.body, twin.body).map(({ path }) => path);
    const steady = leaves.filter(
      ({ path }) => !loose.some((place) => isBelow(path, place) || isBelow(place, path)),
    );
    random += leaves.length - steady.length;
    if (steady.length === 0) unchanged += 1;
    else {
      const fields = steady.map((leaf) => describeField(leaf, { kind: object.kind, mask, hidesAll }));
      changes.push({ ...describe(object, mask), action: "update", keeps: false, fields });
    }
  }
  for (const [key, object] of old ?? []) {
    if (next?.has(key) === true) continue;
    const keeps = annotation(object, "helm.sh/resource-policy") === "keep";
    changes.push({ ...describe(object, mask), action: "delete", keeps, fields: [] });
  }
  return { changes, unchanged, random };
}

function indexObjects(rendering: Rendering | undefined): Map<string, RenderedObject> {
  const objects = new Map<string, RenderedObject>();
  for (const object of rendering?.objects ?? []) {
    const key = refKey(object);
    // a chart may make the same object twice by mistake; none hides the other
    objects.set(objects.has(key) ? `${key}#${objects.size}` : key, object);
  }
  return objects;
}

function describe(object: RenderedObject, mask: StandIns): Pick<RenderedChange, "ref" | "file" | "hooks"> {
  const { apiVersion, kind, name, namespace, file } = object;
  const hooks = (annotation(object, "helm.sh/hook") ?? "").split(",").flatMap((hook) => hook.trim() || []);
  return { ref: { apiVersion, kind, namespace, name: mask.mask(name) }, file, hooks };
}

function annotation({ body }: RenderedObject, key: string): string | undefined {
  return textAt(mapAt(mapAt(body, "metadata"), "annotations"), key);
}

/** Field by field; items of a list are told apart by their names where they all have one. */
function diffJson(before: Json | undefined, after: Json | undefined, path = ""): Leaf[] {
  if (isMapValue(before) && isMapValue(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) =>
      diffJson(ownValue(before, key), ownValue(after, key), path === "" ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, next] = [byName(before), byName(after)];
    if (old !== undefined && next !== undefined) {
      return [...new Set([...old.keys(), ...next.keys()])].flatMap((name) =>
        diffJson(old.get(name), next.get(name), `${path}[name=${JSON.stringify(name)}]`),
      );
    }
    if (before.length === after.length)
      return before.flatMap((item, index) => diffJson(item, after[index], `${path}[${index}]`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function byName(items: readonly Json[]): Map<string, Json> | undefined {
  const named = new Map<string, Json>();
  for (const item of items) {
    const name = isMapValue(item) ? item["name"] : undefined;
    if (typeof name !== "string" || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
}

function ownValue(map: { readonly [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function describeField(
  { path, before, after }: Leaf,
  { kind, mask, hidesAll }: { readonly kind: string; readonly mask: StandIns; readonly hidesAll: boolean },
): FieldChange {
  const isHidden = hidesAll || isSecretField(path, kind);
  const [old, next] = [before, after].map((value) => {
    if (value === undefined || value === null) return undefined;
    return isHidden ? mask.label(value) : stringify(maskDeep(value, mask), { lineWidth: 0 }).trimEnd();
  });
  const plain = [before, after].map((value) => value && stringify(value, { lineWidth: 0 }).trimEnd());
  const masked = isHidden || old !== (plain[0] ?? undefined) || next !== (plain[1] ?? undefined);
  return { path: mask.mask(path), before: old, after: next, masked, changedBy: undefined };
}

/** What is hidden by its place, whatever it says. */
function isSecretField(path: string, kind: string): boolean {
  if (kind === "Secret") return isBelow(path, "data") || isBelow(path, "stringData");
  if (kind === "ConfigMap" && path.startsWith("data.")) return soundsSecret(path.slice("data.".length));
  const [, variable] = /\benv\[name="([^"]*)"\]\.value$/.exec(path) ?? [];
  return variable !== undefined && soundsSecret(variable);
}

/** A copy for people to read. */
function maskDeep(value: Json, mask: StandIns): Json {
  if (typeof value === "string") return mask.mask(value);
  if (typeof value === "number") {
    const masked = mask.mask(String(value));
    return masked === String(value) ? value : masked;
  }
  if (Array.isArray(value)) return value.map((item) => maskDeep(item, mask));
  if (!isMapValue(value)) return value;
  // an environment variable that comes as a whole, as with a new container
  const name = value["name"];
  const isSecretVariable = typeof name === "string" && soundsSecret(name);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      mask.mask(key),
      isSecretVariable && key === "value" ? mask.label(inner) : maskDeep(inner, mask),
    ]),
  );
}

import { load } from "js-yaml";
import { isMapValue, walkValues } from "../../../model/helm-values.ts";
import type { Json } from "../../../definitions/convert.ts";

/** One object of a rendering, as the chart would create it. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** metadata.namespace when the chart sets it. */
  readonly namespace: string | undefined;
  /** The chart's file it comes from, for example grafana/templates/service.yaml. */
  readonly file: string;
  readonly body: { readonly [key: string]: Json };
}

/** The manifests of one `helm template` run. */
export interface Rendering {
  readonly text: string;
  /** Without the chart's own tests, which a deployment never runs. */
  readonly objects: readonly RenderedObject[];
  /** The tests; a value may show in them only. */
  readonly tests: readonly RenderedObject[];
}

/** Splits what helm printed into objects. Errors: a YAMLException when a template makes no valid YAML. */
export function parseRendering(text: string): Rendering {
  const objects: RenderedObject[] = [];
  const tests: RenderedObject[] = [];
  for (const part of text.split(/^---[ \t]*$/m)) {
    if (!/^[^#\s]/m.test(part)) continue;
    const file = /^# Source: (.+)$/m.exec(part)?.[1] ?? "";
    const body = load(part, { json: true }) as Json;
    for (const item of listItems(body)) {
      if (!isMapValue(item)) continue;
      const metadata = mapAt(item, "metadata");
      const group = isTestHook(metadata) ? tests : objects;
      group.push({
        apiVersion: textAt(item, "apiVersion") ?? "",
        kind: textAt(item, "kind") ?? "",
        name: textAt(metadata, "name") ?? "",
        namespace: textAt(metadata, "namespace"),
        file,
        body: item,
      });
    }
  }
  return { text, objects, tests };
}

/**
 * A list stands for what is in it, to Helm as to kubectl: `kind: List`, and every kind that ends so. In a typed list an
 * item may leave out its own kind and apiVersion.
 */
function listItems(body: Json): readonly Json[] {
  if (!isMapValue(body)) return [body];
  const kind = textAt(body, "kind") ?? "";
  const items = body["items"];
  if (!kind.endsWith("List") || !Array.isArray(items)) return [body];
  const typed = kind === "List" ? {} : { kind: kind.slice(0, -"List".length) };
  const { apiVersion = null } = body;
  return items.flatMap((item) =>
    listItems(isMapValue(item) ? { ...(kind === "List" ? {} : { apiVersion }), ...typed, ...item } : item),
  );
}

function isTestHook(metadata: { readonly [key: string]: Json }): boolean {
  const hook = textAt(mapAt(metadata, "annotations"), "helm.sh/hook") ?? "";
  const hooks = hook.split(",").map((name) => name.trim());
  return hook !== "" && hooks.every((name) => name.startsWith("test"));
}

/** "StatefulSet x (templates/statefulset.yaml)", for messages. */
export function describeObject({ kind, name, file }: RenderedObject): string {
  const inner = file.slice(file.indexOf("/") + 1);
  return inner === "" ? `${kind} ${name}` : `${kind} ${name} (${inner})`;
}

/** Every leaf of a rendering by where it stands, so that two renderings can be compared. */
export function flattenRendering({ objects, tests }: Rendering): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [index, { kind, name, body }] of [...objects, ...tests].entries()) {
    // two objects of one name do not hide one another
    const base = leaves.has(`${kind}/${name}#`) ? `${kind}/${name}#${index}` : `${kind}/${name}#`;
    leaves.set(base, "");
    for (const { path, value } of walkValues(body)) {
      if (isMapValue(value) || Array.isArray(value)) leaves.set(`${base}${path.join("/")}/`, "");
      else leaves.set(`${base}${path.join("/")}`, JSON.stringify(value));
    }
  }
  return leaves;
}

/** The places at which two renderings differ. */
export function diffLeaves(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Set<string> {
  const different = new Set<string>();
  for (const [key, value] of a) if (b.get(key) !== value) different.add(key);
  for (const key of b.keys()) if (!a.has(key)) different.add(key);
  return different;
}

type Map_ = { readonly [key: string]: Json };
const empty: Map_ = {};

/** The map under a key, or an empty one. */
export function mapAt(value: Json | undefined, key: string): Map_ {
  const inner = isMapValue(value) ? value[key] : undefined;
  return isMapValue(inner) ? (inner as Map_) : empty;
}

/** The maps in the list under a key. */
export function listAt(value: Json | undefined, key: string): Map_[] {
  const inner = isMapValue(value) ? value[key] : undefined;
  return Array.isArray(inner) ? (inner.filter(isMapValue) as Map_[]) : [];
}

/** The text under a key; numbers as text. */
export function textAt(value: Json | undefined, key: string): string | undefined {
  const inner = isMapValue(value) ? value[key] : undefined;
  return typeof inner === "string" ? inner : typeof inner === "number" ? String(inner) : undefined;
}

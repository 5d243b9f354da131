/**
 * Field ownership as the API server keeps it, as far as our kinds need it: maps are granular, lists atomic save for
 * the few below, and the fields of one owner are a set of paths.
 */
import type { FieldsTree } from "../../src/cluster/live-object.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json | undefined;
}
/** Paths such as `f:spec\nf:replicas`; a path stands for its whole value. */
export type FieldSet = ReadonlySet<string>;

const separator = "\n";
/** Maps the API server takes as one value. */
const atomicMaps = new Set([
  "podSelector",
  "namespaceSelector",
  "labelSelector",
  "selector",
  "roleRef",
  "nodeSelector",
]);
/** Lists whose items have a key; every other list is one value. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  volumeMounts: ["mountPath"],
  ownerReferences: ["uid"],
  conditions: ["type"],
};
const unowned = new Set([
  "f:apiVersion",
  "f:kind",
  ...[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "selfLink",
  ].map((name) => `f:metadata${separator}f:${name}`),
]);

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isGranular(value: Json | undefined, name: string): value is JsonMap {
  return isMap(value) && !atomicMaps.has(name);
}

function keysOf(path: string, name: string): readonly string[] | undefined {
  if (name !== "ports") return listKeys[name];
  if (path.includes("f:containers")) return ["containerPort", "protocol"];
  return path === `f:spec${separator}f:ports` ? ["port", "protocol"] : undefined;
}

function itemSegment(item: Json, keys: readonly string[]): string {
  const key = isMap(item) ? Object.fromEntries(keys.map((name) => [name, item[name]])) : {};
  return `k:${JSON.stringify(key)}`;
}

/** Every value by its path: leaves, atomic values, and the items of keyed lists. */
export function leavesOf(object: JsonMap): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const visit = (value: Json, path: string, name: string): void => {
    const keys = Array.isArray(value) ? keysOf(path, name) : undefined;
    if (isGranular(value, name) && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) {
        const inside = path === "" ? `f:${key}` : `${path}${separator}f:${key}`;
        if (inner !== undefined && !unowned.has(inside)) visit(inner, inside, key);
      }
    } else if (keys !== undefined && Array.isArray(value)) {
      for (const item of value as readonly Json[]) {
        const inside = `${path}${separator}${itemSegment(item, keys)}`;
        found.set(inside, "item");
        visit(item, inside, "");
      }
    } else if (name === "finalizers" && path === `f:metadata${separator}f:finalizers`) {
      for (const item of value as readonly Json[])
        found.set(`${path}${separator}v:${JSON.stringify(item)}`, item);
    } else if (path !== "" && path !== "f:metadata") found.set(path, value);
  };
  visit(object, "", "");
  return found;
}

/** `.metadata.labels.a`, as conflicts name it. */
export function dotted(path: string): string {
  return path
    .split(separator)
    .map((segment) => {
      if (segment.startsWith("f:")) return `.${segment.slice(2)}`;
      if (segment.startsWith("v:")) return `[=${segment.slice(2)}]`;
      const key = JSON.parse(segment.slice(2)) as Record<string, unknown>;
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(",")}]`;
    })
    .join("");
}

/** The first path is the second, or lies below it. */
export function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(outer + separator);
}

export function toTree(set: FieldSet): FieldsTree {
  const tree: Record<string, FieldsTree> = {};
  for (const path of [...set].sort()) {
    let node = tree;
    const segments = path.split(separator);
    for (const segment of segments) node = (node[segment] ??= {}) as Record<string, FieldsTree>;
    const hasInner = [...set].some((other) => other !== path && other.startsWith(path + separator));
    if (hasInner) node["."] = {};
  }
  return tree;
}

export function fromTree(tree: FieldsTree): FieldSet {
  const set = new Set<string>();
  const visit = (node: FieldsTree, path: string): void => {
    const entries = Object.entries(node).filter(([name]) => name !== ".");
    if (path !== "" && (entries.length === 0 || node["."] !== undefined)) set.add(path);
    for (const [name, inner] of entries) visit(inner, path === "" ? name : path + separator + name);
  };
  visit(tree, "");
  return set;
}

/** `patch` over `live`, maps and keyed lists merged, everything else replaced. */
export function mergeApplied(live: JsonMap, patch: JsonMap): JsonMap {
  const merge = (old: Json | undefined, value: Json, at: { path: string; name: string }): Json => {
    const { path, name } = at;
    const keys = Array.isArray(value) ? keysOf(path, name) : undefined;
    if (isGranular(value, name)) {
      const result: Record<string, Json | undefined> = isMap(old) ? { ...old } : {};
      for (const [key, inner] of Object.entries(value)) {
        if (inner === undefined) continue;
        const inside = path === "" ? `f:${key}` : `${path}${separator}f:${key}`;
        result[key] = merge(result[key], inner, { path: inside, name: key });
      }
      return result;
    }
    if (Array.isArray(old) && Array.isArray(value) && name === "finalizers")
      return [...(old as readonly Json[]), ...(value as readonly Json[]).filter((one) => !old.includes(one))];
    if (keys !== undefined && Array.isArray(old)) {
      const rest = new Map((old as readonly Json[]).map((item) => [itemSegment(item, keys), item]));
      for (const item of value as readonly Json[]) {
        const segment = itemSegment(item, keys);
        rest.set(
          segment,
          merge(rest.get(segment), item, { path: `${path}${separator}${segment}`, name: "" }),
        );
      }
      return [...rest.values()];
    }
    return value;
  };
  return merge(live, patch, { path: "", name: "" }) as JsonMap;
}

/** Without what lies at the path; maps that become empty thereby go too. */
export function removePath(object: JsonMap, path: string): JsonMap {
  const remove = (value: Json | undefined, segments: readonly string[]): Json | undefined => {
    const [first = "", ...rest] = segments;
    if (Array.isArray(value)) {
      const matches = (item: Json) =>
        first.startsWith("v:")
          ? JSON.stringify(item) === first.slice(2)
          : isMap(item) &&
            Object.entries(JSON.parse(first.slice(2)) as JsonMap).every(([key, one]) => item[key] === one);
      const items = (value as readonly Json[]).flatMap((item) => {
        if (!matches(item)) return [item];
        const left = rest.length === 0 ? undefined : remove(item, rest);
        return left === undefined ? [] : [left];
      });
      return items.length === 0 ? undefined : items;
    }
    if (!isMap(value)) return value;
    const key = first.slice(2);
    if (!(key in value)) return value;
    const { [key]: inner, ...others } = value;
    const left = rest.length === 0 ? undefined : remove(inner, rest);
    if (left !== undefined) return { ...value, [key]: left };
    return Object.keys(others).length === 0 ? undefined : others;
  };
  return (remove(object, path.split(separator)) ?? {}) as JsonMap;
}

import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypeOf } from "../../cluster/resource-types.ts";
import type { ResourceType } from "../../cluster/resource-types.ts";

/** Where the API server keeps all objects of a kind, or those of one namespace. */
export function collectionPath(
  { apiVersion, plural }: Pick<ResourceType, "apiVersion" | "plural">,
  namespace: string | undefined,
): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** Where the API server keeps one object. */
export function objectPath({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const { plural } = resourceTypeOf({ kind });
  return `${collectionPath({ apiVersion, plural }, namespace)}/${encodeURIComponent(name)}`;
}

/** A path with a query of what is given. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

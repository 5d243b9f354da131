import type { LiveObject } from "../cluster/live-object.ts";
import { labelPrefix } from "../constructs/labels.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { isMap } from "./compare/field-place.ts";

/** The annotation of a tenant's Namespace with the hosts that are allotted to it, with commas between. */
export const hostsAnnotation = `${labelPrefix}/hosts`;

/** The hosts that an Ingress serves, or that a Namespace is allotted; of other kinds none. */
export function hostsOf(object: LiveObject | Manifest): readonly string[] {
  if (object.kind === "Namespace") {
    const allotted = object.metadata.annotations?.[hostsAnnotation] ?? "";
    return allotted.split(",").filter((host) => host !== "");
  }
  if (object.kind !== "Ingress") return [];
  const spec = object["spec"];
  const rules: readonly unknown[] = isMap(spec) && Array.isArray(spec["rules"]) ? spec["rules"] : [];
  return rules.flatMap((rule) => (isMap(rule) && typeof rule["host"] === "string" ? [rule["host"]] : []));
}

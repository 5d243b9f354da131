import type { Definition } from "../../../definitions/definition.ts";
import { formatHelmPath, parseHelmPath, startsWith } from "../../../model/helm-values.ts";
import type { Template } from "../../../model/template.ts";

interface Written {
  readonly definition: Definition<"CloudAppTemplate">;
  readonly template: Template;
}

/** Where a chart value is written in the template's file: a spec, a size, or default_values. */
export function placeOf(
  { definition, template }: Written,
  steps: readonly string[],
): readonly (string | number)[] {
  const spec = template.specs.find(
    (other) => startsWith(steps, other.steps) || startsWith(other.steps, steps),
  );
  if (spec !== undefined && steps.length > 0) return [...specPath(definition, spec.key), "key"];
  for (const [group, keys] of [
    ["containers", template.containerKeys],
    ["storage", template.storageKeys],
  ] as const) {
    const index = keys.findIndex((key) => startsWith(steps, key.steps));
    if (index >= 0) return ["resource_keys", group, index, "path"];
  }
  return ["helm_chart", "default_values", ...steps];
}

/** The entry of required_values or optional_values with this key. */
export function specPath(
  definition: Definition<"CloudAppTemplate">,
  key: string,
): readonly (string | number)[] {
  for (const group of ["required_values", "optional_values"] as const) {
    const index = (definition.value[group] ?? []).findIndex(
      (spec) => formatHelmPath(parseHelmPath(spec.key) ?? []) === key,
    );
    if (index >= 0) return [group, index];
  }
  return [];
}

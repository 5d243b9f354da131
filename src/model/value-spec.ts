import type { Json } from "../definitions/convert.ts";
import type { Definition } from "../definitions/definition.ts";
import type { Finding } from "../definitions/problem.ts";
import type { HelmValueSpec as SpecDefinition } from "../definitions/schema/cloud-app-template.ts";
import { formatHelmPath, getValue, parseHelmPath, startsWith } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import type { ProblemList } from "./problem-list.ts";

/** One value a user may set, with its path split and its defaults filled. */
export interface ValueSpec {
  readonly key: string;
  readonly steps: readonly string[];
  readonly label: string;
  readonly type: SpecDefinition["type"];
  readonly required: boolean;
  /** Only then may its text have line breaks; the chart must indent or encode it. */
  readonly multiline: boolean;
  readonly defaultValue: string | number | boolean | undefined;
  readonly options: readonly string[] | undefined;
  readonly lifecycle: "any" | "create_only" | "expand_only";
  readonly generate: PasswordRule | undefined;
  readonly placeholder: string | undefined;
  readonly helpText: string | undefined;
}

/** How woow makes a password of its own. */
export interface PasswordRule {
  readonly length: number;
  readonly alphabet: "alphanumeric" | "hex" | "base64url";
}

/** The specs of a template, required ones first; a spec that cannot be used is left out and reported. */
export function resolveSpecs(definition: Definition<"CloudAppTemplate">, list: ProblemList): ValueSpec[] {
  const { value, source } = definition;
  const defaults = (value.helm_chart.default_values ?? {}) as HelmValues;
  const result: ValueSpec[] = [];
  for (const group of ["required_values", "optional_values"] as const) {
    for (const [index, spec] of (value[group] ?? []).entries()) {
      const at = [group, index];
      const steps = parseHelmPath(spec.key);
      if (steps === undefined) {
        list.add(source, [...at, "key"], badPath(spec.key));
        continue;
      }
      const clash = result.find((other) => startsWith(other.steps, steps) || startsWith(steps, other.steps));
      if (clash !== undefined) {
        list.add(source, [...at, "key"], {
          code: "duplicate-helm-path",
          message: `the key ${spec.key} overlaps with ${clash.key}`,
          hint: "one value has one spec",
        });
        continue;
      }
      const fault = specFault(spec) ?? defaultFault(spec, steps, defaults);
      if (fault !== undefined) list.add(source, at, fault);
      result.push({
        key: formatHelmPath(steps),
        steps,
        label: spec.label,
        type: spec.type,
        required: spec.required ?? group === "required_values",
        multiline: spec.multiline ?? false,
        defaultValue: spec.default_value,
        options: spec.options,
        lifecycle: spec.lifecycle ?? "any",
        generate:
          spec.generate === undefined
            ? undefined
            : { length: spec.generate.length, alphabet: spec.generate.alphabet ?? "alphanumeric" },
        placeholder: spec.placeholder,
        helpText: spec.help_text,
      });
    }
  }
  return result;
}

function specFault(spec: SpecDefinition) {
  const bad = (message: string, hint: string) => ({ code: "bad-value-spec" as const, message, hint });
  if (spec.type === "select" && spec.options === undefined) {
    return bad(`${spec.key} is a select without options`, "add options: [...]");
  }
  if (spec.type !== "select" && spec.options !== undefined) {
    return bad(
      `${spec.key} has options but is of type ${spec.type}`,
      "write type: select, or remove options",
    );
  }
  if (spec.generate !== undefined && spec.type !== "password") {
    return bad(`${spec.key} has generate but is no password`, "write type: password, or remove generate");
  }
  if (spec.default_value === undefined) return undefined;
  if (spec.type === "password") {
    return {
      code: "plain-text-password" as const,
      message: `${spec.key} is a password with a default in plain text`,
      hint: "remove default_value; use generate: { length: 24 }",
    };
  }
  const fault = valueFault(spec, spec.default_value);
  return fault === undefined
    ? undefined
    : bad(`the default_value of ${spec.key} ${fault}`, "make it fit type and options");
}

/** Two defaults for one value would leave open which one counts. */
function defaultFault(spec: SpecDefinition, steps: readonly string[], defaults: HelmValues) {
  if (spec.default_value === undefined) return undefined;
  const other = getValue(defaults, steps);
  if (other === undefined || other === spec.default_value) return undefined;
  return {
    code: "bad-value-spec" as const,
    message: `${spec.key} has the default ${JSON.stringify(spec.default_value)} here and ${JSON.stringify(other)} in default_values`,
    hint: "keep one of them",
  };
}

/** Tells which paths may hold a text of several lines: those of specs that say so. */
export function allowsLines(specs: readonly ValueSpec[]): (path: readonly string[]) => boolean {
  const keys = new Set(specs.filter(({ multiline }) => multiline).map(({ key }) => key));
  return (path) => keys.has(formatHelmPath(path));
}

/** Why a value does not fit its spec ("must be ..."), or undefined. */
export function valueFault(
  spec: { readonly type: SpecDefinition["type"]; readonly options?: readonly string[] | undefined },
  value: Json,
): string | undefined {
  switch (spec.type) {
    case "text":
    case "password":
      return typeof value === "string" ? undefined : "must be text";
    case "number":
      return typeof value === "number" ? undefined : "must be a number";
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "select":
      if (typeof value !== "string") return "must be text";
      return spec.options?.includes(value) === true
        ? undefined
        : `must be one of ${(spec.options ?? []).join(", ")}`;
  }
}

/** What to say of a path that parseHelmPath refuses. */
export function badPath(path: string): Finding {
  return {
    code: "bad-helm-path" as const,
    message: `${path} is not a usable Helm path`,
    hint: "map keys joined by dots, for example auth.database; a dot inside a key is written \\.; no list positions",
  };
}

import type { ErrorObject } from "ajv/dist/2020.js";
import type { Json } from "./convert.ts";
import type { DefinitionKind, DefinitionTypes } from "./definition.ts";
import { maxProblemsPerFile, problemAt, tooManyProblems } from "./problem.ts";
import type { Finding, Problem } from "./problem.ts";
import { readDomainName } from "./domain-name.ts";
import { hostNamePattern } from "./id-patterns.ts";
import { mayHoldSecret } from "./secret-path.ts";
import type { Source, ValuePath } from "./source.ts";
import { suggestHint, suggestWord } from "./suggest.ts";
import { validatorOf } from "./validators.ts";

const kinds: readonly string[] = [
  "Platform",
  "CloudAppTemplate",
  "Workspace",
  "CloudService",
  "Domains",
  "CatalogLock",
] satisfies DefinitionKind[];

/** Checks a value against the schema of the kind that belongs in its place; the schema is chosen before ajv runs. */
export function validateDefinition<K extends DefinitionKind>(
  value: { [key: string]: Json },
  expected: K,
  source: Source,
): { ok: true; value: DefinitionTypes[K] } | { ok: false; problems: Problem[] } {
  const kind = value["kind"];
  if (kind !== expected) {
    const wrong = kindProblem(kind, expected, source);
    if (typeof kind === "string" && kinds.includes(kind)) return { ok: false, problems: [wrong] };
    // the place says what it is meant to be, so the rest is checked as that
    const rest = validateDefinition({ ...value, kind: expected }, expected, source);
    return { ok: false, problems: rest.ok ? [wrong] : [wrong, ...rest.problems] };
  }
  const validate = validatorOf(expected);
  if (validate(value)) return { ok: true, value: value as unknown as DefinitionTypes[K] };
  const errors = validate.errors ?? [];
  const problems = errors.slice(0, maxProblemsPerFile).map((error) => toProblem(error, source));
  if (errors.length > maxProblemsPerFile) problems.push(problemAt(source.locate([]), tooManyProblems));
  return { ok: false, problems };
}

function kindProblem(kind: Json | undefined, expected: DefinitionKind, source: Source): Problem {
  if (kind === undefined) {
    const message = `kind is missing; here it must be ${expected}`;
    return problemAt(source.locate([]), {
      code: "unknown-kind",
      message,
      hint: `start the file with kind: ${expected}`,
    });
  }
  const known = typeof kind === "string" && kinds.includes(kind);
  const near = typeof kind === "string" ? suggestWord(kind, kinds) : undefined;
  const message = known
    ? `a ${String(kind)} does not belong here; in this place the kind is ${expected}`
    : `unknown kind ${JSON.stringify(kind)}; in this place the kind is ${expected}`;
  const hint = known
    ? `move the file, or write kind: ${expected}`
    : near === expected
      ? `did you mean ${expected}?`
      : `write kind: ${expected}`;
  return problemAt(source.locate(["kind"]), { code: "unknown-kind", message, hint });
}

interface SchemaNode {
  description?: string;
  pattern?: string;
  properties?: Record<string, SchemaNode>;
  type?: string;
}

function toProblem(error: ErrorObject, source: Source): Problem {
  const path = toPath(error.instancePath);
  const schema = error.parentSchema as SchemaNode | undefined;
  const finding = toFinding(error, path, schema);
  if (error.keyword === "additionalProperties") {
    const key = String((error.params as { additionalProperty: string }).additionalProperty);
    return problemAt(source.locate([...path, key], "key"), finding);
  }
  return problemAt(source.locate(path), finding);
}

function toFinding(error: ErrorObject, path: ValuePath, schema: SchemaNode | undefined): Finding {
  const where = path.length === 0 ? "the definition" : path.join(".");
  const hint = schema?.description;
  const isSecret = mayHoldSecret(path);
  const shown = isSecret ? describeType(error.data) : describe(error.data);
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String((error.params as { additionalProperty: string }).additionalProperty);
      const known = Object.keys(schema?.properties ?? {});
      const message = path.length === 0 ? `unknown key ${key}` : `unknown key ${key} in ${where}`;
      return known.length === 0
        ? { code: "bad-id", message: `${key} is not a usable name in ${where}`, hint: nameHint }
        : { code: "unknown-key", message, hint: suggestHint(key, known) };
    }
    case "required": {
      const key = String((error.params as { missingProperty: string }).missingProperty);
      const description = schema?.properties?.[key]?.description;
      const message = path.length === 0 ? `${key} is missing` : `${key} is missing in ${where}`;
      return {
        code: "missing-field",
        message,
        hint: description === undefined ? `add ${key}: ...` : `add ${key}: ${description}`,
      };
    }
    case "type": {
      const wanted = String((error.params as { type: string }).type);
      return {
        code: "wrong-type",
        message: `${where} must be ${withArticle(wanted)}, but is ${shown}`,
        hint: hint ?? quoteHint(isSecret ? undefined : error.data, wanted),
      };
    }
    case "enum": {
      const allowed = ((error.params as { allowedValues: unknown[] }).allowedValues ?? []).map(String);
      const message = `${where} is ${shown}, which is not one of ${allowed.join(", ")}`;
      const near = typeof error.data === "string" && !isSecret ? suggestWord(error.data, allowed) : undefined;
      return {
        code: "value-not-in-options",
        message,
        hint: near === undefined ? `write one of ${allowed.join(", ")}` : `did you mean ${near}?`,
      };
    }
    case "anyOf":
    case "const":
    case "pattern":
    case "minLength":
    case "maxLength":
      return {
        code: "bad-format",
        message: `${where} is ${shown}, which is not usable`,
        hint: schema?.pattern === hostNamePattern && !isSecret ? hostHint(error.data) : hint,
      };
    default:
      return { code: "bad-format", message: `${where} ${error.message ?? "is not usable"}`, hint };
  }
}

/** The name DNS has for what was written, or why there is none. */
function hostHint(data: unknown): string {
  const name = readDomainName(String(data));
  if (!name.ok) return `${name.reason}; ${name.hint}`;
  const { domain, unicode } = name;
  return unicode === domain ? `write ${domain}` : `write ${domain}, the form of ${unicode} that DNS has`;
}

const nameHint = "lower-case letters, digits and hyphens, not starting or ending with a hyphen";

function toPath(pointer: string): (string | number)[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function describe(data: unknown): string {
  if (data === null) return "empty";
  if (Array.isArray(data)) return "a list";
  if (typeof data === "object") return "a map";
  const text = JSON.stringify(data as string | number | boolean);
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

function describeType(data: unknown): string {
  if (typeof data === "object") return describe(data);
  return withArticle(typeof data);
}

function withArticle(type: string): string {
  if (type === "object") return "a map";
  if (type === "array") return "a list";
  if (type === "string") return "text";
  if (type === "boolean") return "true or false";
  if (type === "integer") return "a whole number";
  return "a number";
}

function quoteHint(data: unknown, wanted: string): string | undefined {
  return wanted === "string" && (typeof data === "number" || typeof data === "boolean")
    ? `write it in quotes: "${String(data)}"`
    : undefined;
}

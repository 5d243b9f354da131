import { parse } from "yaml";
import type { Json } from "../../../definitions/convert.ts";
import { isMapValue } from "../../../model/helm-values.ts";

/**
 * What a chart says about a value: `known` when its values or schema name it, `open` when they end on the way in a
 * map that takes anything, `unknown` when they have no place for it.
 */
export type Knowledge = "known" | "open" | "unknown";

/** The values of one chart, read when somebody asks; sub-charts below. */
export interface ChartValues {
  knows(steps: readonly string[]): Knowledge;
}

/** Reads values.yaml, values.schema.json and the same of every sub-chart. */
export function readChartValues(files: ReadonlyMap<string, string>): ChartValues {
  let own: { values: Json; schema: Json } | undefined;
  const subCharts = listSubCharts(files);
  const opened = new Map<string, ChartValues>();
  const openSubChart = (folder: string): ChartValues => {
    const chart = opened.get(folder) ?? readChartValues(filesBelow(files, folder));
    opened.set(folder, chart);
    return chart;
  };
  return {
    knows: (steps) => {
      own ??= {
        values: readYaml(files.get("values.yaml")),
        schema: readYaml(files.get("values.schema.json")),
      };
      const answers = [valuesKnow(own.values, steps), schemaKnows(own.schema, { steps, root: own.schema })];
      const [first = "", ...rest] = steps;
      for (const { key, folder, switches } of subCharts) {
        if (switches.includes(steps.join("."))) answers.push("known");
        // global values reach every sub-chart as they are
        if (first === "global") answers.push(openSubChart(folder).knows(steps));
        else if (first === key && rest.length > 0) answers.push(openSubChart(folder).knows(rest));
      }
      return answers.includes("known") ? "known" : answers.includes("open") ? "open" : "unknown";
    },
  };
}

/** The version and type a Chart.yaml gives. */
export function readChartMeta(files: ReadonlyMap<string, string>): { version: string; type: string } {
  const meta = readYaml(files.get("Chart.yaml"));
  const text = (key: string): string => {
    const value = isMapValue(meta) ? meta[key] : undefined;
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  return { version: text("version"), type: text("type") || "application" };
}

/** A chart that lies in charts/ of another one. */
export interface SubChart {
  /** The values key it is configured under: its alias, else its name. */
  readonly key: string;
  readonly folder: string;
  /** Paths that switch it on, as Chart.yaml names them. */
  readonly switches: readonly string[];
}

/** The sub-charts right below a chart; one that is used under two aliases counts twice. */
export function listSubCharts(files: ReadonlyMap<string, string>): SubChart[] {
  const meta = readYaml(files.get("Chart.yaml"));
  const listed = isMapValue(meta) && Array.isArray(meta["dependencies"]) ? meta["dependencies"] : [];
  const folders = new Set<string>();
  for (const path of files.keys()) {
    const folder = /^charts\/[^/]+(?=\/Chart\.yaml$)/.exec(path)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders].flatMap((folder) => {
    const name = folder.slice("charts/".length);
    const entries = listed.filter(isMapValue).filter((entry) => entry["name"] === name);
    if (entries.length === 0) return [{ key: name, folder, switches: [] }];
    return entries.map((entry) => ({
      key: typeof entry["alias"] === "string" ? entry["alias"] : name,
      folder,
      switches: typeof entry["condition"] === "string" ? entry["condition"].split(",") : [],
    }));
  });
}

function filesBelow(files: ReadonlyMap<string, string>, folder: string): Map<string, string> {
  const prefix = `${folder}/`;
  return new Map(
    [...files].flatMap(([path, text]) =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), text] as const] : [],
    ),
  );
}

/** Charts write what they like: what cannot be read counts as empty, helm itself reports it. */
function readYaml(text: string | undefined): Json {
  if (text === undefined) return null;
  try {
    return parse(text, { uniqueKeys: false, merge: true, maxAliasCount: -1, logLevel: "silent" }) as Json;
  } catch {
    return null;
  }
}

function valuesKnow(values: Json, steps: readonly string[]): Knowledge {
  let value = values;
  for (const [index, step] of steps.entries()) {
    if (isMapValue(value) && Object.hasOwn(value, step)) {
      value = value[step] ?? null;
      continue;
    }
    // `config: {}` and `config:` are the places where charts take anything
    const isFree = index > 0 && (value === null || (isMapValue(value) && Object.keys(value).length === 0));
    return isFree ? "open" : "unknown";
  }
  return steps.length === 0 ? "unknown" : "known";
}

/** A schema may refer to itself; deeper than this it is not followed. */
const maxSchemaDepth = 40;

function schemaKnows(
  schema: Json | undefined,
  { steps, root, depth = 0 }: { steps: readonly string[]; root: Json; depth?: number },
): Knowledge {
  if (!isMapValue(schema) || depth > maxSchemaDepth) return "unknown";
  const [step, ...rest] = steps;
  if (step === undefined) return "known";
  const answers: Knowledge[] = [];
  const ask = (inner: Json | undefined, left: readonly string[]) =>
    answers.push(schemaKnows(inner, { steps: left, root, depth: depth + 1 }));
  const reference = schema["$ref"];
  if (typeof reference === "string" && reference.startsWith("#/")) ask(pointTo(root, reference), steps);
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    const arms = schema[key];
    if (Array.isArray(arms)) for (const arm of arms) ask(arm, steps);
  }
  const properties = schema["properties"];
  if (isMapValue(properties) && Object.hasOwn(properties, step)) ask(properties[step], rest);
  const patterns = schema["patternProperties"];
  if (isMapValue(patterns)) {
    for (const [pattern, inner] of Object.entries(patterns))
      if (matchesPattern(pattern, step)) ask(inner, rest);
  }
  if (isMapValue(schema["additionalProperties"])) answers.push("open");
  return answers.includes("known") ? "known" : answers.includes("open") ? "open" : "unknown";
}

function matchesPattern(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return false;
  }
}

function pointTo(root: Json, reference: string): Json | undefined {
  let value: Json | undefined = root;
  for (const step of reference.slice(2).split("/")) {
    if (!isMapValue(value)) return undefined;
    value = value[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}

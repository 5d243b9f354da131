import type { CheckContext } from "./check-context.ts";
import { listSubCharts } from "./chart-values.ts";
import type { Rendering } from "./rendered-objects.ts";
import type { FindingList } from "./finding.ts";
import type { ObservedLookup } from "./helm-client.ts";

/** A call of Helm's `lookup` in a chart's templates. */
export interface LookupCall {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  /** own: the release's namespace; foreign: any other, or all; unclear: only a run would show. */
  readonly reach: "own" | "foreign" | "unclear";
}

/**
 * Finds every `lookup` and where it reads. An `include` counts as the release's namespace when the included
 * template names .Release.Namespace; an override of it would show as a foreign namespace in the rendering.
 */
export function listLookups(files: ReadonlyMap<string, string>): LookupCall[] {
  const templates = [...files].filter(([path]) => /(^|\/)templates\//.test(path));
  const bodies = new Map<string, string>();
  for (const [, text] of templates) {
    for (const match of text.matchAll(/\{\{-?\s*define\s+"([^"]+)"\s*-?\}\}/g)) {
      const start = match.index + match[0].length;
      const rest = text.slice(start);
      const next = /\{\{-?\s*define\s/.exec(rest);
      bodies.set(match[1] ?? "", next === null ? rest : rest.slice(0, next.index));
    }
  }
  return templates.flatMap(([file, text]) => {
    const code = text.replaceAll(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, (comment) =>
      comment.replaceAll(/[^\n]/g, " "),
    );
    return [...code.matchAll(/\blookup\s+([^{}]*)/g)].flatMap((match) => {
      if (!isInAction(code, match.index)) return [];
      const [, kind = "", namespace = ""] = splitArguments(match[1] ?? "");
      const line = code.slice(0, match.index).split("\n").length;
      return [{ file, line, kind: kind.replaceAll('"', ""), reach: reachOf(namespace, bodies) }];
    });
  });
}

/** Between {{ and }}: the word in plain text or a comment of a YAML file means nothing. */
function isInAction(code: string, index: number): boolean {
  return code.lastIndexOf("{{", index) > code.lastIndexOf("}}", index);
}

function reachOf(namespace: string, bodies: ReadonlyMap<string, string>): LookupCall["reach"] {
  if (/Release\.Namespace/.test(namespace)) return "own";
  const included = /^\(\s*(?:include|template)\s+"([^"]+)"/.exec(namespace)?.[1];
  if (included !== undefined && /Release\.Namespace/.test(bodies.get(included) ?? "")) return "own";
  return /^["`]/.test(namespace) ? "foreign" : "unclear";
}

/** The arguments of a call: words, quoted texts and parenthesized expressions. */
function splitArguments(text: string): string[] {
  const result: string[] = [];
  let depth = 0;
  let quote = "";
  let current = "";
  for (const char of text) {
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "`") quote = char;
    else if (char === "(") depth += 1;
    else if (char === ")") {
      depth -= 1;
      if (depth < 0) break;
    }
    if (/\s/.test(char) && depth === 0 && quote === "") {
      if (current !== "") result.push(current);
      current = "";
    } else current += char;
  }
  return current === "" ? result : [...result, current];
}

/**
 * A chart's job is cluster-admin, so a `lookup` beyond its namespace can read any tenant's Secrets, and no admission
 * policy sees it (design 9). In a sub-chart that is switched off it is a note: raw_values could switch it on.
 */
export function checkLookups({
  files,
  rendering,
  findings,
}: {
  files: ReadonlyMap<string, string>;
  rendering: Rendering;
  findings: FindingList;
}): void {
  const rendered = listRenderedCharts(files, rendering);
  for (const { file, line, kind, reach } of listLookups(files)) {
    if (reach === "own") continue;
    const chart = chartOf(file);
    const isOn = chart === "" || rendered.has(chart) || isLibrary(chart, { files, rendered });
    const severity = reach === "foreign" && isOn ? "error" : "note";
    const what =
      reach === "foreign"
        ? `${file}:${line} reads a ${kind} outside the release's namespace (lookup)`
        : `${file}:${line} reads a ${kind} in a namespace that only a run shows (lookup)`;
    findings.add({
      code: reach === "foreign" ? "foreign-lookup" : "unclear-lookup",
      severity,
      path: ["helm_chart"],
      message: isOn ? what : `${what}; its sub-chart is switched off`,
      hint: "chart jobs are cluster-admin: switch it off in default_values, or choose another chart",
    });
  }
}

/**
 * What the chart really read when it was rendered: texts that `tpl` makes into templates, namespaces that are put
 * together, files beside the templates. What only happens for other values or names stays unseen.
 */
export function checkObservedLookups(
  lookups: readonly ObservedLookup[],
  { sample, findings }: Pick<CheckContext, "sample" | "findings">,
): void {
  for (const { namespace, resource, name } of lookups) {
    const isOwn = namespace === sample.namespace || (resource === "namespaces" && name === sample.namespace);
    if (isOwn) continue;
    const where =
      namespace === undefined ? "outside the release's namespace" : `in the namespace ${namespace}`;
    findings.add({
      code: "foreign-lookup",
      path: ["helm_chart"],
      message: `the chart reads ${resource}${name === undefined ? "" : ` ${name}`} ${where} while it is rendered (lookup)`,
      hint: "chart jobs are cluster-admin: switch it off in default_values, or choose another chart",
    });
  }
}

/** Folders of the sub-charts that made at least one object; helm names them by their alias. */
function listRenderedCharts(files: ReadonlyMap<string, string>, { objects }: Rendering): Set<string> {
  const subCharts = listSubCharts(files);
  return new Set(
    objects.map(({ file }) => {
      const chart = chartOf(file.slice(file.indexOf("/") + 1));
      const [, key = ""] = chart.split("/");
      const folder = subCharts.find((other) => other.key === key)?.folder;
      return folder === undefined ? chart : chart.replace(`charts/${key}`, folder);
    }),
  );
}

/** The sub-chart a file belongs to, for example charts/redis/charts/common; "" for the chart itself. */
function chartOf(file: string): string {
  return /^((?:charts\/[^/]+\/)*)/.exec(file)?.[1]?.replace(/\/$/, "") ?? "";
}

/** A library makes no objects of its own: it is on when the chart it lies in is. */
function isLibrary(
  chart: string,
  { files, rendered }: { files: ReadonlyMap<string, string>; rendered: ReadonlySet<string> },
): boolean {
  if (!/^type:\s*["']?library/m.test(files.get(`${chart}/Chart.yaml`) ?? "")) return false;
  const parent = chart.replace(/\/?charts\/[^/]+$/, "");
  return parent === "" || rendered.has(parent);
}

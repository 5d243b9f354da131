import type { Json } from "../definitions/convert.ts";
import type { ChartFolder, Definition } from "../definitions/definition.ts";
import { suggestHint } from "../definitions/suggest.ts";
import { parseHelmPath, walkValues } from "./helm-values.ts";
import type { HelmValues } from "./helm-values.ts";
import { listPlaceholders, placeholderNames } from "./placeholders.ts";
import type { ProblemList } from "./problem-list.ts";
import { badPath, resolveSpecs } from "./value-spec.ts";
import type { ValueSpec } from "./value-spec.ts";

/** A chart value that takes part of the service's size. */
export interface SizeKey {
  readonly steps: readonly string[];
  /** Above 0, at most 1. */
  readonly share: number;
}

/** A catalog entry with every default of the specification filled (port 80, 1 vCPU, 1 Gi, 5 Gi). */
export interface Template {
  readonly id: string;
  readonly name: string;
  readonly iconUrl: string | undefined;
  readonly description: string;
  readonly fullDescription: string | undefined;
  readonly tags: readonly string[];
  readonly category: Category;
  readonly monthlyPrice: number;
  readonly documentationUrl: string | undefined;
  readonly chart: TemplateChart;
  readonly defaultValues: HelmValues;
  readonly defaultPort: number;
  readonly serviceName: string;
  readonly servicePort: number;
  /** Where the Service leads in the pods: a number, or the name of a container's port. */
  readonly podPort: number | string;
  readonly ingressEnabled: boolean;
  readonly isActive: boolean;
  readonly minResources: { readonly vcpu: number; readonly ramGb: number; readonly storageGb: number };
  readonly containerKeys: readonly SizeKey[];
  readonly storageKeys: readonly SizeKey[];
  readonly longestNameSuffix: string;
  readonly clusterScopedKinds: readonly string[];
  /** Required ones first, each in the file's order. */
  readonly specs: readonly ValueSpec[];
  /** True when default_values or service_name need a host. */
  readonly needsHost: boolean;
}

export const categories = [
  "ai_llm",
  "automation",
  "database",
  "analytics",
  "devops",
  "web",
  "container",
] as const;
export type Category = (typeof categories)[number];

/** Where the chart comes from; `folder` for a chart of one's own. */
export interface TemplateChart {
  readonly repository: string;
  readonly name: string;
  readonly version: string;
  readonly folder: ChartFolder | undefined;
}

/** Checks what no schema can say about a template and fills its defaults. */
export function resolveTemplate(
  definition: Definition<"CloudAppTemplate">,
  charts: ReadonlyMap<string, ChartFolder>,
  list: ProblemList,
): Template {
  const { value, source, id } = definition;
  const chart = value.helm_chart;
  const defaultValues = (chart.default_values ?? {}) as HelmValues;
  const specs = resolveSpecs(definition, list);
  const placeholders = checkPlaceholders(definition, list);
  const folder = chart.repository === "file:charts" ? charts.get(chart.chart_name) : undefined;
  if (chart.repository === "file:charts") {
    if (folder === undefined) {
      list.add(source, ["helm_chart", "chart_name"], {
        code: "bad-chart",
        message: `there is no chart charts/${chart.chart_name}`,
        hint: suggestHint(chart.chart_name, [...charts.keys()]),
      });
    } else if (folder.version !== chart.chart_version) {
      list.add(source, ["helm_chart", "chart_version"], {
        code: "bad-chart-version",
        message: `charts/${folder.name}/Chart.yaml is at version ${folder.version}, not ${chart.chart_version}`,
        hint: `write chart_version: "${folder.version}"`,
      });
    }
  }
  const containerKeys = resolveSizeKeys(definition, "containers", list);
  const storageKeys = resolveSizeKeys(definition, "storage", list);
  return {
    id,
    name: value.name,
    iconUrl: value.icon_url,
    description: value.description,
    fullDescription: value.full_description,
    tags: value.tags ?? [],
    category: value.category,
    monthlyPrice: value.monthly_price ?? 0,
    documentationUrl: value.documentation_url,
    chart: { repository: chart.repository, name: chart.chart_name, version: chart.chart_version, folder },
    defaultValues,
    defaultPort: value.default_port ?? 80,
    serviceName: value.service_name ?? "{release_name}",
    servicePort: value.service_port ?? value.default_port ?? 80,
    podPort: value.pod_port ?? value.default_port ?? 80,
    ingressEnabled: value.ingress_enabled ?? true,
    isActive: value.is_active ?? true,
    minResources: {
      vcpu: value.min_resources?.vcpu ?? 1,
      ramGb: value.min_resources?.ram_gb ?? 1,
      storageGb: value.min_resources?.storage_gb ?? 5,
    },
    containerKeys,
    storageKeys,
    longestNameSuffix: value.longest_name_suffix ?? "",
    clusterScopedKinds: value.cluster_scoped_kinds ?? [],
    specs,
    needsHost: placeholders.has("host") || placeholders.has("url"),
  };
}

function resolveSizeKeys(
  definition: Definition<"CloudAppTemplate">,
  group: "containers" | "storage",
  list: ProblemList,
): SizeKey[] {
  const result: SizeKey[] = [];
  for (const [index, entry] of (definition.value.resource_keys?.[group] ?? []).entries()) {
    const steps = parseHelmPath(entry.path);
    if (steps === undefined)
      list.add(definition.source, ["resource_keys", group, index, "path"], badPath(entry.path));
    else result.push({ steps, share: entry.share ?? 1 });
  }
  return result;
}

function checkPlaceholders(definition: Definition<"CloudAppTemplate">, list: ProblemList): Set<string> {
  const { value, source } = definition;
  const used = new Set<string>();
  const check = (text: string, path: readonly (string | number)[]) => {
    for (const name of listPlaceholders(text)) {
      used.add(name);
      if (!(placeholderNames as readonly string[]).includes(name)) {
        list.add(source, path, {
          code: "bad-placeholder",
          message: `unknown placeholder {${name}}`,
          hint: `known: ${placeholderNames.map((known) => `{${known}}`).join(" ")}; a literal brace is written {{`,
        });
      }
    }
  };
  check(value.service_name ?? "", ["service_name"]);
  const defaults = value.helm_chart.default_values ?? {};
  for (const { path, value: leaf } of walkValues(defaults as Json)) {
    if (typeof leaf === "string") check(leaf, ["helm_chart", "default_values", ...path]);
  }
  return used;
}

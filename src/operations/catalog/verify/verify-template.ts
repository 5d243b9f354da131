import type { Definition, Definitions } from "../../../definitions/definition.ts";
import { formatHelmPath, parseHelmPath, startsWith } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import { packageChart } from "../../../manifests/package-chart.ts";
import type { Template } from "../../../model/template.ts";
import { dropValue, makeBaseline, startChartRun } from "./chart-run.ts";
import type { Baseline, ChartRun } from "./chart-run.ts";
import { readChartMeta, readChartValues } from "./chart-values.ts";
import type { CheckContext } from "./check-context.ts";
import { checkImages } from "./check-images.ts";
import { checkLookups } from "./check-lookups.ts";
import { checkNameLengths, checkNameSuffix } from "./check-names.ts";
import { checkPodPort } from "./check-pod-port.ts";
import { checkPods } from "./check-pods.ts";
import { checkScope } from "./check-scope.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkService } from "./check-service.ts";
import { checkSizes } from "./check-sizes.ts";
import { checkDefaults, checkSpecs, makeSwitched, shorten } from "./check-values.ts";
import { FindingList } from "./finding.ts";
import type { VerifyFinding } from "./finding.ts";
import type { HelmClient } from "./helm-client.ts";
import { makeSampleService } from "./sample-service.ts";
import type { SampleService } from "./sample-service.ts";
import { samplePassword } from "./sample-values.ts";
import { isSchemaMessage, readSchemaFaults } from "./schema-faults.ts";

/** What was found out about one template. */
export interface TemplateReport {
  readonly template: string;
  readonly chart: string;
  readonly chartVersion: string;
  /** Errors first, in the file's order. */
  readonly findings: readonly VerifyFinding[];
  /** How often helm rendered the chart. */
  readonly renderings: number;
}

export interface VerifySubject {
  readonly definition: Definition<"CloudAppTemplate">;
  readonly template: Template;
  readonly definitions: Definitions;
  /** The oldest cluster's, for example v1.35.8. */
  readonly kubeVersion: string;
}

/** Opens the template's chart at its pinned version, renders it and holds it against everything the template says. */
export async function verifyTemplate(helm: HelmClient, subject: VerifySubject): Promise<TemplateReport> {
  const { definition, template, kubeVersion } = subject;
  const findings = new FindingList(template.id, definition.source);
  const report = (renderings: number): TemplateReport => ({
    template: template.id,
    chart: template.chart.name,
    chartVersion: template.chart.version,
    findings: findings.sorted(),
    renderings,
  });
  const opened = await openChart(helm, template);
  if (!opened.ok) {
    findings.add({
      code: opened.reason === "not-found" ? "chart-not-found" : "chart-unavailable",
      path: ["helm_chart", opened.reason === "not-found" ? "chart_version" : "repository"],
      message: opened.message,
      hint: "check repository, chart_name and chart_version",
    });
    return report(0);
  }
  const { version } = readChartMeta(opened.chart.files);
  if (normalizeVersion(version) !== normalizeVersion(template.chart.version)) {
    findings.add({
      code: "chart-version-mismatch",
      path: ["helm_chart", "chart_version"],
      message: `the chart ${template.chart.name} that was found is at version ${version}, not ${template.chart.version}`,
      hint: `write chart_version: "${version}", or bring the pinned version`,
    });
  }
  const run = startChartRun(helm, { chart: opened.chart, kubeVersion });
  const sample = makeSampleService(subject, { definitions: subject.definitions, length: "short" });
  const baseline = await renderBaseline(run, { subject, sample, findings });
  if (baseline !== undefined) await checkAll({ run, subject, baseline, findings });
  return report(run.count());
}

async function openChart(helm: HelmClient, { chart }: Template) {
  const archive = chart.folder === undefined ? undefined : await packageChart(chart.folder);
  return helm.openChart({ repository: chart.repository, name: chart.name, version: chart.version, archive });
}

/** 1.2.3 and v1.2.3 are one version to Helm. */
function normalizeVersion(version: string): string {
  return version.replace(/^v/, "");
}

interface Part {
  readonly run: ChartRun;
  readonly subject: VerifySubject;
  readonly findings: FindingList;
}

/** The first rendering. Values the schema refuses are reported and left out, so that the rest is still checked. */
async function renderBaseline(
  run: ChartRun,
  { subject, sample, findings }: Omit<Part, "run"> & { sample: SampleService },
): Promise<Baseline | undefined> {
  let { values } = sample;
  let first = await run.render(sample, values);
  if (!first.ok && isSchemaMessage(first.message)) {
    values = reportSchemaFaults(first.message, { subject, values, findings });
    first = await run.render(sample, values);
    // what stays wrong without them has been reported
    if (!first.ok && isSchemaMessage(first.message)) return undefined;
  }
  const again = first.ok ? await run.render(sample, values) : first;
  if (!first.ok || !again.ok) {
    findings.add({
      code: "render-failed",
      path: ["helm_chart"],
      message: `helm cannot render the chart: ${shorten(first.ok ? "a second run failed" : first.message, run)}`,
    });
    return undefined;
  }
  return makeBaseline({ sample, values, rendering: first.rendering }, again.rendering);
}

function reportSchemaFaults(
  message: string,
  { subject, values, findings }: Omit<Part, "run"> & { values: HelmValues },
): HelmValues {
  let left = values;
  const { template } = subject;
  const faults = readSchemaFaults(message, template.chart.name);
  for (const { steps, unknownKeys, words } of faults) {
    const paths = unknownKeys.length === 0 ? [steps] : unknownKeys.map((key) => [...steps, key]);
    for (const path of paths) {
      const at = placeOf(subject, path);
      const name = formatHelmPath(path);
      if (path.length > 0) left = dropValue(left, path);
      findings.add({
        code: unknownKeys.length === 0 ? "schema-violation" : "unknown-chart-value",
        path: at,
        message:
          unknownKeys.length === 0
            ? `the chart's schema refuses ${name === "" ? "the values" : name}: ${words}`
            : `the chart's schema has no value ${name}`,
        hint:
          unknownKeys.length === 0
            ? "write what the schema takes"
            : "take the key from the chart's values.yaml at this version",
      });
    }
  }
  if (faults.length === 0)
    findings.add({
      code: "schema-violation",
      path: ["helm_chart"],
      message: message.replaceAll(/\s+/g, " ").trim(),
    });
  return left;
}

/** Where a chart value is written in the template's file: a spec, a size, or default_values. */
function placeOf(
  { definition, template }: VerifySubject,
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
function specPath(definition: Definition<"CloudAppTemplate">, key: string): readonly (string | number)[] {
  for (const group of ["required_values", "optional_values"] as const) {
    const index = (definition.value[group] ?? []).findIndex(
      (spec) => formatHelmPath(parseHelmPath(spec.key) ?? []) === key,
    );
    if (index >= 0) return [group, index];
  }
  return [];
}

async function checkAll({ run, subject, baseline, findings }: Part & { baseline: Baseline }): Promise<void> {
  const { template, definition, definitions } = subject;
  const { rendering, sample } = baseline;
  const context: CheckContext = { template, sample, rendering, findings };
  checkService(context);
  checkPodPort(context);
  checkNameSuffix(context);
  checkImages(context);
  checkScope(context);
  checkPods(context);
  checkLookups({ files: run.chart.files, rendering, findings });
  const planted = template.specs
    .filter((spec) => spec.type === "password" && spec.required)
    .map((spec) => ({ key: spec.key, value: samplePassword(spec), path: specPath(definition, spec.key) }));
  checkSecrets(context, planted);

  const chartValues = readChartValues(run.chart.files);
  const valueCheck = {
    template,
    chartValues,
    run,
    baseline,
    switched: await makeSwitched(run, { template, baseline }),
    findings,
    specPath: (key: string) => specPath(definition, key),
  };
  await checkSpecs(valueCheck);
  await checkDefaults(valueCheck);
  await checkSizes(valueCheck);

  const longest = makeSampleService(subject, { definitions, length: "longest" });
  const result = await run.render(longest, longest.values);
  if (!result.ok) {
    // values the schema refuses were left out of the first rendering and are reported already
    if (baseline.values !== sample.values) return;
    findings.add({
      code: "render-failed",
      path: ["helm_chart"],
      message: `helm cannot render the chart for the longest release name, ${longest.releaseName}: ${shorten(result.message, run)}`,
    });
    return;
  }
  const longContext = { ...context, sample: longest, rendering: result.rendering };
  if (!findings.has(["wrong-service-name", "wrong-service-port", "wrong-service-type"]))
    checkService(longContext);
  checkNameLengths(longContext);
}

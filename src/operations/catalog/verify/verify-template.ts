import type { Definition, Definitions } from "../../../definitions/definition.ts";
import { formatHelmPath } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { ChartCoordinates } from "../../../model/chart-lock.ts";
import type { Template } from "../../../model/template.ts";
import type { ChartFetcher } from "../../charts/chart-fetcher.ts";
import { dropValue, makeBaseline, startChartRun } from "./chart-run.ts";
import type { Baseline, ChartRun } from "./chart-run.ts";
import { readChartMeta, readChartValues } from "./chart-values.ts";
import { checkAdmission } from "./check-admission.ts";
import type { CheckContext } from "./check-context.ts";
import { checkDeclaredKinds } from "./check-declared-kinds.ts";
import { checkImages, listImages } from "./check-images.ts";
import { checkLookups, checkObservedLookups } from "./check-lookups.ts";
import { checkNameLengths, checkNameSuffix } from "./check-names.ts";
import { checkPodPort } from "./check-pod-port.ts";
import { checkPods } from "./check-pods.ts";
import { checkScope } from "./check-scope.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkService } from "./check-service.ts";
import { checkSizes } from "./check-sizes.ts";
import { checkDefaults, checkSpecs, makeSwitched, shorten } from "./check-values.ts";
import { FindingList, isolationCodes } from "./finding.ts";
import type { VerifyFinding } from "./finding.ts";
import type { HelmClient } from "./helm-client.ts";
import { fetchPacked, openChart } from "./packed-chart.ts";
import type { PackedChart } from "./packed-chart.ts";
import { makeSampleService } from "./sample-service.ts";
import type { SampleService } from "./sample-service.ts";
import { samplePassword } from "./sample-values.ts";
import { placeOf, specPath } from "./value-places.ts";
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
  readonly coordinates: ChartCoordinates;
  /** True: the chart could not be had, so nothing is known about it. */
  readonly isUnavailable: boolean;
  /** The chart's bytes, where they were asked for or are our own. */
  readonly packed: PackedChart | undefined;
  /** Images it renders at default values, sorted. */
  readonly images: readonly string[];
}

export interface VerifySubject {
  readonly definition: Definition<"CloudAppTemplate">;
  readonly template: Template;
  readonly definitions: Definitions;
  /** The oldest cluster's, for example v1.35.8. */
  readonly kubeVersion: string;
  /** Where packed charts come from when their digests are wanted; left out: helm fetches them. */
  readonly fetcher?: ChartFetcher | undefined;
  /** True: an older version that a service still runs, so that only what concerns isolation counts. */
  readonly isPin?: boolean;
}

/** Opens the template's chart at its pinned version, renders it and holds it against everything the template says. */
export async function verifyTemplate(helm: HelmClient, subject: VerifySubject): Promise<TemplateReport> {
  const { definition, template, kubeVersion } = subject;
  const findings = new FindingList(template.id, definition.source);
  let packed: PackedChart | undefined;
  const report = (renderings: number, rest: Partial<TemplateReport> = {}): TemplateReport => ({
    template: template.id,
    chart: template.chart.name,
    chartVersion: template.chart.version,
    findings: findings.sorted().filter(({ code }) => subject.isPin !== true || isolationCodes.has(code)),
    renderings,
    coordinates: {
      repository: template.chart.repository,
      name: template.chart.name,
      version: template.chart.version,
    },
    isUnavailable: false,
    packed,
    images: [],
    ...rest,
  });
  checkDeclaredKinds(template, findings);
  const fetched = await fetchPacked(template, subject.fetcher);
  if (fetched?.ok === true) packed = fetched;
  const opened = fetched?.ok === false ? fetched : await openChart(helm, { template, packed });
  if (!opened.ok) {
    findings.add({ message: opened.message, ...openFaults[opened.reason] });
    return report(0, { isUnavailable: true });
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
  return report(run.count(), { images: baseline === undefined ? [] : listImages(baseline.rendering) });
}

const checkWhere = "check repository, chart_name and chart_version";
const openFaults = {
  "not-found": { code: "chart-not-found", path: ["helm_chart", "chart_version"], hint: checkWhere },
  unavailable: { code: "chart-unavailable", path: ["helm_chart", "repository"], hint: checkWhere },
  broken: {
    code: "chart-broken",
    path: ["helm_chart", "repository"],
    hint: "ask its publisher, or a proxy between: the answer was taken for a chart and is none",
  },
} as const;

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

async function checkAll({ run, subject, baseline, findings }: Part & { baseline: Baseline }): Promise<void> {
  const { template, definition, definitions } = subject;
  const { rendering, sample } = baseline;
  const context: CheckContext = { template, sample, rendering, findings };
  checkService(context);
  checkPodPort(context);
  checkNameSuffix(context);
  checkImages(context);
  checkScope(context);
  checkAdmission(context);
  checkPods(context);
  checkLookups({ files: run.chart.files, rendering, findings });
  checkObservedLookups(await run.observeLookups(sample, baseline.values), context);
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

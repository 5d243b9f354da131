import type { Json } from "../../../definitions/convert.ts";
import type { ValuePath } from "../../../definitions/source.ts";
import { formatHelmPath, getValue, isMapValue } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { Template } from "../../../model/template.ts";
import { makeBaseline, replaceValue } from "./chart-run.ts";
import type { Baseline, ChartRun } from "./chart-run.ts";
import type { ChartValues } from "./chart-values.ts";
import { checkSecrets } from "./check-secrets.ts";
import type { FindingList } from "./finding.ts";
import { changedSpecValues, changedValues } from "./sample-values.ts";
import { isSchemaMessage, readSchemaFaults } from "./schema-faults.ts";

export interface ValueCheck {
  readonly template: Template;
  readonly chartValues: ChartValues;
  readonly run: ChartRun;
  readonly baseline: Baseline;
  /** The same service with every spec at another value, so that what hangs on a switch shows; absent if it fails. */
  readonly switched: Baseline | undefined;
  readonly findings: FindingList;
  readonly specPath: (key: string) => ValuePath;
}

/** Every spec key must be one the chart knows, and every choice it offers one the chart takes. */
export async function checkSpecs(check: ValueCheck): Promise<void> {
  const { template, baseline, findings, specPath, run } = check;
  const isSize = (steps: readonly string[]) =>
    [...template.containerKeys, ...template.storageKeys].some(
      (key) => formatHelmPath(key.steps) === formatHelmPath(steps),
    );
  for (const spec of template.specs) {
    if (isLeftOut(baseline, spec.steps)) continue;
    const present = getValue(baseline.values, spec.steps);
    const candidates = changedSpecValues(spec, present);
    const offers = spec.type === "select" || spec.type === "boolean";
    const path = specPath(spec.key);
    const judged = await judge(check, {
      steps: spec.steps,
      candidates,
      tryAll: spec.type === "select",
      plant: spec.type === "password" ? { key: spec.key, path } : undefined,
    });
    const isSilent = !judged.changed && judged.refused.length === 0;
    if (judged.isUnknown || (isSilent && check.chartValues.knows(spec.steps) === "unknown")) {
      reportUnknown(findings, { key: spec.key, path: [...path, "key"] });
      continue;
    }
    for (const { value, message } of judged.refused) {
      const schema = isSchemaMessage(message);
      if (!offers && !(present === undefined && value === spec.placeholder)) continue;
      findings.add({
        code: "value-refused",
        // a template may refuse one value because of another one; a schema's answer stands by itself
        severity: schema ? "error" : "note",
        path: [...path, offers ? "options" : "placeholder"],
        message: `the chart refuses ${JSON.stringify(value)} for ${spec.key}: ${shorten(message, run)}`,
        hint: schema ? "offer only what the chart's schema takes" : undefined,
      });
    }
    if (isSilent && !isSize(spec.steps))
      reportWithoutEffect(findings, { key: spec.key, path: [...path, "key"] });
  }
}

/** The same for every leaf of default_values. */
export async function checkDefaults(check: ValueCheck): Promise<void> {
  const { template, baseline, findings, chartValues } = check;
  for (const steps of listLeaves(template.defaultValues)) {
    if (isLeftOut(baseline, steps)) continue;
    const path = ["helm_chart", "default_values", ...steps];
    const key = formatHelmPath(steps);
    const candidates = changedValues(getValue(baseline.values, steps) ?? null);
    const judged = await judge(check, { steps, candidates, tryAll: false, plant: undefined });
    const isSilent = !judged.changed && judged.refused.length === 0;
    if (judged.isUnknown || (isSilent && chartValues.knows(steps) === "unknown"))
      reportUnknown(findings, { key, path, target: "key" });
    else if (isSilent && candidates.length > 0) reportWithoutEffect(findings, { key, path, target: "key" });
  }
}

/** True for a value that was taken out of the first rendering because the schema refused it: it is reported. */
function isLeftOut({ sample, values }: Baseline, steps: readonly string[]): boolean {
  return getValue(sample.values, steps) !== undefined && getValue(values, steps) === undefined;
}

/** Leaves as Helm merges them: a list counts whole. */
function listLeaves(values: HelmValues, path: readonly string[] = []): (readonly string[])[] {
  return Object.entries(values).flatMap(([key, value]) =>
    isMapValue(value) && Object.keys(value).length > 0 ? listLeaves(value, [...path, key]) : [[...path, key]],
  );
}

interface Judged {
  /** A changed value changed the rendering. */
  readonly changed: boolean;
  /** The chart's schema says that it has no such key. */
  readonly isUnknown: boolean;
  readonly refused: readonly { readonly value: Json; readonly message: string }[];
}

async function judge(
  check: ValueCheck,
  ask: {
    readonly steps: readonly string[];
    readonly candidates: readonly Json[];
    readonly tryAll: boolean;
    readonly plant: { readonly key: string; readonly path: ValuePath } | undefined;
  },
): Promise<Judged> {
  const { run, baseline, findings, template } = check;
  let changed = false;
  let isUnknown = false;
  const refused: { value: Json; message: string }[] = [];
  for (const value of ask.candidates) {
    const result = await run.render(baseline.sample, replaceValue(baseline.values, ask.steps, value));
    if (!result.ok) {
      if (namesUnknownKey(result.message, ask.steps, template.chart.name)) isUnknown = true;
      else refused.push({ value, message: result.message });
      continue;
    }
    if (ask.plant !== undefined && typeof value === "string")
      checkSecrets({ rendering: result.rendering, findings }, [{ ...ask.plant, value }]);
    if (baseline.isChanged(result.rendering)) changed = true;
    if (changed && !ask.tryAll) break;
  }
  if (!changed && !isUnknown && refused.length === 0) changed = await changesSwitched(check, ask);
  return { changed, isUnknown, refused };
}

/** The same question where every spec has another value: smtp.port says nothing until smtp.host is set. */
async function changesSwitched(
  { run, switched }: ValueCheck,
  { steps, candidates }: { steps: readonly string[]; candidates: readonly Json[] },
): Promise<boolean> {
  if (switched === undefined) return false;
  const present = getValue(switched.values, steps);
  const other = present === undefined ? candidates : [...candidates, ...changedValues(present)];
  for (const value of other) {
    if (value === present) continue;
    const result = await run.render(switched.sample, replaceValue(switched.values, steps, value));
    if (result.ok && switched.isChanged(result.rendering)) return true;
  }
  return false;
}

/** The baseline with every spec at another value; undefined when the chart does not take that. */
export async function makeSwitched(
  run: ChartRun,
  { template, baseline }: Pick<ValueCheck, "template" | "baseline">,
): Promise<Baseline | undefined> {
  let { values } = baseline;
  for (const spec of template.specs) {
    const [other] = changedSpecValues(spec, getValue(baseline.values, spec.steps));
    if (other !== undefined) values = replaceValue(values, spec.steps, other);
  }
  const first = await run.render(baseline.sample, values);
  const again = await run.render(baseline.sample, values);
  if (!first.ok || !again.ok) return undefined;
  return makeBaseline({ sample: baseline.sample, values, rendering: first.rendering }, again.rendering);
}

function namesUnknownKey(message: string, steps: readonly string[], chartName: string): boolean {
  if (!isSchemaMessage(message)) return false;
  return readSchemaFaults(message, chartName).some(({ steps: at, unknownKeys }) =>
    unknownKeys.some((key) => at.every((step, index) => step === steps[index]) && steps[at.length] === key),
  );
}

function reportUnknown(
  findings: FindingList,
  { key, path, target = "value" }: { key: string; path: ValuePath; target?: "key" | "value" },
): void {
  findings.add({
    code: "unknown-chart-value",
    path,
    target,
    message: `the chart has no value ${key}, and setting it changes nothing`,
    hint: "take the key from the chart's values.yaml at this version",
  });
}

function reportWithoutEffect(
  findings: FindingList,
  { key, path, target = "value" }: { key: string; path: ValuePath; target?: "key" | "value" },
): void {
  findings.add({
    code: "value-without-effect",
    severity: "note",
    path,
    target,
    message: `the chart has ${key}, but another value of it changes nothing here`,
    hint: "fine when it depends on a switch that no spec turns, else a key that is not used any more",
  });
}

/** Helm's words on one line, short enough to read. */
export function shorten(message: string, run: ChartRun): string {
  const line = message.replaceAll(run.chart.location, "CHART").replaceAll(/\s+/g, " ").trim();
  return line.length > 400 ? `${line.slice(0, 397)}...` : line;
}

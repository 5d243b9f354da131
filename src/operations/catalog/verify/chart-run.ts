import type { Json } from "../../../definitions/convert.ts";
import { isMapValue } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import type { HelmClient, ObservedLookup, OpenedChart } from "./helm-client.ts";
import { diffLeaves, flattenRendering, parseRendering } from "./rendered-objects.ts";
import type { Rendering } from "./rendered-objects.ts";
import type { SampleService } from "./sample-service.ts";

/** One run of helm over a chart: what it makes, or helm's words. */
export type RunResult =
  { readonly ok: true; readonly rendering: Rendering } | { readonly ok: false; readonly message: string };

/** Renders one chart again and again, each time with other values. */
export interface ChartRun {
  readonly chart: OpenedChart;
  /** Counts every call of helm. */
  readonly count: () => number;
  render(sample: SampleService, values: HelmValues): Promise<RunResult>;
  /** What it reads of a cluster; nothing where helm cannot tell. */
  observeLookups(sample: SampleService, values: HelmValues): Promise<readonly ObservedLookup[]>;
}

export function startChartRun(
  helm: HelmClient,
  { chart, kubeVersion }: { chart: OpenedChart; kubeVersion: string },
): ChartRun {
  let count = 0;
  return {
    chart,
    count: () => count,
    observeLookups: async ({ releaseName, namespace }, values) => {
      if (helm.observeLookups === undefined) return [];
      count += 1;
      const request = { location: chart.location, release: releaseName, namespace, values, kubeVersion };
      return helm.observeLookups(request);
    },
    render: async ({ releaseName, namespace }, values) => {
      count += 1;
      const result = await helm.render({
        location: chart.location,
        release: releaseName,
        namespace,
        values,
        kubeVersion,
      });
      if (!result.ok) return result;
      try {
        return { ok: true, rendering: parseRendering(result.text) };
      } catch (error) {
        return { ok: false, message: `a template makes no valid YAML: ${firstLine(error)}` };
      }
    },
  };
}

/** The rendering that others are compared with, and what differs between two runs of the same values. */
export interface Baseline {
  readonly sample: SampleService;
  readonly values: HelmValues;
  readonly rendering: Rendering;
  /** True when a rendering says something else than this one; what is random in the chart does not count. */
  readonly isChanged: (rendering: Rendering) => boolean;
}

/** Compares with a second run of the same values, because charts make random passwords and certificates. */
export function makeBaseline(
  first: { sample: SampleService; values: HelmValues; rendering: Rendering },
  again: Rendering,
): Baseline {
  const leaves = flattenRendering(first.rendering);
  const unstable =
    first.rendering.text === again.text ? new Set<string>() : diffLeaves(leaves, flattenRendering(again));
  return {
    ...first,
    isChanged: (rendering) => {
      if (rendering.text === first.rendering.text) return false;
      return [...diffLeaves(leaves, flattenRendering(rendering))].some((key) => !unstable.has(key));
    },
  };
}

/** A copy with one value replaced, whatever stood there or on the way to it. */
export function replaceValue(values: HelmValues, steps: readonly string[], value: Json): HelmValues {
  const [step, ...rest] = steps;
  if (step === undefined) return values;
  const present = values[step];
  const inner = isMapValue(present) ? present : {};
  return { ...values, [step]: rest.length === 0 ? value : (replaceValue(inner, rest, value) as Json) };
}

/** A copy without one value. */
export function dropValue(values: HelmValues, steps: readonly string[]): HelmValues {
  const [step, ...rest] = steps;
  if (step === undefined || !Object.hasOwn(values, step)) return values;
  const { [step]: present, ...others } = values;
  if (rest.length === 0) return others;
  return isMapValue(present) ? { ...values, [step]: dropValue(present, rest) as Json } : values;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

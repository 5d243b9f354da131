import { OperationError } from "../../../errors.ts";
import type { Json } from "../../../definitions/convert.ts";
import { formatHelmPath, getValue, walkValues } from "../../../model/helm-values.ts";
import type { HelmValues } from "../../../model/helm-values.ts";
import { soundsSecret } from "../../../plan/compare/mask.ts";
import type { HelmClient, OpenResult } from "../../catalog/verify/helm-client.ts";
import { parseRendering } from "../../catalog/verify/rendered-objects.ts";
import type { Rendering } from "../../catalog/verify/rendered-objects.ts";
import { describeChart, readChartInput } from "./chart-input.ts";
import type { ChartInput, ChartObjects } from "./chart-input.ts";
import { diffRenderings } from "./diff-renderings.ts";
import type { RenderFailure, ServiceRendering } from "./service-rendering.ts";
import { createStandIns } from "./stand-ins.ts";
import type { StandIns } from "./stand-ins.ts";

/** One service whose HelmChart or values change. */
export interface RenderJob {
  readonly unit: string;
  readonly release: string;
  /** Undefined for a service that is new. */
  readonly before: ChartObjects | undefined;
  readonly after: ChartObjects;
  /** Dotted Helm paths whose values are secret, and those that ever were. */
  readonly secretKeys: readonly string[];
  readonly formerSecretKeys: readonly string[];
  /** True: others than we wrote what runs now, or nobody knows what was secret in it. */
  readonly isDoubtful: boolean;
}

export interface RenderDeps {
  /** Each chart is fetched once, however many services are made from it. */
  readonly helm: Pick<HelmClient, "openChart" | "render">;
  /** For example v1.35.8+k3s1. */
  readonly kubeVersion: string;
  /** That of the plan, so that a secret has one stand-in in both. */
  readonly salt: string;
}

type RunResult =
  { readonly ok: true; readonly rendering: Rendering } | { readonly ok: false; readonly message: string };
type Run = (values: HelmValues) => Promise<RunResult>;

/** One side: a chart that is at hand, its values with stand-ins for secrets, and as they are. */
interface Side {
  readonly run: Run;
  readonly masked: HelmValues;
  readonly values: HelmValues;
}

/**
 * Renders a service's chart as it runs and as git wants it. What is shown comes from renderings with stand-ins for
 * secrets; with the secrets themselves the chart is rendered to see that it does.
 * Errors: `program-missing` when helm itself cannot run.
 */
export async function renderService(job: RenderJob, deps: RenderDeps): Promise<ServiceRendering> {
  const { unit, before, after, secretKeys, formerSecretKeys } = job;
  const mask = createStandIns(deps.salt);
  const base = {
    unit,
    chartBefore: before === undefined ? undefined : describeChart(before),
    chartAfter: describeChart(after),
    changes: [],
    unchanged: 0,
  };
  const failed = (failure: RenderFailure): ServiceRendering => ({ ...base, failure, notes: [] });

  const wanted = readChartInput(after);
  if (!wanted.ok) return failed({ ...renderFailure, message: wanted.message });
  const present = before === undefined ? undefined : readChartInput(before);
  hideUndeclared(job, {
    mask,
    before: present?.ok === true ? present.input : undefined,
    after: wanted.input,
  });
  const next = await openSide(wanted.input, { job, deps, mask, keys: secretKeys });
  if ("code" in next) return failed(next);
  const shown = await next.run(next.masked);
  const real = mask.isUsed() ? await next.run(next.values) : shown;
  if (!real.ok) {
    const message = shown.ok ? describePlaces(real.message) : mask.mask(shorten(shown.message));
    return failed({
      ...renderFailure,
      message: `helm cannot render ${base.chartAfter} with the new values: ${message}`,
    });
  }

  const notes: string[] = [];
  const keys = [...secretKeys, ...formerSecretKeys];
  const old =
    present?.ok === true
      ? await openSide(present.input, { job, deps, mask, keys })
      : present && toFailure(present);
  const live = old === undefined || "code" in old ? old : await runBoth(old, { mask, hidesAll: !shown.ok });
  if (live !== undefined && "code" in live) {
    return { ...base, failure: undefined, notes: [`what runs now cannot be compared: ${live.message}`] };
  }
  const hidesAll = !shown.ok || live?.hidesAll === true;
  if (hidesAll) {
    notes.push("no values are shown: the chart does not render with stand-ins for its secrets");
  }
  const rendering = hidesAll || !shown.ok ? real.rendering : shown.rendering;
  // a second time only where it may tell something: charts make passwords and certificates at random
  const again = live === undefined ? undefined : await next.run(hidesAll ? next.values : next.masked);
  const diff = diffRenderings(live?.rendering, rendering, {
    mask,
    hidesAll,
    again: again?.ok === true ? again.rendering : undefined,
  });
  if (present?.ok === true && present.input.ignored.length > 0)
    notes.push(`what runs now also depends on ${present.input.ignored.join(", ")}, which is not rendered`);
  if (diff.random > 0) {
    const fields = `${diff.random} field${diff.random === 1 ? "" : "s"}`;
    notes.push(`${fields} left out: the chart makes them at random each time it is rendered`);
  }
  return { ...base, failure: undefined, notes, changes: diff.changes, unchanged: diff.unchanged };
}

const renderFailure = {
  code: "render-failed",
  hint: "the upgrade would fail like this: change the service's values or its chart_version",
} as const;

interface SideContext {
  readonly job: RenderJob;
  readonly deps: RenderDeps;
  readonly mask: StandIns;
  readonly keys: readonly string[];
}

async function openSide(
  { request, namespace, values }: ChartInput,
  { job, deps, mask, keys }: SideContext,
): Promise<Side | RenderFailure> {
  const { helm, kubeVersion } = deps;
  const opened = await openChart(helm, request);
  if (!opened.ok) {
    const message = mask.mask(shorten(opened.message.replaceAll(/\/\/[^/@\s]+@/g, "//")));
    return opened.reason === "not-found"
      ? { code: "chart-missing", message, hint: "check repository, chart name and chart_version" }
      : {
          code: "chart-unavailable",
          message,
          hint: "the cluster needs the repository as well, from where it is: check the address and the network",
        };
  }
  const { location } = opened.chart;
  const target = { location, release: job.release, namespace, kubeVersion };
  const run: Run = async (given) => {
    try {
      const result = await helm.render({ ...target, values: given, isUpgrade: job.before !== undefined });
      if (!result.ok) return result;
      return { ok: true, rendering: parseRendering(result.text) };
    } catch (error) {
      if (error instanceof OperationError) {
        if (error.code === "program-missing") throw error;
        return { ok: false, message: error.message };
      }
      const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
      return { ok: false, message: `a template makes no valid YAML: ${line}` };
    }
  };
  return { run, values, masked: mask.replace(values, keys) };
}

/** A repository that never answers fails its own services and nothing else. */
async function openChart(helm: RenderDeps["helm"], request: ChartInput["request"]): Promise<OpenResult> {
  try {
    return await helm.openChart(request);
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === "program-missing") throw error;
    const { name, version } = request;
    return { ok: false, reason: "unavailable", message: `${name} ${version}: ${error.message}` };
  }
}

/** What runs now, with stand-ins if the chart takes them on both sides. */
async function runBoth(
  side: Side,
  { mask, hidesAll }: { readonly mask: StandIns; readonly hidesAll: boolean },
): Promise<{ readonly rendering: Rendering; readonly hidesAll: boolean } | RenderFailure> {
  const shown = hidesAll ? undefined : await side.run(side.masked);
  if (shown?.ok === true) return { rendering: shown.rendering, hidesAll: false };
  const real = mask.isUsed() || shown === undefined ? await side.run(side.values) : shown;
  if (real.ok) return { rendering: real.rendering, hidesAll: true };
  const message = shown === undefined ? describePlaces(real.message) : mask.mask(shorten(shown.message));
  return toFailure({ message: `helm cannot render it: ${message}` });
}

function toFailure({ message }: { readonly message: string }): RenderFailure {
  return { ...renderFailure, message };
}

/**
 * Texts that nobody declared secret and that plan hides all the same: where the name says so, and what others wrote.
 */
function hideUndeclared(
  { isDoubtful }: RenderJob,
  {
    mask,
    before,
    after,
  }: { readonly mask: StandIns; readonly before: ChartInput | undefined; readonly after: ChartInput },
): void {
  for (const { path, value } of walkValues(after.values as Json))
    if (typeof value === "string" && soundsSecret(formatHelmPath(path))) mask.hide(value);
  for (const { path, value } of walkValues((before?.values ?? {}) as Json)) {
    if (typeof value !== "string") continue;
    const isNew = isDoubtful && getValue(after.values, path) !== value;
    if (isNew || soundsSecret(formatHelmPath(path))) mask.hide(value);
  }
}

const longestMessage = 800;

function shorten(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length <= longestMessage ? line : `${line.slice(0, longestMessage)} ...`;
}

/** Helm's words may quote the secret that it does not like: only places in the chart and in its values are passed on. */
function describePlaces(message: string): string {
  const places = message.match(/[\w-]+\/templates\/[\w./-]+:\d+:\d+|<(\.\w+)+>/g) ?? [];
  const at = places.length === 0 ? "" : ` (${[...new Set(places)].join(", ")})`;
  return `it refuses one of the secrets${at}; its words may hold it, so they are not shown`;
}

import type { LiveObject } from "../../../cluster/live-object.ts";
import { refKey, refOf } from "../../../cluster/object-ref.ts";
import { OperationError } from "../../../errors.ts";
import type { Manifest } from "../../../manifests/manifest.ts";
import { chartsNamespace } from "../../../model/names.ts";
import type { Change, UnitPlan } from "../../../plan/change.ts";
import { isBelow } from "../../../plan/compare/resolve-conflicts.ts";
import type { HelmClient, OpenResult } from "../../catalog/verify/helm-client.ts";
import type { PreparedRun } from "../prepare-run.ts";
import type { ChartObjects } from "./chart-input.ts";
import { renderService } from "./render-service.ts";
import type { RenderJob } from "./render-service.ts";
import type { ServiceRendering } from "./service-rendering.ts";

/** The outside world as rendering needs it. */
export interface RenderChartsDeps {
  readonly helm: HelmClient;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Called after every service. */
  readonly progress: (done: number, total: number) => void;
}

/** A chart takes one core while it renders. */
const chartsAtATime = 2;

/**
 * What the charts of all services whose HelmChart or values change make before and after, by the real helm, in the
 * order of the plan.
 * Errors: `cancelled`; `program-missing` when helm itself cannot run.
 */
export async function renderCharts(
  run: Pick<PreparedRun, "plan" | "desired" | "observation" | "salt">,
  { helm, signal, progress }: RenderChartsDeps,
): Promise<readonly ServiceRendering[]> {
  const jobs = run.plan.units.flatMap((unit) => findJob(unit, run) ?? []);
  const deps = {
    helm: shareCharts(helm),
    kubeVersion: run.observation.serverVersion ?? run.desired.cluster.k3sVersion.text,
    salt: run.salt,
  };
  const results = new Map<string, ServiceRendering>();
  const waiting = jobs.values();
  const checkStop = () => {
    if (signal.aborted) throw new OperationError("cancelled", "stopped before all charts were rendered");
  };
  const work = async () => {
    for (const job of waiting) {
      checkStop();
      results.set(job.unit, await renderService(job, deps));
      progress(results.size, jobs.length);
    }
  };
  await Promise.all(Array.from({ length: chartsAtATime }, work));
  // Ctrl-C reaches helm as well, and what it then says is no fault of the chart
  checkStop();
  return jobs.flatMap(({ unit }) => results.get(unit) ?? []);
}

/** Services of one template share its chart; it is fetched once. */
function shareCharts(helm: HelmClient): Pick<HelmClient, "openChart" | "render"> {
  const opened = new Map<string, Promise<OpenResult>>();
  return {
    render: (request) => helm.render(request),
    openChart: (request) => {
      const { repository, name, version, archive } = request;
      if (archive !== undefined) return helm.openChart(request);
      const key = JSON.stringify([repository, name, version]);
      const known = opened.get(key) ?? helm.openChart(request);
      opened.set(key, known);
      return known;
    },
  };
}

function findJob(
  { address, intent, changes }: UnitPlan,
  { desired, observation }: Pick<PreparedRun, "desired" | "observation">,
): RenderJob | undefined {
  const unit = desired.units.find((one) => one.address === address);
  if (unit?.service === undefined || intent === "remove") return undefined;
  const find = (kind: string) => {
    const manifest = unit.manifests.find(
      (one) => one.kind === kind && one.metadata.namespace === chartsNamespace,
    );
    if (manifest === undefined) return undefined;
    const key = refKey(refOf(manifest));
    const change = changes.find(({ ref }) => refKey(ref) === key);
    const live = change !== undefined && "live" in change ? change.live : observation.objects.get(key);
    return { change, live, wanted: wantedObject(manifest, change) };
  };
  const [chart, secret] = [find("HelmChart"), find("Secret")];
  const touched = [chart?.change, secret?.change].flatMap((change) =>
    change === undefined || change.action === "none" ? [] : [change],
  );
  if (chart === undefined || touched.length === 0) return undefined;
  const record = [...observation.inventory.parts.values()]
    .flatMap((part) => part.units)
    .find((one) => one.unit === address);
  const before: ChartObjects | undefined = chart.live && { chart: chart.live, valuesSecret: secret?.live };
  return {
    unit: address,
    release: unit.service.releaseName,
    before,
    after: { chart: chart.wanted, valuesSecret: secret?.wanted },
    secretKeys: unit.service.secretKeys,
    formerSecretKeys: record?.secretKeys ?? [],
    isDoubtful: record?.secretKeys === undefined || touched.some(isWrittenByOthers),
  };
}

function isWrittenByOthers({ reason, fields }: Change): boolean {
  return reason !== "definition" || fields.some(({ changedBy }) => changedBy !== undefined);
}

/** What stands in the cluster after apply: a field that is left to another manager stays as it is. */
function wantedObject(manifest: Manifest, change: Change | undefined): { readonly [key: string]: unknown } {
  if (change === undefined || !("desired" in change)) return manifest;
  if (change.action === "none") return change.live;
  if (change.action !== "update" || change.kept.length === 0) return change.desired;
  const { desired, live, kept } = change;
  const keep = (key: "spec" | "data") => {
    const [own, present] = [desired[key], live[key]] as (LiveObject | undefined)[];
    const isKept = (field: string) => kept.some((path) => isBelow(`${key}.${field}`, path));
    const left = Object.entries(present ?? {}).filter(([field]) => isKept(field));
    return own === undefined && left.length === 0 ? undefined : { ...own, ...Object.fromEntries(left) };
  };
  return { ...desired, spec: keep("spec"), data: keep("data") };
}

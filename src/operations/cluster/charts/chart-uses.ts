import { createHash } from "node:crypto";
import { findLocked } from "../../../model/chart-lock.ts";
import type { ChartCoordinates, LockedChart } from "../../../model/chart-lock.ts";
import type { Plan, UnitPlan } from "../../../plan/change.ts";
import type { DesiredCluster } from "../load-desired.ts";

/** The chart a service is to run, and what is known of its bytes. */
export interface ChartUse {
  readonly unit: string;
  readonly chart: ChartCoordinates;
  /** Of the bytes in the HelmChart, hex; undefined: the chart job downloads by itself. */
  readonly contentSha256: string | undefined;
  /** The lock file's entry. */
  readonly locked: LockedChart | undefined;
}

/** The charts of all services among the desired units, judged by what stands in their HelmCharts. */
export function listChartUses({ platform, cluster, units }: DesiredCluster): readonly ChartUse[] {
  const services = new Map(
    cluster.workspaces.flatMap((workspace) => workspace.services.map((service) => [service.unit, service])),
  );
  const digests = new Map<string, string>();
  return units.flatMap(({ address, manifests }) => {
    const service = services.get(address);
    if (service === undefined) return [];
    const { repository, name } = service.template.chart;
    const chart = { repository, name, version: service.chartVersion };
    const helmChart = manifests.find(({ kind }) => kind === "HelmChart");
    const content = (helmChart?.["spec"] as { chartContent?: string } | undefined)?.chartContent;
    const locked = findLocked(platform.lock, chart);
    return [{ unit: address, chart, locked, contentSha256: content && digestOf(content, digests) }];
  });
}

/** Services of one template share their bytes. */
function digestOf(content: string, known: Map<string, string>): string {
  let digest = known.get(content);
  if (digest === undefined) {
    digest = createHash("sha256").update(Buffer.from(content, "base64")).digest("hex");
    known.set(content, digest);
  }
  return digest;
}

/** Units whose chart job a plan makes run. */
export function unitsThatRunCharts({ units }: Plan): ReadonlySet<string> {
  return new Set(units.filter(runsChart).map(({ address }) => address));
}

function runsChart({ intent, hold, blocked, recovery, changes }: UnitPlan): boolean {
  if (intent !== "apply" || hold !== undefined || blocked !== undefined) return false;
  return (
    recovery !== undefined ||
    changes.some(
      ({ action, ref }) => action !== "none" && (ref.kind === "HelmChart" || ref.kind === "Secret"),
    )
  );
}

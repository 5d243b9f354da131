import { createHash } from "node:crypto";
import { packageChart } from "../../../manifests/package-chart.ts";
import type { Template } from "../../../model/template.ts";
import type { ChartFetcher, FetchedChart } from "../../charts/chart-fetcher.ts";
import type { HelmClient, OpenResult } from "./helm-client.ts";

/** A packed chart and its digests. */
export interface PackedChart {
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
  /** `sha256:...` of the manifest, from a registry. */
  readonly manifest: string | undefined;
}

/** The bytes of a chart of one's own, or of one whose digest is wanted. */
export async function fetchPacked(
  { chart }: Template,
  fetcher: ChartFetcher | undefined,
): Promise<FetchedChart | undefined> {
  if (chart.folder === undefined) return fetcher?.fetchChart(chart);
  const bytes = await packageChart(chart.folder);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { ok: true, bytes, sha256, manifest: undefined };
}

/** The chart on this machine: from the bytes at hand, else helm fetches it. */
export async function openChart(
  helm: HelmClient,
  { template: { chart }, packed }: { readonly template: Template; readonly packed: PackedChart | undefined },
): Promise<OpenResult> {
  const { repository, name, version } = chart;
  return helm.openChart({ repository, name, version, archive: packed?.bytes });
}

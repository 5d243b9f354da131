import { OperationError } from "../../errors.ts";
import type { Cluster } from "../../model/platform.ts";
import type { ChartFetcher } from "../charts/chart-fetcher.ts";
import { selectTemplates } from "./load-catalog.ts";
import type { Catalog, CatalogEntry } from "./load-catalog.ts";
import type { HelmClient } from "./verify/helm-client.ts";
import { verifyTemplate } from "./verify/verify-template.ts";
import type { TemplateReport } from "./verify/verify-template.ts";

export interface VerifyDeps {
  readonly helm: HelmClient;
  /**
   * Where packed charts come from when a lock file is concerned: then older versions that services still run are looked
   * at as well. Left out: helm fetches what the templates name.
   */
  readonly fetcher?: ChartFetcher | undefined;
  /** Called after every template. */
  readonly progress: (done: number, total: number) => void;
}

/** A chart takes one core while it renders. */
const chartsAtATime = 2;

/**
 * Holds each template against its chart, rendered by the real helm. Yields the reports in the order of the ids, as
 * soon as each is there.
 * Errors: `not-found` for an id that is not in the catalog, `program-missing` and `program-failed` from helm.
 */
export async function* verifyCatalog(
  { helm, fetcher, progress }: VerifyDeps,
  { catalog, ids }: { catalog: Catalog; ids: readonly string[] },
): AsyncGenerator<TemplateReport> {
  const entries = selectTemplates(catalog, ids).flatMap((entry) => [
    entry,
    ...(fetcher === undefined ? [] : pinsOf(catalog, entry)),
  ]);
  const kubeVersion = oldestKubeVersion(catalog.clusters);
  const reports = new Map<number, Promise<TemplateReport>>();
  let done = 0;
  const start = (index: number): void => {
    const entry = entries[index];
    if (entry === undefined || reports.has(index)) return;
    const running = verifyTemplate(helm, {
      ...entry,
      definitions: catalog.definitions,
      kubeVersion,
      fetcher,
    });
    // one that fails while an earlier one is awaited is thrown when its turn comes
    running.then(
      () => progress((done += 1), entries.length),
      () => undefined,
    );
    reports.set(index, running);
  };
  for (const index of entries.keys()) {
    for (let ahead = 0; ahead < chartsAtATime; ahead += 1) start(index + ahead);
    const report = await reports.get(index);
    if (report !== undefined) yield report;
  }
}

/** The template once more for every other version that a service pins. */
function pinsOf({ pins }: Catalog, { definition, template }: CatalogEntry): readonly PinnedEntry[] {
  if (template.chart.folder !== undefined) return [];
  return (pins.get(template.id) ?? [])
    .filter((version) => version !== template.chart.version)
    .map((version) => ({
      definition,
      template: { ...template, chart: { ...template.chart, version } },
      isPin: true,
    }));
}

type PinnedEntry = CatalogEntry & { readonly isPin: true };

/** Charts look at the Kubernetes version; what the oldest cluster takes, the others take too. */
function oldestKubeVersion(clusters: readonly Cluster[]): string {
  const versions = clusters.map(({ k3sVersion }) => k3sVersion);
  const [oldest] = versions.sort((a, b) => a.major - b.major || a.minor - b.minor || a.patch - b.patch);
  if (oldest === undefined)
    throw new OperationError(
      "usage",
      "platform.yaml names no cluster, so no Kubernetes version to render for",
    );
  return `v${oldest.major}.${oldest.minor}.${oldest.patch}`;
}

import { resolve } from "node:path";
import { openChartFetcher } from "../../edges/charts/chart-fetcher.ts";
import { openChartsDir } from "../../edges/charts/charts-dir.ts";
import { writeLockFiles } from "../../edges/charts/lock-files.ts";
import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openHelm } from "../../edges/helm.ts";
import { requireFolder } from "../../edges/manifest-files.ts";
import { OperationError } from "../../errors.ts";
import { lockCatalog, needsLock } from "../../operations/catalog/lock/lock-catalog.ts";
import { isCatalogBroken, loadCatalog, selectTemplates } from "../../operations/catalog/load-catalog.ts";
import { verifyCatalog } from "../../operations/catalog/verify-catalog.ts";
import type { Catalog } from "../../operations/catalog/load-catalog.ts";
import type { ImageResolver } from "../../operations/charts/chart-fetcher.ts";
import type { TemplateReport } from "../../operations/catalog/verify/verify-template.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printFindings, printReports } from "../print/print-catalog-report.ts";
import { printLock } from "../print/print-lock.ts";
import { printProblems } from "../print/print-problems.ts";
import { createProgress } from "../print/progress.ts";

export interface CatalogVerifyFlags extends GlobalFlags {
  readonly chartsDir?: string;
  readonly helm?: string;
  readonly writeLock?: boolean;
  readonly digestsOnly?: boolean;
  readonly acceptChanged?: boolean;
}

/** woow catalog verify: renders every chart with the real helm and checks what the catalog says of it. */
export async function runCatalogVerify(
  ids: readonly string[],
  flags: CatalogVerifyFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  checkFlags(flags);
  const root = findRoot(flags, context);
  const catalog = loadCatalog(openDefinitionTree(root));
  printProblems(catalog.problems, { context, json });
  // before helm is asked for anything
  selectTemplates(catalog, ids);
  if (flags.chartsDir !== undefined)
    requireFolder(flags.chartsDir, "it holds charts as DIR/<chart name>/ or DIR/<chart name>-<version>.tgz");
  const isLocked = flags.writeLock === true || needsLock(catalog);
  const web = openChartFetcher(context.environment);
  const fetcher = flags.chartsDir === undefined ? web : openChartsDir(resolve(flags.chartsDir));
  const helm = await openHelm({
    program: flags.helm ?? (context.environment["WOOW_HELM"] || "helm"),
    environment: context.environment,
    chartsDir: flags.chartsDir === undefined ? undefined : resolve(flags.chartsDir),
  });
  const progress = createProgress(context, "verifying charts");
  const reports: TemplateReport[] = [];
  try {
    for await (const report of verifyCatalog(
      { helm, fetcher: isLocked ? fetcher : undefined, progress: progress.update },
      { catalog, ids },
    )) {
      reports.push(report);
      progress.end();
      printFindings(report, { context, json });
    }
  } finally {
    progress.end();
    helm.close();
  }
  printReports(reports, { context, json, helm: helm.version });
  const isStale = isLocked && (await settleLock(root, { flags, context, catalog, reports, images: web }));
  const failed =
    isStale || reports.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  return failed || isCatalogBroken(catalog) ? exitStatus.failed : exitStatus.done;
}

function checkFlags({ writeLock, digestsOnly, acceptChanged }: CatalogVerifyFlags): void {
  if (writeLock === true || (digestsOnly !== true && acceptChanged !== true)) return;
  throw new OperationError("usage", "--digests-only and --accept-changed go with --write-lock");
}

/** Compares the lock file, or writes it. True: it is not as it should be. */
async function settleLock(
  root: string,
  {
    flags,
    context,
    catalog,
    reports,
    images,
  }: {
    readonly flags: CatalogVerifyFlags;
    readonly context: CliContext;
    readonly catalog: Catalog;
    readonly reports: readonly TemplateReport[];
    readonly images: ImageResolver;
  },
): Promise<boolean> {
  const { digestsOnly = false, acceptChanged = false } = flags;
  const write = flags.writeLock === true ? { images, digestsOnly, acceptChanged } : undefined;
  const report = await lockCatalog({ catalog, reports, write });
  if (report.content !== undefined) writeLockFiles(root, report.content);
  printLock(report, { context, json: flags.json === true });
  return report.open.length > 0;
}

import { resolve } from "node:path";
import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openHelm } from "../../edges/helm.ts";
import { requireFolder } from "../../edges/manifest-files.ts";
import { isCatalogBroken, loadCatalog, selectTemplates } from "../../operations/catalog/load-catalog.ts";
import { verifyCatalog } from "../../operations/catalog/verify-catalog.ts";
import type { TemplateReport } from "../../operations/catalog/verify/verify-template.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printFindings, printReports } from "../print/print-catalog-report.ts";
import { printProblems } from "../print/print-problems.ts";
import { createProgress } from "../print/progress.ts";

export interface CatalogVerifyFlags extends GlobalFlags {
  readonly chartsDir?: string;
  readonly helm?: string;
}

/** woow catalog verify: renders every chart with the real helm and checks what the catalog says of it. */
export async function runCatalogVerify(
  ids: readonly string[],
  flags: CatalogVerifyFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  const catalog = loadCatalog(openDefinitionTree(findRoot(flags, context)));
  printProblems(catalog.problems, { context, json });
  // before helm is asked for anything
  selectTemplates(catalog, ids);
  if (flags.chartsDir !== undefined)
    requireFolder(flags.chartsDir, "it holds charts as DIR/<chart name>/ or DIR/<chart name>-<version>.tgz");
  const helm = await openHelm({
    program: flags.helm ?? (context.environment["WOOW_HELM"] || "helm"),
    environment: context.environment,
    chartsDir: flags.chartsDir === undefined ? undefined : resolve(flags.chartsDir),
  });
  const progress = createProgress(context, "verifying charts");
  const reports: TemplateReport[] = [];
  try {
    for await (const report of verifyCatalog({ helm, progress: progress.update }, { catalog, ids })) {
      reports.push(report);
      progress.end();
      printFindings(report, { context, json });
    }
  } finally {
    progress.end();
    helm.close();
  }
  printReports(reports, { context, json, helm: helm.version });
  const failed = reports.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  return failed || isCatalogBroken(catalog) ? exitStatus.failed : exitStatus.done;
}

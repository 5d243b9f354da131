import type { TemplateReport } from "../../operations/catalog/verify/verify-template.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { createPainter } from "./style.ts";
import { formatTable } from "./table.ts";

/** What was found out about one template, as compilers print it; to standard error. */
export function printFindings(
  report: TemplateReport,
  { context, json }: { context: CliContext; json: boolean },
): void {
  const { findings, template, chart, chartVersion, renderings } = report;
  if (json) {
    for (const finding of findings) printEvent(context, { type: "finding", ...finding });
    const event = { template, chart, chartVersion, renderings, ...countFindings(report) };
    printEvent(context, { type: "template", ...event } as { type: string });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  for (const { file, line, column, severity, code, message, hint } of findings) {
    const level = severity === "error" ? paint(["red", "bold"], "error") : paint("cyan", "note");
    context.stderr(
      `${paint("bold", `${escapeControls(file)}:${line}:${column}`)}: ${level}: ${escapeControls(message)} ${paint("dim", `[${code}]`)}\n`,
    );
    if (hint !== undefined) context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
  }
}

/** A line per template, and what it comes to. */
export function printReports(
  reports: readonly TemplateReport[],
  { context, json, helm }: { context: CliContext; json: boolean; helm: string },
): void {
  const failed = reports.filter((report) => countFindings(report).errors > 0).length;
  const renderings = reports.reduce((sum, report) => sum + report.renderings, 0);
  if (json) {
    const summary = { ok: failed === 0, templates: reports.length, failed, renderings, helm };
    printEvent(context, { type: "summary", ...summary } as { type: string });
    return;
  }
  const paint = createPainter(context.colors.stdout);
  const table = formatTable(reports, [
    { title: "TEMPLATE", text: ({ template }) => template },
    { title: "CHART", text: ({ chart }) => chart },
    { title: "VERSION", text: ({ chartVersion }) => chartVersion },
    { title: "RENDERED", text: (report) => String(report.renderings), right: true },
    { title: "ERRORS", text: (report) => String(countFindings(report).errors), right: true },
    { title: "NOTES", text: (report) => String(countFindings(report).notes), right: true },
    { title: "RESULT", text: (report) => (countFindings(report).errors === 0 ? "ok" : "failed") },
  ]);
  context.stdout(
    table.replaceAll(/failed$/gm, paint("red", "failed")).replaceAll(/ok$/gm, paint("green", "ok")),
  );
  context.stdout(
    `${plural(reports.length, "template")}: ${reports.length - failed} ok, ${failed} failed; ${plural(renderings, "rendering")} with Helm ${helm}\n`,
  );
}

function countFindings({ findings }: TemplateReport): { errors: number; notes: number } {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return { errors, notes: findings.length - errors };
}

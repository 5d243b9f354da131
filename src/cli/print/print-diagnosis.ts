import type { Diagnosis } from "../../operations/cluster/doctor/diagnose.ts";
import type { Finding } from "../../operations/cluster/doctor/finding.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { printDocument } from "./print-rows.ts";
import type { OutputFormat } from "./print-rows.ts";
import { createPainter } from "./style.ts";

const marks = { ok: "ok", warning: "warning", problem: "problem" } as const;
const paints = { ok: "green", warning: "yellow", problem: "red" } as const;

/** What the doctor found, one line a check and what to do below it; `name` prints the checks that are not ok. */
export function printDiagnoses(
  diagnoses: readonly Diagnosis[],
  { context, format }: { readonly context: CliContext; readonly format: OutputFormat },
): void {
  const rows = diagnoses.flatMap(({ cluster, findings }) =>
    findings.map((finding) => ({ cluster, ...finding })),
  );
  switch (format) {
    case "json":
    case "yaml":
      printDocument(context, { format, document: rows });
      return;
    case "name":
      for (const { check, level } of rows) if (level !== "ok") context.stdout(`${check}\n`);
      return;
    case "table":
      for (const { cluster, findings } of diagnoses) {
        if (diagnoses.length > 1) context.stdout(`cluster ${cluster ?? "?"}\n`);
        for (const finding of findings) printFinding(finding, context);
      }
      context.stdout(`${summarize(rows)}\n`);
  }
}

/** One event a finding, and a summary. */
export function printDiagnosisEvents(diagnoses: readonly Diagnosis[], context: CliContext): void {
  const findings = diagnoses.flatMap(({ cluster, findings: found }) =>
    found.map((finding) => ({ cluster, ...finding })),
  );
  for (const finding of findings) printEvent(context, { type: "finding", ...finding } as { type: string });
  const count = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  const counts = { ok: count("problem") === 0, problems: count("problem"), warnings: count("warning") };
  printEvent(context, { type: "summary", ...counts } as { type: string });
}

function printFinding({ check, level, message, hint }: Finding, context: CliContext): void {
  const paint = createPainter(context.colors.stdout);
  const mark = paint(paints[level], marks[level].padEnd(8));
  context.stdout(`${mark} ${check.padEnd(18)} ${escapeControls(message)}\n`);
  if (hint !== undefined) {
    context.stdout(`${" ".repeat(28)}${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
  }
}

function summarize(findings: readonly Finding[]): string {
  const count = (level: Finding["level"], one: string) => {
    const number = findings.filter((finding) => finding.level === level).length;
    return number === 0 ? [] : [`${number} ${one}${number === 1 ? "" : "s"}`];
  };
  const parts = [...count("problem", "problem"), ...count("warning", "warning")];
  return parts.length === 0 ? "ready for the first apply" : parts.join(", ");
}

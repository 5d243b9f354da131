import type { Problem } from "../../definitions/problem.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { createPainter } from "./style.ts";

/** More than this scrolls past the reader, and a missing key says the same of every service. */
const maxPrinted = 100;

/** Problems as compilers print them, so that editors can jump to them; to standard error, warnings too. */
export function printProblems(
  problems: readonly Problem[],
  { context, json }: { context: CliContext; json: boolean },
): void {
  if (json) {
    for (const problem of problems) printEvent(context, { type: "problem", ...problem });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  const printed = pickProblems(problems);
  for (const { file, line, column, severity, code, message, hint } of printed) {
    const level =
      severity === "error" ? paint(["red", "bold"], "error") : paint(["yellow", "bold"], "warning");
    context.stderr(
      `${paint("bold", `${escapeControls(file)}:${line}:${column}`)}: ${level}: ${escapeControls(message)} ${paint("dim", `[${code}]`)}\n`,
    );
    if (hint !== undefined) context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
  }
  if (printed.length < problems.length)
    context.stderr(`and ${problems.length - printed.length} more; --json prints all\n`);
}

/**
 * Problems beside what a command only reads: errors in full, since they keep something from being shown; warnings as one
 * line, since they have nothing to do with the question and are there at every read.
 */
export function printProblemsBriefly(
  problems: readonly Problem[],
  { context, json }: { context: CliContext; json: boolean },
): void {
  if (json) return printProblems(problems, { context, json });
  const errors = problems.filter(({ severity }) => severity === "error");
  printProblems(errors, { context, json });
  const warnings = problems.length - errors.length;
  if (warnings > 0) {
    const which = warnings === 1 ? "prints it" : "prints them";
    context.stderr(`${plural(warnings, "warning")}: woow validate ${which}\n`);
  }
}

/** All of them, or as many as are printed; errors come before warnings then. */
function pickProblems(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= maxPrinted) return problems;
  const errors = problems.filter(({ severity }) => severity === "error");
  const warnings = problems.filter(({ severity }) => severity !== "error");
  return [...errors, ...warnings].slice(0, maxPrinted);
}

/** "2 errors and 1 warning in 2 files", or undefined when there is none. */
export function countProblems(problems: readonly Problem[]): string | undefined {
  if (problems.length === 0) return undefined;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const files = new Set(problems.map(({ file }) => file)).size;
  const parts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  return `${parts.join(" and ")} in ${plural(files, "file")}`;
}

/** "1 file", "2 files". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

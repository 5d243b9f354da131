import type { Problem } from "../../definitions/problem.ts";
import type { CliContext } from "../context.ts";
import { printEvent } from "./print-json.ts";
import { createPainter } from "./style.ts";

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
  for (const { file, line, column, severity, code, message, hint } of problems) {
    const level =
      severity === "error" ? paint(["red", "bold"], "error") : paint(["yellow", "bold"], "warning");
    context.stderr(
      `${paint("bold", `${file}:${line}:${column}`)}: ${level}: ${message} ${paint("dim", `[${code}]`)}\n`,
    );
    if (hint !== undefined) context.stderr(`  ${paint("cyan", "hint")}: ${hint}\n`);
  }
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

import type { OperationError } from "../../errors.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { createPainter } from "./style.ts";

/** What the world refused: what failed, on what, and what to do. */
export function printError(
  error: OperationError,
  { context, json }: { context: CliContext; json: boolean },
): void {
  const { code, message, subject, hint } = error;
  if (json) {
    printEvent(context, { type: "error", code, message, subject, hint } as { type: string });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  context.stderr(`${paint(["red", "bold"], "error")}: ${escapeControls(message)}\n`);
  if (hint !== undefined) context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
}

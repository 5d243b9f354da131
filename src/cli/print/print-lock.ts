import { lockFile } from "../../definitions/layout.ts";
import type { LockReport } from "../../operations/catalog/lock/lock-catalog.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";
import { plural } from "./print-problems.ts";
import { createPainter } from "./style.ts";

/** How the lock file stands, or what was written into it. */
export function printLock(
  report: LockReport,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  const { differences, open, unresolved, charts, content } = report;
  const isWritten = content !== undefined;
  if (json) {
    for (const difference of differences)
      printEvent(context, { type: "lock-difference", ...difference, open: open.includes(difference) } as {
        type: string;
      });
    const event = { ok: open.length === 0, written: isWritten, charts, unresolved_images: unresolved };
    printEvent(context, { type: "lock", ...event } as { type: string });
    return;
  }
  const paint = createPainter(context.colors.stderr);
  for (const { code, message, hint } of open) {
    context.stderr(
      `${lockFile}: ${paint(["red", "bold"], "error")}: ${escapeControls(message)} ${paint("dim", `[${code}]`)}\n`,
    );
    context.stderr(`  ${paint("cyan", "hint")}: ${escapeControls(hint)}\n`);
  }
  for (const image of unresolved)
    context.stderr(
      `${lockFile}: ${paint("cyan", "note")}: no registry gave a digest for ${escapeControls(image)}\n`,
    );
  if (isWritten) context.stdout(`wrote ${lockFile}: ${plural(charts, "chart")}\n`);
  else if (open.length === 0) context.stdout(`${lockFile} is up to date: ${plural(charts, "chart")}\n`);
}

import type { ApplyEvent } from "../../apply/event.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import type { CliContext } from "../context.ts";
import { createApplyTree } from "./apply-tree.ts";
import type { ApplyPrinter } from "./apply-tree.ts";
import { escapeControls } from "./escape-controls.ts";
import { printEvent } from "./print-json.ts";

/** A tree that is drawn anew on a terminal, one line an event elsewhere, and with `--json` one event a line. */
export function createApplyPrinter(
  context: CliContext,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): ApplyPrinter {
  if (json) return { show: (event) => printEvent(context, event), end: () => undefined };
  if (context.stdoutIsTty && context.environment["TERM"] !== "dumb") return createApplyTree(context, signal);
  const last = new Map<string, string>();
  const show = (event: ApplyEvent) => {
    const line = describeEvent(event);
    const unit = "unit" in event ? event.unit : "";
    if (line === undefined || last.get(unit) === line) return;
    last.set(unit, line);
    context.stdout(`${line}\n`);
  };
  return { show, end: () => undefined };
}

/** One event in one line; undefined for what only a tree shows. */
export function describeEvent(event: ApplyEvent): string | undefined {
  switch (event.type) {
    case "lock-waiting":
      return escapeControls(
        `waiting for ${event.holder} (${event.purpose}), who has worked on this cluster since ${event.since}`,
      );
    case "unit-started":
      return undefined;
    case "object": {
      const note = event.message === undefined ? "" : `: ${escapeControls(event.message)}`;
      return event.outcome === "unchanged"
        ? undefined
        : `${event.unit}: ${labelRef(event.ref)} ${event.outcome}${note}`;
    }
    case "recovering":
      return `${event.unit}: ${escapeControls(event.why)}`;
    case "step":
      return `${event.unit}: ${escapeControls(event.message)}`;
    case "unit-status": {
      const { state, reason } = event.status;
      return `${event.unit}: ${state}${reason === undefined ? "" : `, ${escapeControls(reason.message)}`}`;
    }
    case "unit-finished": {
      const revision = event.revision === undefined ? "" : ` (revision ${event.revision})`;
      const message = event.message === undefined ? "" : `: ${escapeControls(event.message)}`;
      const hint = event.hint === undefined ? "" : `\n  hint: ${escapeControls(event.hint)}`;
      return event.outcome === "unchanged"
        ? undefined
        : `${event.unit}: ${event.outcome}${revision}${message}${hint}`;
    }
  }
}

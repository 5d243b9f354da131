import { labelRef } from "../../cluster/object-ref.ts";
import type { DriftedField, ReconcileEvent } from "../../operations/reconcile/reconcile-event.ts";
import type { CliContext } from "../context.ts";
import { escapeControls } from "./escape-controls.ts";
import { describeEvent } from "./print-apply.ts";
import { printEvent } from "./print-json.ts";
import { plural, printProblems } from "./print-problems.ts";

/** One event of reconcile: a line of text, or with `--json` one event a line. */
export function printReconcileEvent(
  event: ReconcileEvent,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (json) {
    printEvent(context, event);
    return;
  }
  if (event.type === "definition-problems") printProblems(event.problems, { context, json: false });
  const line = describe(event);
  if (line !== undefined) context.stdout(`${line}\n`);
}

/** Where metrics and probes are served. */
export function printListening(
  url: string,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  if (json) printEvent(context, { type: "listening", url } as { type: string });
  else context.stdout(`metrics and probes at ${url}\n`);
}

function describe(event: ReconcileEvent): string | undefined {
  switch (event.type) {
    case "reconcile-started":
      return `keeping cluster ${event.cluster} (${event.server}) at what ${escapeControls(event.source)} says`;
    case "source-read": {
      const commit = event.commit === undefined ? "no commit" : `commit ${event.commit.slice(0, 12)}`;
      const dirty = event.dirty ? ", with changes that no commit holds" : "";
      return event.isNew ? `definitions read: ${commit}${dirty}` : "definitions can be read again";
    }
    case "source-failed":
      return withHint(`definitions not taken over: ${event.message}`, event.hint);
    case "definition-problems":
      if (event.blocksAll)
        return "nothing of these definitions is applied; what was applied before is kept up";
      return event.skipped.length === 0
        ? undefined
        : `left alone until their definitions are mended: ${event.skipped.join(", ")}`;
    case "pass-started":
      return undefined;
    case "drift": {
      const what = event.what === "changed" ? "" : event.what === "missing" ? " is gone" : " was added";
      const policy = event.policy === "repair" ? "repairing it" : "only reported";
      const fields = event.fields.map(describeField).join("; ");
      return escapeControls(
        `${event.unit}: drift: ${labelRef(event.ref)}${what}${fields === "" ? "" : `: ${fields}`}; ${policy}`,
      );
    }
    case "flapping":
      return escapeControls(
        `${event.unit}: ${labelRef(event.ref)} ${event.field} was put back ${event.times} times` +
          `${event.manager === undefined ? "" : `, ${event.manager} sets it again`}; slower now: next look in ${seconds(event.waitMs)}`,
      );
    case "owner-failed":
      return withHint(
        `${event.owner}: failed: ${event.message}; next try in ${seconds(event.retryInMs)}`,
        event.hint,
      );
    case "owner-recovered":
      return `${event.owner}: well again`;
    case "pass-finished":
      return describePass(event);
    case "cluster-lost":
      return escapeControls(
        `the cluster does not answer: ${event.message}; next try in ${seconds(event.retryInMs)}`,
      );
    case "cluster-back":
      return "the cluster answers again";
    case "services":
      return undefined;
    case "reconcile-stopped":
      return "stopped";
    default:
      return describeEvent(event);
  }
}

function describeField({ path, manager, at }: DriftedField): string {
  const by = manager === undefined ? "" : `by ${manager}${at === undefined ? "" : ` at ${at}`}`;
  return [path, by].filter((part) => part !== "").join(" ");
}

function describePass(event: Extract<ReconcileEvent, { type: "pass-finished" }>): string | undefined {
  if (event.error !== undefined) return withHint(`pass failed: ${event.error.message}`, event.error.hint);
  // a look that found all as it should be is worth a word only at the start
  if (event.outcome === "unchanged" && event.reason !== "start" && event.reason !== "trigger")
    return undefined;
  if (event.outcome === "cancelled") return "pass stopped at a safe point";
  const what =
    event.changedUnits === 0 ? "nothing to change" : `${plural(event.changedUnits, "unit")} changed`;
  const failed = event.failedOwners.length === 0 ? "" : `; failed: ${event.failedOwners.join(", ")}`;
  return `pass done: ${what}${failed}`;
}

function withHint(text: string, hint: string | undefined): string {
  return escapeControls(text) + (hint === undefined ? "" : `\n  hint: ${escapeControls(hint)}`);
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1000))} s`;
}

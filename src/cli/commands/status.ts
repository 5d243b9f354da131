import { OperationError } from "../../errors.ts";
import { readStatus } from "../../operations/cluster/status/read-status.ts";
import type { StatusReport, StatusResult } from "../../operations/cluster/status/read-status.ts";
import type { ServiceReport } from "../../operations/cluster/status/service-report.ts";
import { watchStatus } from "../../operations/cluster/status/watch-status.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblemsBriefly } from "../print/print-problems.ts";
import type { OutputFormat } from "../print/print-rows.ts";
import { formatStatus, printStatus } from "../print/print-status.ts";
import type { StatusFormat } from "../print/print-status.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";
import { readSelection } from "./cluster-selection.ts";
import type { SelectionFlags } from "./cluster-selection.ts";

export interface StatusFlags extends ConnectionFlags, SelectionFlags {
  readonly output?: OutputFormat | "wide";
  readonly watch?: boolean;
  readonly exitCode?: boolean;
}

/** woow status: how every service stands. */
export async function runStatus(flags: StatusFlags, context: CliContext): Promise<number> {
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  const options = { selection: readSelection(flags), cluster: flags.cluster };
  const format: StatusFormat = flags.json === true ? "events" : (flags.output ?? "table");
  try {
    if (flags.watch === true) {
      const show = createWatchPrinter(context, format);
      let status: number = exitStatus.done;
      for await (const result of watchStatus(deps, options)) {
        show(result);
        status = statusOf(result, flags);
      }
      return status;
    }
    const result = await readStatus(deps, options);
    const problems = result.ok ? result.report.problems : result.problems;
    printProblemsBriefly(problems, { context, json: format === "events" });
    if (result.ok) printStatus(result.report, { context, format });
    return statusOf(result, flags);
  } finally {
    end();
  }
}

function statusOf(result: StatusResult, { exitCode }: StatusFlags): number {
  if (!result.ok || result.report.unread.length > 0) return exitStatus.failed;
  const allRun = result.report.services.every(({ state }) => state === "running");
  return exitCode === true && !allRun ? exitStatus.notRunning : exitStatus.done;
}

/** On a terminal the table is drawn anew; elsewhere a line is printed for each service whose state changed. */
function createWatchPrinter(context: CliContext, format: StatusFormat): (result: StatusResult) => void {
  if (format !== "table" && format !== "wide" && format !== "events") {
    throw new OperationError("usage", `--watch does not go with -o ${format}`, {
      hint: "use --json for one event per change",
    });
  }
  const seen = new Map<string, string>();
  return (result) => {
    if (!result.ok) {
      printProblemsBriefly(result.problems, { context, json: format === "events" });
      return;
    }
    if (context.stdoutIsTty && format !== "events") {
      const clear = "\u001b[H\u001b[2J\u001b[3J";
      context.stdout(clear + formatStatus(result.report, { context, wide: format === "wide" }));
      return;
    }
    printChanges(result.report, { context, format, seen });
  };
}

function printChanges(
  { services, unread }: StatusReport,
  {
    context,
    format,
    seen,
  }: { readonly context: CliContext; readonly format: StatusFormat; readonly seen: Map<string, string> },
): void {
  const changed = (key: string, text: string) => {
    const isNew = seen.get(key) !== text;
    seen.set(key, text);
    return isNew;
  };
  const now = services.filter((one) => changed(one.unit, sayOf(one)));
  const lost = unread.filter((one) => changed(`cluster ${one.cluster}`, one.code));
  // read again: then its next loss is news
  for (const key of [...seen.keys()].filter((one) => one.startsWith("cluster "))) {
    if (!unread.some(({ cluster }) => key === `cluster ${cluster}`)) seen.delete(key);
  }
  const left = [...seen.keys()].filter(
    (key) => !key.startsWith("cluster ") && unread.length === 0 && !services.some(({ unit }) => unit === key),
  );
  for (const unit of left) seen.delete(unit);
  if (format === "events") {
    printStatus({ services: now, unread: lost, problems: [] }, { context, format });
    for (const unit of left) printEvent(context, { type: "service-gone", unit } as { type: string });
    return;
  }
  for (const one of now) {
    const { unit, state, reason } = one;
    const why = reason === null ? "" : `: ${reason.message}`;
    context.stdout(`${escapeControls(`${unit} ${state}${why}`)}\n`);
  }
  for (const unit of left) context.stdout(`${unit} gone\n`);
  printStatus({ services: [], unread: lost, problems: [] }, { context, format: "name" });
}

function sayOf({ state, reason, ready_pods: ready, wanted_pods: wanted }: ServiceReport): string {
  return `${state} ${reason?.code ?? ""} ${ready}/${wanted}`;
}

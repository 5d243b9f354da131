import type { ApplyEvent } from "../../apply/event.ts";
import type { ActionReport } from "../../operations/cluster/service/act-on-service.ts";
import type { ClusterDeps } from "../../operations/cluster/cluster-deps.ts";
import type { LockOptions } from "../../operations/cluster/apply.ts";
import { restartService } from "../../operations/cluster/service/restart-service.ts";
import { retryService } from "../../operations/cluster/service/retry-service.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { readLock, readWait } from "./apply.ts";
import type { WaitingFlags, WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import { drainEvents } from "./drain-events.ts";

export interface ActionFlags extends WritingFlags, WaitingFlags {}

type Action = (
  deps: ClusterDeps,
  options: {
    readonly unit: string;
    readonly cluster: string | undefined;
    readonly wait: { readonly timeoutMs: number } | undefined;
    readonly lock: LockOptions;
  },
) => AsyncGenerator<ApplyEvent, ActionReport>;

/** woow retry: runs a failed chart job again. */
export async function runRetry(unit: string, flags: ActionFlags, context: CliContext): Promise<number> {
  const nothing = "nothing to run again: the release is what its HelmChart says";
  return runAction(retryService, { unit, flags, context, nothing });
}

/** woow restart: makes the pods of a service anew. */
export async function runRestart(unit: string, flags: ActionFlags, context: CliContext): Promise<number> {
  return runAction(restartService, { unit, flags, context, nothing: "nothing to restart" });
}

async function runAction(
  act: Action,
  {
    unit,
    flags,
    context,
    nothing,
  }: {
    readonly unit: string;
    readonly flags: ActionFlags;
    readonly context: CliContext;
    readonly nothing: string;
  },
): Promise<number> {
  const json = flags.json === true;
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const run = act(deps, {
      unit,
      cluster: flags.cluster,
      wait: readWait(flags),
      lock: readLock(flags, context),
    });
    const report = await drainEvents(run, createApplyPrinter(context, { json, signal: deps.signal }));
    return printReport(report, { context, json, nothing });
  } finally {
    end();
  }
}

function printReport(
  { unit, isDone, revision, status }: ActionReport,
  {
    context,
    json,
    nothing,
  }: { readonly context: CliContext; readonly json: boolean; readonly nothing: string },
): number {
  const runs = status === undefined || status.state === "running";
  if (json) {
    const summary = {
      type: "summary",
      unit,
      done: isDone,
      revision: revision ?? null,
      state: status?.state ?? null,
    };
    printEvent(context, summary as { type: string });
  } else {
    if (!isDone) context.stdout(`${unit}: ${nothing}\n`);
    const reason = status?.reason;
    if (runs) context.stdout(status === undefined ? "" : `${unit}: running\n`);
    else {
      context.stderr(`${unit}: ${status.state}, ${escapeControls(reason?.message ?? "no reason known")}\n`);
      if (reason !== undefined) context.stderr(`  hint: ${escapeControls(reason.hint)}\n`);
    }
  }
  return runs ? exitStatus.done : exitStatus.notRunning;
}

import { readPlanFile } from "../../edges/plan-file.ts";
import { OperationError } from "../../errors.ts";
import { applyPlatform } from "../../operations/cluster/apply.ts";
import type { ApplyReport, LockOptions } from "../../operations/cluster/apply.ts";
import type { Plan } from "../../plan/change.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { readLockTermMs } from "../machine-settings.ts";
import { askYesNo } from "../print/ask-yes-no.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { applyStatus, printApplyReport } from "../print/print-apply-report.ts";
import { printPlan } from "../print/print-plan.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags, WiredDeps } from "./cluster-deps.ts";
import { listClusters, readSelection } from "./cluster-selection.ts";
import type { SelectionFlags } from "./cluster-selection.ts";
import { readDecisions } from "./decision-flags.ts";
import type { DecisionFlags } from "./decision-flags.ts";

/** Flags of every command that writes to a cluster. */
export interface WritingFlags extends ConnectionFlags {
  readonly yes?: boolean;
  readonly autoApprove?: boolean;
  /** Seconds. */
  readonly lockTimeout?: number;
}

/** Flags of every command that waits for services. */
export interface WaitingFlags {
  /** False with `--wait=false`. */
  readonly wait?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

export interface ApplyFlags extends WritingFlags, WaitingFlags, SelectionFlags, DecisionFlags {}

const defaultLockTimeoutSeconds = 60;
const defaultTimeoutSeconds = 600;

/** woow apply: brings a cluster to what the definitions, or a saved plan, say. */
export async function runApply(
  file: string | undefined,
  flags: ApplyFlags,
  context: CliContext,
): Promise<number> {
  checkSavedFlags(file, flags);
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const savedPlan = file === undefined ? undefined : readPlanFile(file);
  const { deps, contextOf, end } = wireClusterDeps(root, { flags, context });
  let status: number = exitStatus.done;
  try {
    for (const cluster of listClusters(deps, flags)) {
      const printer = createApplyPrinter(context, { json, signal: deps.signal });
      const run = applyPlatform(deps, {
        selection: { ...(savedPlan?.selection ?? readSelection(flags)), mayBeGone: "known" },
        cluster: savedPlan?.cluster ?? cluster,
        decisions: savedPlan?.decisions ?? readDecisions(flags),
        command: "apply",
        savedPlan,
        removal: { mode: "keep-data" },
        wait: readWait(flags),
        lock: readLock(flags, context),
        confirm: async (plan) =>
          savedPlan === undefined ? confirmPlan(plan, { flags, context, contextOf }) : "unseen",
      });
      let report: ApplyReport;
      for (;;) {
        const next = await run.next();
        if (next.done === true) {
          report = next.value;
          break;
        }
        printer.show(next.value);
      }
      printer.end();
      printApplyReport(report, { context, json });
      status = Math.max(status, applyStatus(report));
    }
    return status;
  } finally {
    end();
  }
}

export function readWait({ wait, timeout }: WaitingFlags): { readonly timeoutMs: number } | undefined {
  return wait === false ? undefined : { timeoutMs: (timeout ?? defaultTimeoutSeconds) * 1000 };
}

export function readLock({ lockTimeout }: WritingFlags, { environment }: CliContext): LockOptions {
  return {
    waitMs: (lockTimeout ?? defaultLockTimeoutSeconds) * 1000,
    termMs: readLockTermMs(environment),
  };
}

/** Shows the plan and asks, on a terminal; elsewhere `--yes` is needed. Errors: `usage`. */
export async function confirmPlan(
  plan: Plan,
  {
    flags,
    context,
    contextOf,
  }: {
    readonly flags: WritingFlags;
    readonly context: CliContext;
    readonly contextOf: WiredDeps["contextOf"];
  },
): Promise<"seen" | "unseen" | "declined"> {
  if (flags.yes === true || flags.autoApprove === true) return "unseen";
  if (!context.canAsk) {
    throw new OperationError("usage", "nobody can be asked here, so --yes is needed", {
      hint: "for apply a reviewed plan will do as well: woow plan --out plan.json, then woow apply plan.json",
    });
  }
  printPlan(plan, { context, format: "text", objects: false });
  const way = contextOf(plan.cluster);
  const where = `cluster ${plan.cluster}${way === undefined ? "" : ` (kubeconfig context ${way})`}`;
  return (await askYesNo(escapeControls(`Apply this to ${where}?`), context)) ? "seen" : "declined";
}

function checkSavedFlags(file: string | undefined, flags: ApplyFlags): void {
  if (file === undefined) return;
  const named = (
    [
      "workspace",
      "service",
      "template",
      "cluster",
      "allClusters",
      "take",
      "keep",
      "adopt",
      "replace",
      "pruneBudget",
      "removeWorkspace",
      "allowOverQuota",
    ] as const
  ).find((name) => flags[name] !== undefined);
  if (named === undefined) return;
  const flag = named.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new OperationError(
    "usage",
    `--${flag} does not go with a saved plan: it was decided when the plan was made`,
    {
      hint: `woow plan --out ${file} --${flag} ... makes a new one`,
    },
  );
}

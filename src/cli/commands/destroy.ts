import type { RemovalMode } from "../../apply/remove/removal.ts";
import { OperationError } from "../../errors.ts";
import { destroyUnit } from "../../operations/cluster/destroy.ts";
import type { Destruction, DestroyReport } from "../../operations/cluster/destroy.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { askText } from "../print/ask-values.ts";
import { askYesNo } from "../print/ask-yes-no.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { applyStatus } from "../print/print-apply-report.ts";
import { printDestroyReport, printDestruction } from "../print/print-destroy.ts";
import { readLock } from "./apply.ts";
import type { WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import { drainEvents } from "./drain-events.ts";

export interface DestroyFlags extends WritingFlags {
  readonly keepData?: boolean;
  readonly deleteData?: boolean;
  /** The unit's name, typed in a script. */
  readonly confirm?: string;
}

/** woow destroy: takes a unit out of git and out of the cluster; its data stays unless it is named to go. */
export async function runDestroy(unit: string, flags: DestroyFlags, context: CliContext): Promise<number> {
  const mode = readMode(unit, flags);
  const root = findRoot(flags, context);
  const json = flags.json === true;
  const { deps, end } = wireClusterDeps(root, { flags, context });
  try {
    const printer = createApplyPrinter(context, { json, signal: deps.signal });
    const run = destroyUnit(deps, {
      unit,
      cluster: flags.cluster,
      mode,
      lock: readLock(flags, context),
      confirm: async (what) => confirmDestruction(what, { flags, context }),
    });
    const report: DestroyReport = await drainEvents(run, printer);
    printDestroyReport(report, { unit, context, json });
    return report.apply === undefined ? exitStatus.done : applyStatus(report.apply);
  } finally {
    end();
  }
}

function readMode(unit: string, { keepData, deleteData, confirm, allClusters }: DestroyFlags): RemovalMode {
  const usage = (message: string, hint: string) => new OperationError("usage", message, { hint });
  if (allClusters === true) throw usage("a unit is in one cluster", "leave out --all-clusters");
  if (keepData === true && deleteData === true) {
    throw usage("--keep-data and --delete-data exclude each other", "leave out one of them");
  }
  if (confirm !== undefined && confirm !== unit) {
    throw usage(
      `--confirm says ${confirm}, and the unit is ${unit}`,
      "nothing was done; type the unit's name",
    );
  }
  return deleteData === true ? "delete-data" : "keep-data";
}

async function confirmDestruction(
  what: Destruction,
  { flags, context }: { readonly flags: DestroyFlags; readonly context: CliContext },
): Promise<"seen" | "unseen" | "declined"> {
  const deletesData = what.mode === "delete-data";
  if (flags.confirm === what.unit) return "unseen";
  if (!deletesData && (flags.yes === true || flags.autoApprove === true)) return "unseen";
  if (!context.canAsk) {
    throw new OperationError(
      "usage",
      deletesData
        ? "data is deleted only when its unit is named"
        : "nobody can be asked here, so --yes is needed",
      {
        hint: deletesData
          ? `say --confirm ${what.unit}; --yes is not enough`
          : `say --yes, or --confirm ${what.unit}`,
      },
    );
  }
  printDestruction(what, context);
  if (!deletesData) return (await askYesNo(`Remove ${what.unit}?`, context)) ? "seen" : "declined";
  const typed = await askText(`This deletes data for good. Type ${what.unit} to go on:`);
  return typed === what.unit ? "seen" : "declined";
}

import { OperationError } from "../../errors.ts";
import { deleteKeptVolumes } from "../../operations/cluster/volumes.ts";
import type { KeptVolume } from "../../operations/cluster/kept-volumes.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { askYesNo } from "../print/ask-yes-no.ts";
import { createApplyPrinter } from "../print/print-apply.ts";
import { printDeletedVolumes, printVolumes } from "../print/print-volumes.ts";
import { readLock } from "./apply.ts";
import type { WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import { drainEvents } from "./drain-events.ts";

export interface VolumesDeleteFlags extends WritingFlags {
  /** True: the names on the command line are meant. */
  readonly confirm?: boolean;
}

/** woow volumes delete: deletes kept data for good, by name. */
export async function runVolumesDelete(
  names: readonly string[],
  flags: VolumesDeleteFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  if (flags.allClusters === true) {
    throw new OperationError("usage", "a volume is in one cluster", { hint: "leave out --all-clusters" });
  }
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const run = deleteKeptVolumes(deps, {
      cluster: flags.cluster,
      names,
      lock: readLock(flags, context),
      confirm: async (volumes) => confirmDeletion(volumes, { flags, context }),
    });
    const report = await drainEvents(run, createApplyPrinter(context, { json, signal: deps.signal }));
    printDeletedVolumes(report, { context, json });
    if (report.type === "declined") return exitStatus.failed;
    if (report.stuck.size === 0) return exitStatus.done;
    return report.deleted.length > 0 ? exitStatus.partly : exitStatus.failed;
  } finally {
    end();
  }
}

async function confirmDeletion(
  volumes: readonly KeptVolume[],
  { flags, context }: { readonly flags: VolumesDeleteFlags; readonly context: CliContext },
): Promise<boolean> {
  if (flags.confirm === true) return true;
  if (!context.canAsk) {
    throw new OperationError("usage", "data is deleted only when somebody confirms it", {
      hint: "say --confirm; --yes is not enough",
    });
  }
  printVolumes([{ cluster: "", volumes }], { context, format: "table" });
  return askYesNo("Delete this data for good?", context);
}

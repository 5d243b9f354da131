import { OperationError } from "../../errors.ts";
import { listKeptVolumes } from "../../operations/cluster/volumes.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printVolumeEvents, printVolumes, volumeFormats } from "../print/print-volumes.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";
import { listClusters } from "./cluster-selection.ts";

export interface VolumesListFlags extends ConnectionFlags {
  readonly output: string;
}

/** woow volumes list: data that outlived its service. */
export async function runVolumesList(flags: VolumesListFlags, context: CliContext): Promise<number> {
  const format = volumeFormats.find((known) => known === flags.output);
  if (format === undefined) {
    throw new OperationError("usage", `there is no output format ${flags.output}`, {
      subject: flags.output,
      hint: `known: ${volumeFormats.join(", ")}`,
    });
  }
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const lists = [];
    for (const cluster of listClusters(deps, flags)) lists.push(await listKeptVolumes(deps, { cluster }));
    if (flags.json === true) printVolumeEvents(lists, context);
    else printVolumes(lists, { context, format });
    return exitStatus.done;
  } finally {
    end();
  }
}

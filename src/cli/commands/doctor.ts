import { resolveHost } from "../../edges/resolve-host.ts";
import { diagnose } from "../../operations/cluster/doctor/diagnose.ts";
import type { Diagnosis } from "../../operations/cluster/doctor/diagnose.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printDiagnoses, printDiagnosisEvents } from "../print/print-diagnosis.ts";
import type { OutputFormat } from "../print/print-rows.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";
import { listClusters } from "./cluster-selection.ts";

export interface DoctorFlags extends ConnectionFlags {
  readonly output: OutputFormat;
}

/** woow doctor: what is missing on this machine and cluster before the first apply. */
export async function runDoctor(flags: DoctorFlags, context: CliContext): Promise<number> {
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const diagnoses: Diagnosis[] = [];
    for (const cluster of listClusters(deps, flags))
      diagnoses.push(await diagnose(deps, { cluster, resolve: resolveHost }));
    if (flags.json === true) printDiagnosisEvents(diagnoses, context);
    else printDiagnoses(diagnoses, { context, format: flags.output });
    const isSick = diagnoses.some(({ findings }) => findings.some(({ level }) => level === "problem"));
    return isSick ? exitStatus.failed : exitStatus.done;
  } finally {
    end();
  }
}

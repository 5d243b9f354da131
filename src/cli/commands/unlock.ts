import { OperationError } from "../../errors.ts";
import { unlockCluster } from "../../operations/cluster/unlock.ts";
import type { UnlockReport } from "../../operations/cluster/unlock.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { askYesNo } from "../print/ask-yes-no.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { wireClusterDeps } from "./cluster-deps.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";

export interface UnlockFlags extends ConnectionFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** woow unlock: shows who holds the lock of a cluster, and frees it when that one is dead. */
export async function runUnlock(flags: UnlockFlags, context: CliContext): Promise<number> {
  if (flags.allClusters === true) {
    throw new OperationError("usage", "a lock is in one cluster", { hint: "leave out --all-clusters" });
  }
  const json = flags.json === true;
  const { deps, end } = wireClusterDeps(findRoot(flags, context), { flags, context });
  try {
    const report = await unlockCluster(deps, {
      cluster: flags.cluster,
      force: flags.force === true,
      onWatching: ({ holder, purpose, since }, termMs) => {
        const seconds = Math.ceil(termMs / 1000);
        if (json)
          printEvent(context, { type: "watching", holder, purpose, since, seconds } as { type: string });
        else {
          const who = escapeControls(`${holder}: ${purpose}, since ${since}`);
          context.stderr(`held by ${who}\nwatching for ${seconds} s whether it lives\n`);
        }
      },
      confirm: async ({ holder }) => {
        if (flags.yes === true) return true;
        if (!context.canAsk) {
          throw new OperationError("usage", "nobody can be asked here, so --yes is needed");
        }
        return askYesNo(`Free the lock of ${escapeControls(holder ?? "")}?`, context);
      },
    });
    print(report, { context, json });
    return report.type === "declined" ? exitStatus.failed : exitStatus.done;
  } finally {
    end();
  }
}

function print(
  report: UnlockReport,
  { context, json }: { readonly context: CliContext; readonly json: boolean },
): void {
  const holder = report.type === "free" ? undefined : report.lease.holder;
  if (json) {
    const ok = report.type !== "declined";
    printEvent(context, { type: "summary", ok, outcome: report.type, holder } as { type: string });
  } else if (report.type === "free") context.stdout("nobody holds the lock\n");
  else if (report.type === "freed") context.stdout(`freed; it was held by ${escapeControls(holder ?? "")}\n`);
  else context.stderr("stopped; nothing was freed\n");
}

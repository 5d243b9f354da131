import type { Outcome, RevisionEnd } from "../../record/revision.ts";
import type { ServiceStatus } from "../../status/service-status.ts";
import type { CarriedOut } from "./carry-out.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import type { UnitReport } from "./run-units.ts";

/** Completes the revisions of a run: what came of each unit, and Helm's own number beside ours. */
export async function finishRevisions(
  { clock }: ClusterDeps,
  { work, statuses }: { readonly work: CarriedOut; readonly statuses: ReadonlyMap<string, ServiceStatus> },
): Promise<void> {
  const finishedAt = new Date(clock.nowMs()).toISOString();
  await Promise.all(
    work.revisions.map(async (revision) => {
      const report = work.units.get(revision.unit);
      const status = statuses.get(revision.unit);
      const end: RevisionEnd = {
        outcome: outcomeOf(report, status),
        finishedAt,
        helmRevision: status?.helmRevision,
        message: report?.message ?? status?.reason?.message,
        droppedRelease: report?.droppedRelease,
      };
      await work.store.finish(revision, end);
    }),
  );
}

function outcomeOf(report: UnitReport | undefined, status: ServiceStatus | undefined): Outcome {
  switch (report?.outcome) {
    case undefined:
    case "skipped":
    case "cancelled":
      return "cancelled";
    case "failed":
    case "kept":
      return "failed";
    default:
      if (status === undefined) return "applied";
      return status.state === "running" ? "running" : "not-running";
  }
}

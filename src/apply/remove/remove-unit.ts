import type { Clock } from "../../cluster/clock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { namespaceName, releaseName } from "../../model/names.ts";
import type { UnitPlan } from "../../plan/change.ts";
import type { ApplyEvent } from "../event.ts";
import { defaultRemovalTimeouts } from "./removal.ts";
import type { RemovalMode, RemovalResult, RemovalTimeouts } from "./removal.ts";
import { removeService } from "./remove-service.ts";
import { removeWorkspace } from "./remove-workspace.ts";

export interface RemoveUnitOptions {
  /** Guarded by the lock. */
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Name of the platform. */
  readonly platform: string;
  /** What is to go, as planned: a workspace whose services are gone, or a service. */
  readonly unit: UnitPlan;
  readonly mode: RemovalMode;
  readonly timeouts?: RemovalTimeouts;
}

/** Removes a unit that is no longer defined. Errors: see removeService. */
export async function* removeUnit(options: RemoveUnitOptions): AsyncGenerator<ApplyEvent, RemovalResult> {
  const { platform, unit, mode, timeouts = defaultRemovalTimeouts } = options;
  const [workspaceId = "", referenceId] = unit.address.split("/");
  if (unit.address === "platform") throw new Error("the platform unit is never removed");
  const objects = unit.changes.flatMap((change) => (change.action === "prune" ? [change.live] : []));
  const deps = { ...options, timeouts };
  const namespace = namespaceName(workspaceId);
  if (referenceId === undefined) {
    return yield* removeWorkspace({ workspaceId, namespace, objects, mode }, deps);
  }
  const release = releaseName(workspaceId, referenceId);
  return yield* removeService(
    { platform, workspaceId, referenceId, releaseName: release, namespace, objects, mode },
    deps,
  );
}

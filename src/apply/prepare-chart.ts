import { OperationError } from "../errors.ts";
import type { UnitPlan } from "../plan/change.ts";
import type { ApplyEvent } from "./event.ts";
import { createVolumeRegainer } from "./volumes/regain-volumes.ts";
import type { RegainDeps } from "./volumes/regain-volumes.ts";
import { defaultRemovalTimeouts } from "./remove/removal.ts";
import { removeRelease } from "./remove/remove-release.ts";
import { createDataGuard } from "./volumes/secure-volumes.ts";
import { warnOfSizes } from "./volumes/warn-sizes.ts";

/** Where a service lives. */
export interface ChartPlace {
  readonly releaseName: string;
  readonly namespace: string;
  /** Dotted Helm paths of volume sizes. */
  readonly storageKeys: readonly string[];
}

/** Makes sure that a HelmChart about to be created finds the service's data. */
export type ChartPreparer = (unit: UnitPlan, place: ChartPlace) => AsyncGenerator<ApplyEvent, void>;

/**
 * Makes a preparer for one run. A new HelmChart gets what was kept of its service. One that is being deleted, or must
 * be replaced, goes the way a removal goes: its volumes are set to Retain first, the release is seen gone, and the
 * volumes are given back; else the new release would start empty beside data nobody finds.
 * The preparer's errors: `unavailable` when the old release does not go; those of removeRelease and the regainer.
 */
export function createChartPreparer(deps: RegainDeps): ChartPreparer {
  const regain = createVolumeRegainer(deps);
  const timeouts = deps.timeouts ?? defaultRemovalTimeouts;
  return async function* prepare({ address, changes }, place) {
    const change = changes.find(
      ({ action, ref }) => ref.kind === "HelmChart" && (action === "create" || action === "replace"),
    );
    if (change === undefined) return;
    const isReplaced = change.action === "replace";
    if (isReplaced) {
      const [workspaceId = "", referenceId = ""] = address.split("/");
      const { releaseName, namespace } = place;
      const service = { platform: deps.platform, workspaceId, referenceId, releaseName, namespace };
      const data = createDataGuard(service, "keep-data", { ...deps, timeouts });
      const removal = { service, chart: change.live, data };
      const stuck = yield* removeRelease(removal, { ...deps, timeouts });
      if (stuck !== undefined) {
        throw new OperationError("unavailable", stuck.message, { subject: address, hint: stuck.hint });
      }
    }
    const { namespace, storageKeys } = place;
    const volumes = yield* regain(address, { namespace, isFresh: isReplaced });
    for (const message of warnOfSizes(changes, { storageKeys, volumes })) {
      yield { type: "step", unit: address, message };
    }
  };
}

import { applyChange } from "../../apply/apply-change.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import { systemNamespace } from "../../model/names.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import type { PreparedRun } from "./prepare-run.ts";

/**
 * The namespace that lock and inventory live in comes before them, so it is the one object made without the lock. Two
 * first runs may both make it: the one that finds it made already goes on.
 */
export async function createSystemNamespace(run: PreparedRun, deps: ClusterDeps): Promise<void> {
  const { desired, observation, client } = run;
  const manifest = desired.units
    .flatMap(({ manifests }) => manifests)
    .find(({ kind, metadata }) => kind === "Namespace" && metadata.name === systemNamespace);
  if (manifest === undefined || observation.objects.has(refKey(refOf(manifest)))) return;
  await applyChange(
    {
      action: "create",
      ref: refOf(manifest),
      reason: "definition",
      fields: [],
      desired: manifest,
      predicted: false,
    },
    { client, clock: deps.clock, signal: deps.signal },
  );
}

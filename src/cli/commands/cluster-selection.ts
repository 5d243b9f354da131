import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "../../operations/cluster/cluster-deps.ts";
import { loadPlatform } from "../../operations/load-platform.ts";
import type { Selection } from "../../operations/select-units.ts";
import type { ConnectionFlags } from "./cluster-deps.ts";

/** Flags that narrow a command to some units. */
export interface SelectionFlags {
  readonly workspace?: readonly string[];
  readonly service?: readonly string[];
  readonly template?: readonly string[];
}

export function readSelection({ workspace, service, template }: SelectionFlags): Selection {
  return { clusters: [], workspaces: workspace ?? [], services: service ?? [], templates: template ?? [] };
}

/**
 * The clusters a command goes through: the one that is named, all of them, or the only one (undefined).
 * Errors: `usage` when flags contradict each other.
 */
export function listClusters(
  deps: ClusterDeps,
  { cluster, allClusters, context }: ConnectionFlags,
): readonly (string | undefined)[] {
  if (allClusters !== true) return [cluster];
  const usage = (message: string) =>
    new OperationError("usage", message, { hint: "leave out one of the two" });
  if (cluster !== undefined) throw usage("--cluster and --all-clusters exclude each other");
  if (context !== undefined) throw usage("--context names one cluster, --all-clusters means each its own");
  const names = loadPlatform(deps.readTree()).platform?.clusters.map(({ name }) => name);
  return names ?? [undefined];
}

import type { Cluster, Platform } from "../../model/platform.ts";
import { pickCluster } from "./load-desired.ts";

/** The cluster that is named, else the one the unit's workspace is in. Errors: those of pickCluster. */
export function clusterOfUnit(
  platform: Platform,
  { unit, cluster }: { readonly unit: string | undefined; readonly cluster: string | undefined },
): Cluster {
  const workspaceId = unit?.split("/", 1)[0];
  const own = platform.clusters.find(({ workspaces }) => workspaces.some(({ id }) => id === workspaceId));
  return pickCluster(platform, cluster ?? own?.name);
}

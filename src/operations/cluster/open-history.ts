import type { Cluster, Platform } from "../../model/platform.ts";
import type { RevisionStore } from "../../record/revision-store.ts";
import type { ClusterDeps } from "./cluster-deps.ts";

/** The history of a cluster; a connection is made only where the history is kept there. */
export async function openHistory(
  deps: Pick<ClusterDeps, "connect" | "openRevisions">,
  { platform, cluster }: { readonly platform: Platform; readonly cluster: Cluster },
): Promise<RevisionStore> {
  const client = platform.records === "cluster" ? await deps.connect(cluster) : undefined;
  return deps.openRevisions({ platform, cluster, client });
}

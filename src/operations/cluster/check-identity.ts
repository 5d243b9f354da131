import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import type { Observation } from "../../plan/observation.ts";
import type { ClusterMemory } from "./cluster-deps.ts";
import type { DesiredCluster } from "./load-desired.ts";

/**
 * Refuses a cluster that is not the one this platform wrote to before. Three witnesses: the claim in the cluster, the
 * uid of kube-system beside it (a copied claim has another's), and what this clone remembers.
 * Errors: `wrong-cluster`.
 */
export function checkIdentity(options: {
  readonly observation: Pick<Observation, "clusterUid" | "inventory">;
  readonly desired: Pick<DesiredCluster, "platform" | "cluster">;
  readonly client: ClusterClient;
  readonly memory: ClusterMemory;
}): void {
  const { observation, desired, client, memory } = options;
  const { claim } = observation.inventory;
  const where = `${client.name} (${client.server})`;
  const refuse = (message: string, hint: string) =>
    new OperationError("wrong-cluster", message, { subject: client.name, hint });
  if (claim !== undefined && claim.platform !== desired.platform.name) {
    throw refuse(
      `${where} belongs to the platform ${claim.platform}, and platform.yaml says ${desired.platform.name}`,
      "check the context; two platforms cannot share a cluster, and a platform cannot be renamed",
    );
  }
  if (claim !== undefined && claim.clusterUid !== observation.clusterUid) {
    throw refuse(
      `${where} holds the records of another cluster (kube-system ${claim.clusterUid}, here it is ${observation.clusterUid})`,
      "it looks like a copy; if it shall replace the other one, write its own uid into clusterUid in the ConfigMap woow-platform in paas-system",
    );
  }
  const known = memory.recall(desired.cluster.name);
  if (known !== undefined && known !== observation.clusterUid) {
    throw refuse(
      `behind the context ${client.name} is another cluster than the one ${desired.cluster.name} was applied to from here`,
      `if ${desired.cluster.name} was built anew on purpose, delete .woow/clusters.json and run it again`,
    );
  }
}

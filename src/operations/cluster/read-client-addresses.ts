import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { OperationError } from "../../errors.ts";
import { traefikService } from "../../plan/service/client-addresses.ts";
import type { ClientAddresses } from "../../plan/service/client-addresses.ts";

/** Reads Traefik's Service: one GET, however many services are private. Errors: see ClusterClient, save `forbidden`. */
export async function readClientAddresses(
  client: Pick<ClusterClient, "get">,
  { isManaged }: Pick<ClientAddresses, "isManaged">,
): Promise<ClientAddresses> {
  try {
    return describeClientAddresses(await client.get(traefikService), { isManaged });
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== "forbidden") throw error;
    return { seen: { type: "unreadable", message: error.message }, isManaged };
  }
}

/** What Traefik's Service says; the API server writes `Cluster` where nothing is said. */
export function describeClientAddresses(
  service: LiveObject | undefined,
  { isManaged }: Pick<ClientAddresses, "isManaged">,
): ClientAddresses {
  if (service === undefined) return { seen: { type: "absent" }, isManaged };
  const { externalTrafficPolicy: policy = "Cluster" } = (service["spec"] ?? {}) as {
    externalTrafficPolicy?: string;
  };
  return { seen: { type: "policy", policy }, isManaged };
}

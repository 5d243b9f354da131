import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import { suggestHint } from "../../../definitions/suggest.ts";
import { OperationError } from "../../../errors.ts";
import { namespaceName, releaseName } from "../../../model/names.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import type { Inventory } from "../../../plan/inventory.ts";
import { serviceFacts } from "../../../status/service-facts.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import { loadPlatform } from "../../load-platform.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { openCluster } from "../open-cluster.ts";

/** A service and the cluster it is on. */
export interface OpenService {
  readonly facts: ServiceFacts;
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly client: ClusterClient;
  readonly inventory: Inventory;
}

export interface ServiceQuery {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  /** Needed only for a service that is not defined any more, where there are several clusters. */
  readonly cluster: string | undefined;
}

const serviceAddress = /^([a-z0-9]+)\/([a-z0-9-]+)$/;

/**
 * Opens the cluster a service is on: the one its workspace names, else the one that is said. Secrets are not needed.
 * Errors: `usage` for what is no service's address; `not-found` for one the cluster does not know either; those of
 * openCluster.
 */
export async function openService(deps: ClusterDeps, query: ServiceQuery): Promise<OpenService> {
  const [, workspaceId, referenceId] = serviceAddress.exec(query.unit) ?? [];
  if (workspaceId === undefined || referenceId === undefined) {
    throw new OperationError("usage", `${query.unit} is not a service`, {
      subject: query.unit,
      hint: "a service is written WORKSPACE/REFERENCE_ID, for example 123/n8n-01",
    });
  }
  const { platform } = loadPlatform(deps.readTree(), []);
  const home = platform?.clusters.find(({ workspaces }) => workspaces.some(({ id }) => id === workspaceId));
  const services = (home?.workspaces ?? []).flatMap((workspace) => workspace.services);
  const service = services.find(({ unit }) => unit === query.unit);
  const opened = await openCluster(deps, query.cluster ?? home?.name);
  if (service !== undefined) return { ...opened, facts: serviceFacts(service) };
  const records = [...opened.inventory.parts.values()].flatMap(({ units }) => units.map(({ unit }) => unit));
  if (!records.includes(query.unit)) {
    const known = [...new Set([...services.map(({ unit }) => unit), ...records])].filter((one) =>
      one.includes("/"),
    );
    throw new OperationError("not-found", `there is no service ${query.unit}`, {
      subject: query.unit,
      hint: suggestHint(query.unit, known) ?? "woow status shows them all",
    });
  }
  const facts: ServiceFacts = {
    unit: query.unit,
    workspaceId,
    releaseName: releaseName(workspaceId, referenceId),
    namespace: namespaceName(workspaceId),
    backend: undefined,
    isDefined: false,
  };
  return { ...opened, facts };
}

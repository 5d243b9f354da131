import { readInventory } from "../../../apply/inventory/inventory-store.ts";
import type { ClusterClient } from "../../../cluster/cluster-client.ts";
import type { Definitions } from "../../../definitions/definition.ts";
import { hasErrors } from "../../../definitions/problem.ts";
import type { Problem } from "../../../definitions/problem.ts";
import { suggestHint } from "../../../definitions/suggest.ts";
import { OperationError } from "../../../errors.ts";
import { namespaceName, releaseName } from "../../../model/names.ts";
import type { Cluster, Platform } from "../../../model/platform.ts";
import type { Service } from "../../../model/service.ts";
import type { Inventory, UnitRecord } from "../../../plan/inventory.ts";
import type { HelmErrorCache } from "../../../status/read-helm-errors.ts";
import { readStatuses } from "../../../status/read-statuses.ts";
import { createReleaseMemory } from "../../../status/release-content.ts";
import type { ReleaseMemory } from "../../../status/release-content.ts";
import { serviceFacts } from "../../../status/service-facts.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import type { ServiceObservation } from "../../../status/service-observation.ts";
import { loadPlatform } from "../../load-platform.ts";
import { coversAddress } from "../../select-units.ts";
import type { Selection } from "../../select-units.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { reportService } from "./service-report.ts";
import type { ServiceReport } from "./service-report.ts";

export interface StatusOptions {
  readonly selection: Selection;
  /** Name of the only cluster to look at; undefined: all. */
  readonly cluster: string | undefined;
}

/** A cluster that could not be read; the others are shown all the same. */
export interface UnreadCluster {
  readonly cluster: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface StatusReport {
  /** By workspace and reference id. */
  readonly services: readonly ServiceReport[];
  readonly unread: readonly UnreadCluster[];
  readonly problems: readonly Problem[];
}

export type StatusResult =
  | { readonly ok: true; readonly report: StatusReport }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What stays between two looks: connections, and Helm's words that were read. */
export interface StatusMemory {
  readonly clients: Map<string, ClusterClient>;
  readonly errors: HelmErrorCache;
  readonly contents: ReleaseMemory;
}

export function createStatusMemory(): StatusMemory {
  return { clients: new Map(), errors: new Map(), contents: createReleaseMemory() };
}

/**
 * How every service stands, on all clusters. A workspace whose files have problems is shown from what the cluster says.
 * Errors: `not-found` for a cluster or service that is neither defined nor anywhere.
 */
export async function readStatus(
  deps: ClusterDeps,
  options: StatusOptions,
  memory: StatusMemory = createStatusMemory(),
): Promise<StatusResult> {
  const { platform, definitions, problems } = loadPlatform(deps.readTree(), []);
  if (platform === undefined) return { ok: false, problems };
  const clusters = platform.clusters.filter(
    ({ name }) => options.cluster === undefined || options.cluster === name,
  );
  if (clusters.length === 0) {
    throw new OperationError("not-found", `there is no cluster ${options.cluster}`, {
      subject: options.cluster ?? "",
      hint: `there are: ${platform.clusters.map(({ name }) => name).join(", ")}`,
    });
  }
  const looks = await Promise.all(
    clusters.map(async (cluster) => lookAtCluster(deps, { cluster, platform, definitions, options, memory })),
  );
  const services = looks.flatMap((look) => look.services).sort(byUnit);
  const unread = looks.flatMap((look) => look.unread);
  if (unread.length === 0) checkFound(services, definitions, options.selection);
  return { ok: true, report: { services, unread, problems: hasErrors(problems) ? problems : [] } };
}

interface ClusterLook {
  readonly services: readonly ServiceReport[];
  readonly unread: readonly UnreadCluster[];
}

interface ClusterLookOptions {
  readonly cluster: Cluster;
  readonly platform: Platform;
  readonly definitions: Definitions;
  readonly options: StatusOptions;
  readonly memory: StatusMemory;
}

async function lookAtCluster(deps: ClusterDeps, look: ClusterLookOptions): Promise<ClusterLook> {
  const { cluster, memory } = look;
  try {
    const client = memory.clients.get(cluster.name) ?? (await deps.connect(cluster));
    memory.clients.set(cluster.name, client);
    return { services: await reportCluster(deps, client, look), unread: [] };
  } catch (error) {
    if (!(error instanceof OperationError) || error.code === "cancelled") throw error;
    const { code, message, hint } = error;
    return { services: [], unread: [{ cluster: cluster.name, code, message, hint }] };
  }
}

async function reportCluster(
  deps: ClusterDeps,
  client: ClusterClient,
  { cluster, platform, definitions, options, memory }: ClusterLookOptions,
): Promise<readonly ServiceReport[]> {
  const inventory = await readInventory(client);
  const { claim } = inventory;
  if (claim !== undefined && claim.platform !== platform.name) {
    throw new OperationError("wrong-cluster", `${client.name} belongs to the platform ${claim.platform}`, {
      subject: cluster.name,
      hint: "check the context of the cluster in platform.yaml",
    });
  }
  const model = new Map(
    cluster.workspaces.flatMap((workspace) => workspace.services).map((service) => [service.unit, service]),
  );
  const records = new Map(
    [...inventory.parts.values()].flatMap(({ units }) => units).map((record) => [record.unit, record]),
  );
  const covers = (unit: string) => isCovered(unit, { selection: options.selection, model, inventory });
  const listFacts = (observation: ServiceObservation) =>
    [
      ...[...model.values()].map(serviceFacts),
      ...undefinedServices(observation, { model, records, definitions }),
    ].filter(({ unit }) => covers(unit));
  const { statuses, facts } = await readStatuses(client, {
    services: listFacts,
    nowMs: deps.clock.nowMs(),
    certificates: true,
    pods: true,
    cache: memory.errors,
    contents: deps.contents ?? memory.contents,
  });
  const files = new Map(definitions.services.map((file) => [`${file.workspaceId}/${file.id}`, file]));
  return facts.flatMap((one) => {
    const status = statuses.get(one.unit);
    if (status === undefined) return [];
    const record = records.get(one.unit);
    return reportService({
      facts: one,
      status,
      service: model.get(one.unit),
      file: files.get(one.unit),
      deploymentId: record?.deploymentId,
      hold: record?.hold,
      cluster,
    });
  });
}

/** What the cluster or its inventory has and the model has not: a file that went, or one with a problem. */
function undefinedServices(
  observation: ServiceObservation,
  {
    model,
    records,
    definitions,
  }: {
    readonly model: ReadonlyMap<string, Service>;
    readonly records: ReadonlyMap<string, UnitRecord>;
    readonly definitions: Definitions;
  },
): readonly ServiceFacts[] {
  const live = [...observation.charts.values()].flatMap(({ unit }) => unit ?? []);
  const units = new Set(
    [...live, ...records.keys()].filter((unit) => unit.includes("/") && !model.has(unit)),
  );
  return [...units].map((unit) => {
    const [workspaceId = "", referenceId = ""] = unit.split("/");
    return {
      unit,
      workspaceId,
      releaseName: releaseName(workspaceId, referenceId),
      namespace: namespaceName(workspaceId),
      backend: undefined,
      isDefined: definitions.present.has(unit),
    };
  });
}

function isCovered(
  unit: string,
  {
    selection,
    model,
  }: {
    readonly selection: Selection;
    readonly model: ReadonlyMap<string, Service>;
    readonly inventory: Inventory;
  },
): boolean {
  const { templates = [] } = selection;
  if (templates.length > 0 && !templates.includes(model.get(unit)?.template.id ?? "")) return false;
  return coversAddress({ ...selection, templates: [] }, unit);
}

function checkFound(
  services: readonly ServiceReport[],
  { present }: Definitions,
  { services: wanted, workspaces }: Selection,
): void {
  const units = services.map(({ unit }) => unit);
  // one without services is a workspace all the same
  const gone = workspaces.find((id) => !present.has(id) && !units.some((unit) => unit.startsWith(`${id}/`)));
  if (gone !== undefined) {
    const known = [...present].filter((unit) => !unit.includes("/") && unit !== "platform");
    throw new OperationError("not-found", `there is no workspace ${gone}`, {
      subject: gone,
      hint: suggestHint(gone, known) ?? "woow status without -w shows them all",
    });
  }
  const missing = wanted.find((unit) => !units.includes(unit));
  if (missing === undefined) return;
  throw new OperationError("not-found", `there is no service ${missing}`, {
    subject: missing,
    hint: suggestHint(missing, [...present, ...units]) ?? "woow status without -s shows them all",
  });
}

function byUnit(a: ServiceReport, b: ServiceReport): number {
  return a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0;
}

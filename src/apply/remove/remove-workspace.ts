import type { LiveObject } from "../../cluster/live-object.ts";
import { refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { deleteObject } from "../apply-change.ts";
import { deleteVolumes, listNamespaceVolumes } from "../volumes/delete-volumes.ts";
import type { ApplyEvent } from "../event.ts";
import { findStrangers } from "./find-strangers.ts";
import { countOf, failedRemoval } from "./removal.ts";
import type { RemovalDeps, RemovalMode, RemovalResult } from "./removal.ts";
import { removeObjects } from "./remove-service.ts";
import type { Volume } from "../volumes/volume.ts";
import { waitGone } from "./wait-gone.ts";

export interface WorkspaceRemoval {
  readonly workspaceId: string;
  readonly namespace: string;
  /** The unit's objects as the plan saw them, the Namespace among them. */
  readonly objects: readonly LiveObject[];
  readonly mode: RemovalMode;
}

/** Of what keeps a namespace, so many objects are named. */
const maxNamed = 20;

/**
 * Removes a workspace whose services are gone already: deleting a Namespace deletes every claim in it, so it stays as
 * long as it holds data, or anything that is not ours. With `delete-data` all of its volumes go first.
 * Errors: see removeService.
 */
export async function* removeWorkspace(
  workspace: WorkspaceRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, RemovalResult> {
  const { namespace, objects } = workspace;
  const unit = workspace.workspaceId;
  const isHome = ({ kind, metadata }: LiveObject) => kind === "Namespace" && metadata.name === namespace;
  const home = objects.find(isHome);
  if (home !== undefined) {
    const kept =
      (await findInstallers(workspace, deps)) ??
      (yield* clearNamespace(workspace, deps)) ??
      (await findContent(workspace, deps));
    if (kept !== undefined) return kept;
    yield { type: "step", unit, message: `deleting Namespace ${namespace}` };
    await deleteObject(home, deps);
    const target = { ref: refOf(home), uid: home.metadata.uid };
    const stuck = yield* waitGone(target, { unit, timeoutMs: deps.timeouts.namespaceMs }, deps);
    if (stuck !== undefined) return failedRemoval(stuck);
    yield { type: "object", unit, ref: refOf(home), outcome: "pruned" };
  }
  // what lay in the Namespace went with it
  const elsewhere = objects.filter((object) => object !== home && object.metadata.namespace !== namespace);
  const stuck = yield* removeObjects(elsewhere, unit, deps);
  if (stuck !== undefined) return failedRemoval(stuck);
  return { outcome: "removed", message: undefined, hint: undefined, kept: [] };
}

async function* clearNamespace(
  { workspaceId, namespace, mode }: WorkspaceRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, RemovalResult | undefined> {
  if (mode === "keep-data") return undefined;
  const volumes = await listNamespaceVolumes(namespace, deps);
  const claims = await deps.client.list({ type: resourceTypes.PersistentVolumeClaim, namespace });
  const stuck = yield* deleteVolumes({ unit: workspaceId, claims: claims.items, volumes }, deps);
  return stuck === undefined ? undefined : failedRemoval(stuck);
}

function keep(namespace: string, why: string, rest: Pick<RemovalResult, "hint" | "kept">): RemovalResult {
  return { outcome: "kept", message: `Namespace ${namespace} stays: ${why}`, ...rest };
}

/** HelmCharts that would make it again, and what is in it; looked for before anything is deleted. */
async function findInstallers(
  { namespace }: WorkspaceRemoval,
  deps: RemovalDeps,
): Promise<RemovalResult | undefined> {
  const charts = await findCharts(namespace, deps);
  if (charts.length === 0) return undefined;
  const names = charts.map(nameOf).join(", ");
  return keep(namespace, `${countOf(charts.length, "HelmChart")} would install into it again: ${names}`, {
    hint: "delete them first (kubectl delete helmchart), then run the command again",
    kept: [],
  });
}

/** What a person would lose with the Namespace. */
async function findContent(
  { workspaceId, namespace, objects, mode }: WorkspaceRemoval,
  deps: RemovalDeps,
): Promise<RemovalResult | undefined> {
  const volumes = await listNamespaceVolumes(namespace, deps);
  if (volumes.length > 0) {
    const described = volumes.map(describeVolume).join(", ");
    return keep(namespace, `it holds ${countOf(volumes.length, "volume")}: ${described}`, {
      hint: `\`woow volumes delete ${volumes.map(({ name }) => name).join(" ")}\` deletes this data for good, \`woow destroy ${workspaceId} --delete-data\` everything in the workspace`,
      kept: volumes,
    });
  }
  if (mode === "delete-data") return undefined;
  const strangers = await findStrangers(deps.client, { namespace, own: objects });
  if (strangers.length === 0) return undefined;
  const rest = strangers.length > maxNamed ? ` and ${strangers.length - maxNamed} more` : "";
  return keep(namespace, `it holds what is not ours: ${strangers.slice(0, maxNamed).join(", ")}${rest}`, {
    hint: `move or delete it, or delete it with everything else: \`woow destroy ${workspaceId} --delete-data\``,
    kept: [],
  });
}

async function findCharts(namespace: string, { client }: RemovalDeps): Promise<readonly ObjectRef[]> {
  const { items } = await client.list({ type: resourceTypes.HelmChart });
  return items
    .filter((chart) => (chart as ChartBody & LiveObject).spec?.targetNamespace === namespace)
    .map(refOf);
}

interface ChartBody {
  readonly spec?: { readonly targetNamespace?: string };
}

function nameOf({ namespace, name }: ObjectRef): string {
  return `${namespace ?? ""}/${name}`;
}

function describeVolume({ name, size, claim, unit, perhapsOf }: Volume): string {
  const owner = unit ?? (perhapsOf === undefined ? undefined : `perhaps ${perhapsOf}`);
  return `${name} (${[owner, claim?.name, size].filter((part) => part !== undefined).join(", ")})`;
}

import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import { managedTypes, resourceTypes } from "../../cluster/resource-types.ts";
import { chartsNamespace } from "../../model/names.ts";
import { deleteObject } from "../apply-change.ts";
import { listClaimUsers } from "../volumes/claim-users.ts";
import { deleteVolumes } from "../volumes/delete-volumes.ts";
import type { ApplyEvent } from "../event.ts";
import { findServiceVolumes } from "../volumes/find-volumes.ts";
import { countOf, failedRemoval, waitFor } from "./removal.ts";
import type { RemovalDeps, RemovalMode, RemovalResult, Stuck } from "./removal.ts";
import { removeRelease } from "./remove-release.ts";
import { createDataGuard } from "../volumes/secure-volumes.ts";
import type { ServiceAddress, Volume } from "../volumes/volume.ts";
import { waitGone } from "./wait-gone.ts";

export interface ServiceRemoval extends ServiceAddress {
  /** The unit's objects as the plan saw them; they are deleted only while they are the same ones. */
  readonly objects: readonly LiveObject[];
  readonly mode: RemovalMode;
}

/**
 * Removes a service: its chart job comes to rest; its data is kept, or marked to go; then the release; then the rest of its objects; and
 * data goes last. Every step looks at the cluster, not at what an earlier run did, so it can be killed and run again
 * at any point: the service counts as there until all of it is verified gone.
 * Errors: `changed-meanwhile` when somebody changed what the plan saw; `refused` when volumes cannot be kept;
 * `cancelled`; those of ClusterClient.
 */
export async function* removeService(
  service: ServiceRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, RemovalResult> {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const chart = service.objects.find((object) => isChartOf(object, service));
  const data = createDataGuard(service, service.mode, deps);
  const stuck =
    (yield* removeRelease({ service, chart, data }, deps)) ??
    (yield* removeObjects(service.objects, unit, deps));
  if (stuck !== undefined) return failedRemoval(stuck);
  return service.mode === "keep-data" ? describeKept(unit, data.volumes()) : yield* removeData(service, deps);
}

/** Its own, and not a copy that somebody made with our labels on it. */
function isChartOf({ kind, metadata }: LiveObject, { releaseName }: ServiceAddress): boolean {
  return kind === "HelmChart" && metadata.namespace === chartsNamespace && metadata.name === releaseName;
}

/** Kinds whose deletion deletes data; each has a way of its own. */
const holdsData: ReadonlySet<string> = new Set([resourceTypes.HelmChart.kind, resourceTypes.Namespace.kind]);

/** The rest goes in the opposite order of its making; every object is seen gone. */
export async function* removeObjects(
  objects: readonly LiveObject[],
  unit: string,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const order = managedTypes.map(({ kind }) => kind);
  const rest = objects
    .filter(({ kind }) => !holdsData.has(kind))
    .sort(
      (a, b) =>
        order.indexOf(b.kind) - order.indexOf(a.kind) || (refKey(refOf(a)) < refKey(refOf(b)) ? -1 : 1),
    );
  for (const object of rest) {
    const ref = refOf(object);
    await deleteObject(object, deps);
    const target = { ref, uid: object.metadata.uid };
    const stuck = yield* waitGone(target, { unit, timeoutMs: deps.timeouts.objectMs }, deps);
    if (stuck !== undefined) return stuck;
    yield { type: "object", unit, ref, outcome: "pruned" };
  }
  return undefined;
}

async function* removeData(
  service: ServiceRemoval,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, RemovalResult> {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const { claims, detached } = await findServiceVolumes(deps.client, service);
  const own = claims.filter(({ attribution }) => attribution === "own");
  const volumes = [...own.flatMap(({ volume }) => volume ?? []), ...detached];
  const ownClaims = own.map(({ claim }) => claim);
  const stuck =
    (yield* waitUnused(service, ownClaims, deps)) ??
    (yield* deleteVolumes({ unit, claims: ownClaims, volumes }, deps));
  if (stuck !== undefined) return failedRemoval(stuck);
  const unclear = claims.filter(({ attribution }) => attribution === "unclear");
  if (unclear.length === 0) return { outcome: "removed", message: undefined, hint: undefined, kept: [] };
  const names = unclear.map(({ claim }) => claim.metadata.name).join(", ");
  return {
    outcome: "removed",
    message: `${countOf(unclear.length, "claim")} in ${service.namespace} may or may not be of ${unit} and was left alone: ${names}`,
    hint: `if nobody needs the data: \`kubectl delete pvc -n ${service.namespace} ${names.replaceAll(", ", " ")}\``,
    kept: [],
  };
}

/** A claim that is deleted while a pod mounts it can never be had back, and goes only when the pod does. */
async function* waitUnused(
  { namespace, workspaceId, referenceId }: ServiceRemoval,
  claims: readonly LiveObject[],
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const unit = `${workspaceId}/${referenceId}`;
  const look = async () => listClaimUsers(deps.client, namespace, claims);
  const users = await look();
  if (users.length === 0) return undefined;
  const names = users.map(({ metadata }) => metadata.name).join(", ");
  yield { type: "step", unit, message: `waiting for pods that mount its claims to end: ${names}` };
  const isFree = async () => ((await look()).length === 0 ? true : undefined);
  if ((await waitFor(deps, deps.timeouts.objectMs, isFree)) === true) return undefined;
  const left = (await look()).map(({ metadata }) => metadata.name).join(" ");
  return {
    message: `the data of ${unit} is in use: pods in ${namespace} mount its claims: ${left}`,
    hint: `its release is gone, its data is still there; end the pods, or what makes them (\`kubectl describe pod -n ${namespace} ${left}\`), then run the command again`,
  };
}

function describeKept(unit: string, kept: readonly Volume[]): RemovalResult {
  if (kept.length === 0) return { outcome: "removed", message: undefined, hint: undefined, kept };
  const volumes = kept
    .map(({ name, size, claim }) => `${name} (${size}, ${claim?.name ?? "no claim"})`)
    .join(", ");
  return {
    outcome: "removed",
    message: `kept ${countOf(kept.length, "volume")} of ${unit}: ${volumes}`,
    hint: `a service created again under this name gets its data back; \`woow volumes delete\` deletes it`,
    kept,
  };
}

import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef, refOf } from "../../cluster/object-ref.ts";
import type { ApplyEvent } from "../event.ts";
import { listVolumes } from "./find-volumes.ts";
import { countOf } from "../remove/removal.ts";
import type { RemovalDeps, Stuck } from "../remove/removal.ts";
import { readVolume, volumeRef } from "./volume.ts";
import type { Volume } from "./volume.ts";
import { waitGone } from "../remove/wait-gone.ts";

/** How often an object is read again because it changed under our hands. */
const maxTries = 20;

/**
 * Deletes claims and volumes with their data and sees them gone. Claims go first: a volume is wiped by its provisioner
 * when its claim is gone and its reclaim policy says Delete.
 * Returns what is in the way. Errors: `cancelled`; those of ClusterClient.
 */
export async function* deleteVolumes(
  {
    unit,
    claims,
    volumes,
  }: { readonly unit: string; readonly claims: readonly LiveObject[]; readonly volumes: readonly Volume[] },
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  if (claims.length + volumes.length === 0) return undefined;
  yield {
    type: "step",
    unit,
    message: `deleting ${countOf(volumes.length, "volume")} and ${countOf(claims.length, "claim")} with all data`,
  };
  for (const claim of claims) await deleteByUid(claim, deps);
  for (const claim of claims) {
    const ref = refOf(claim);
    const target = { ref, uid: claim.metadata.uid };
    const stuck = yield* waitGone(target, { unit, timeoutMs: deps.timeouts.objectMs }, deps);
    if (stuck !== undefined) return stuck;
    yield { type: "object", unit, ref, outcome: "pruned" };
  }
  for (const { name, uid } of volumes) {
    const ref = volumeRef(name);
    const nudge = async (live: LiveObject) => wipe(readVolume(live), deps);
    const options = { unit, timeoutMs: deps.timeouts.objectMs, nudge };
    const stuck = yield* waitGone({ ref, uid }, options, deps);
    if (stuck !== undefined) return stuck;
    yield { type: "object", unit, ref, outcome: "pruned" };
  }
  return undefined;
}

/** The data of a volume goes when its claim is gone, its policy is Delete and it is not reserved for another claim. */
async function wipe(volume: Volume, { client }: RemovalDeps): Promise<void> {
  const { name, uid, policy, claim } = volume;
  if (volume.isDeleting || claim === undefined) return;
  // reserved: it counts as free, and a free volume is never wiped; a claim that is gone makes it a released one
  const isReserved = claim.uid === undefined;
  if (policy === "Delete" && !isReserved) return;
  await client.patch(volumeRef(name), [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/resourceVersion", value: volume.resourceVersion },
    ...(isReserved ? [{ op: "add" as const, path: "/spec/claimRef/uid", value: uid }] : []),
    { op: "replace", path: "/spec/persistentVolumeReclaimPolicy", value: "Delete" },
  ]);
}

async function deleteByUid(object: LiveObject, { client, signal }: RemovalDeps): Promise<void> {
  const ref = refOf(object);
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const live = await client.get(ref);
    if (live === undefined || live.metadata.uid !== object.metadata.uid) return;
    if (live.metadata.deletionTimestamp !== undefined) return;
    const { uid, resourceVersion } = live.metadata;
    const result = await client.delete(ref, { uid, resourceVersion, propagation: "Background" });
    if (result !== "changed") return;
    signal.throwIfAborted();
  }
  throw new Error(`${labelRef(ref)} changes all the time`);
}

/** The claims and volumes of a namespace that hold data, or may. */
export async function listNamespaceVolumes(
  namespace: string,
  { client }: Pick<RemovalDeps, "client">,
): Promise<readonly Volume[]> {
  const volumes = await listVolumes(client);
  return volumes.filter((volume) => volume.claim?.namespace === namespace && !volume.isDeleting);
}

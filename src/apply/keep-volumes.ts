import type { JsonPatch } from "../cluster/cluster-client.ts";
import { labelRef } from "../cluster/object-ref.ts";
import { OperationError } from "../errors.ts";
import type { ApplyEvent } from "./event.ts";
import { findServiceVolumes } from "./find-volumes.ts";
import type { ServiceClaim } from "./find-volumes.ts";
import { countOf, formatTime, waitFor } from "./removal.ts";
import type { RemovalDeps } from "./removal.ts";
import { pointerKey, volumeLabels, volumeMarks, volumeRef } from "./volume.ts";
import type { ServiceAddress, Volume } from "./volume.ts";

/** How often all volumes are looked at again because one was made or changed meanwhile. */
const maxRounds = 10;

/**
 * Makes sure that nothing of a service's data goes when its release does: every volume that is its own, or that
 * nothing proves to be another's, is set to Retain and marked as the service's. Ends only when a fresh look found
 * nothing left to do; deciding from the cluster alone, it can be run again at any time.
 * Returns the volumes kept. Errors: `refused` when a volume does not stay Retain; `cancelled`; those of ClusterClient.
 */
export async function* keepVolumes(
  service: ServiceAddress,
  deps: RemovalDeps,
): AsyncGenerator<ApplyEvent, readonly Volume[]> {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  await waitUntilBound(service, deps);
  for (let round = 0; round < maxRounds; round++) {
    const { claims, detached } = await findServiceVolumes(deps.client, service);
    const bound = claims.filter(hasVolume);
    const open = bound.filter((claim) => !isKept(claim, service));
    if (open.length === 0) return [...bound.map(({ volume }) => volume), ...detached];
    yield { type: "step", unit, message: `keeping ${countOf(open.length, "volume")}: reclaim policy Retain` };
    for (const claim of open) {
      await markVolume(claim.volume, { ...marksOf(claim, service, deps), policy: "Retain" }, deps);
    }
  }
  throw unstable(service, "its volumes do not stay at reclaim policy Retain", "sets them back");
}

/**
 * Marks the volumes that are certainly the service's, without changing what becomes of them: after its release is
 * gone nothing else would tell whose they are. Returns them, and the claims that only may be the service's.
 */
export async function markVolumes(
  service: ServiceAddress,
  deps: RemovalDeps,
): Promise<{ readonly own: readonly Volume[]; readonly unclear: readonly ServiceClaim[] }> {
  await waitUntilBound(service, deps);
  for (let round = 0; round < maxRounds; round++) {
    const { claims, detached } = await findServiceVolumes(deps.client, service);
    const own = claims.filter(hasVolume).filter(({ attribution }) => attribution === "own");
    const open = own.filter(({ volume }) => volume.unit === undefined);
    if (open.length === 0) {
      return {
        own: [...own.map(({ volume }) => volume), ...detached],
        unclear: claims.filter(({ attribution }) => attribution === "unclear"),
      };
    }
    for (const { volume } of open) await markVolume(volume, { labels: volumeLabels(service) }, deps);
  }
  throw unstable(service, "the labels of its volumes do not stay", "changes their labels");
}

function unstable(service: ServiceAddress, what: string, cause: string): OperationError {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  return new OperationError("refused", `${unit}: ${what}`, {
    subject: unit,
    hint: `nothing was removed; find out who ${cause} (kubectl get pv -o yaml --show-managed-fields), then run the command again`,
  });
}

type BoundClaim = ServiceClaim & { readonly volume: Volume };

function hasVolume(claim: ServiceClaim): claim is BoundClaim {
  return claim.volume !== undefined;
}

function isKept({ volume, attribution }: BoundClaim, service: ServiceAddress): boolean {
  const isMarked = attribution === "own" ? volume.unit !== undefined : volume.perhapsOf !== undefined;
  return (
    volume.policy === "Retain" &&
    isMarked &&
    volume.platform === service.platform &&
    volume.keptSince !== undefined
  );
}

interface Marks {
  readonly policy?: "Retain";
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function marksOf(
  { volume, attribution }: BoundClaim,
  service: ServiceAddress,
  { clock }: RemovalDeps,
): Marks {
  const labels = volumeLabels(service);
  const since = volume.keptSince ?? formatTime(clock.nowMs());
  if (attribution === "own") return { labels, annotations: { [volumeMarks.keptSince]: since } };
  // not the unit's labels: what has them is deleted with the unit's data
  const { platform, workspace } = volumeMarks;
  return {
    labels: { [platform]: service.platform, [workspace]: service.workspaceId },
    annotations: {
      [volumeMarks.keptSince]: since,
      [volumeMarks.perhapsOf]: `${service.workspaceId}/${service.referenceId}`,
    },
  };
}

/** A volume that changed meanwhile is looked at again in the next round. */
async function markVolume(volume: Volume, marks: Marks, { client }: RemovalDeps): Promise<void> {
  const { policy } = marks;
  const patch: JsonPatch = [
    { op: "test", path: "/metadata/uid", value: volume.uid },
    { op: "test", path: "/metadata/resourceVersion", value: volume.resourceVersion },
    ...(policy === undefined
      ? []
      : [{ op: "replace" as const, path: "/spec/persistentVolumeReclaimPolicy", value: policy }]),
    ...addKeys("/metadata/labels", volume.hasLabels, marks.labels ?? {}),
    ...addKeys("/metadata/annotations", volume.hasAnnotations, marks.annotations ?? {}),
  ];
  const ref = volumeRef(volume.name);
  const result = await client.patch(ref, patch);
  if (result.type === "conflict") throw new Error(`${labelRef(ref)}: a JSON patch has no conflicts`);
}

function addKeys(path: string, isThere: boolean, values: Readonly<Record<string, string>>): JsonPatch {
  if (Object.keys(values).length === 0) return [];
  if (!isThere) return [{ op: "add", path, value: values }];
  return Object.entries(values).map(([key, value]) => ({
    op: "add",
    path: `${path}/${pointerKey(key)}`,
    value,
  }));
}

/** A volume that is just being made would come to be after we looked, with the policy of its class. */
async function waitUntilBound(service: ServiceAddress, deps: RemovalDeps): Promise<void> {
  await waitFor(deps, deps.timeouts.bindMs, async () => {
    const { claims } = await findServiceVolumes(deps.client, service);
    return claims.some((claim) => claim.isBeingBound) ? undefined : true;
  });
}

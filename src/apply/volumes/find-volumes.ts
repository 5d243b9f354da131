import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { labelPrefix } from "../../constructs/labels.ts";
import { chartsNamespace } from "../../model/names.ts";
import { attributeClaims, boundVolume, isBeingBound } from "./attribute-claims.ts";
import type { Attribution } from "./attribute-claims.ts";
import { readVolume } from "./volume.ts";
import type { ServiceAddress, Volume } from "./volume.ts";

/** A claim of a service, or perhaps of it, with the volume behind it. */
export interface ServiceClaim {
  readonly claim: LiveObject;
  readonly attribution: Exclude<Attribution, "other">;
  /** Undefined while it has none. */
  readonly volume: Volume | undefined;
  readonly isBeingBound: boolean;
}

/** The data of a service as the cluster has it now. */
export interface ServiceVolumes {
  readonly claims: readonly ServiceClaim[];
  /** Marked volumes of the service whose claim is gone. */
  readonly detached: readonly Volume[];
}

/** Release records of Helm in a namespace, metadata only; of one release when it is named. */
export async function listReleases(
  client: ClusterClient,
  namespace: string,
  release?: string,
): Promise<readonly LiveObject[]> {
  const { items } = await client.list({
    type: resourceTypes.Secret,
    namespace,
    labelSelector: release === undefined ? "owner=helm" : `owner=helm,name=${release}`,
    fieldSelector: "type=helm.sh/release.v1",
    metadataOnly: true,
  });
  return items;
}

/** Every PersistentVolume of the cluster. */
export async function listVolumes(client: ClusterClient): Promise<readonly Volume[]> {
  const { items } = await client.list({ type: resourceTypes.PersistentVolume });
  return items.map(readVolume);
}

/** Looks for all data of a service: six LISTs. */
export async function findServiceVolumes(
  client: ClusterClient,
  service: ServiceAddress,
): Promise<ServiceVolumes> {
  const { namespace, workspaceId, releaseName } = service;
  const [volumes, claims, statefulSets, pods, releases, charts] = await Promise.all([
    listVolumes(client),
    client.list({ type: resourceTypes.PersistentVolumeClaim, namespace }),
    client.list({ type: resourceTypes.StatefulSet, namespace }),
    client.list({ type: resourceTypes.Pod, namespace }),
    listReleases(client, namespace),
    client.list({
      type: resourceTypes.HelmChart,
      namespace: chartsNamespace,
      labelSelector: `${labelPrefix}/workspace=${workspaceId}`,
      metadataOnly: true,
    }),
  ]);
  const otherReleases = new Set([
    ...releases.flatMap(({ metadata }) => metadata.labels?.["name"] ?? []),
    ...charts.items.map(({ metadata }) => metadata.name),
  ]);
  otherReleases.delete(releaseName);
  const attributions = attributeClaims({
    service,
    claims: claims.items,
    statefulSets: statefulSets.items,
    pods: pods.items,
    volumes,
    otherReleases,
  });
  const found: ServiceClaim[] = [];
  for (const [claim, attribution] of attributions) {
    if (attribution === "other") continue;
    const volume = volumes.find((one) => isVolumeOf(one, claim));
    found.push({ claim, attribution, volume, isBeingBound: isBeingBound(claim) });
  }
  const attached = new Set(found.map(({ volume }) => volume?.name));
  const taken = new Set(
    [...attributions].flatMap(([claim, attribution]) =>
      attribution === "other" ? [claim.metadata.uid] : [],
    ),
  );
  const detached = volumes.filter(
    (volume) =>
      isOf(volume, service) &&
      !attached.has(volume.name) &&
      // a person gave it to somebody else
      (volume.claim === undefined || volume.claim.namespace === namespace) &&
      !taken.has(volume.claim?.uid ?? ""),
  );
  return { claims: found, detached };
}

/** A volume is bound from its own side: while it is being bound, the claim may not say so yet. */
function isVolumeOf(volume: Volume, claim: LiveObject): boolean {
  return volume.claim?.uid === claim.metadata.uid || volume.name === boundVolume(claim);
}

/** True when our labels say that the volume holds this service's data. */
export function isOf(
  volume: Volume,
  { platform, workspaceId, referenceId }: Pick<ServiceAddress, "platform" | "workspaceId" | "referenceId">,
): boolean {
  return volume.platform === platform && volume.unit === `${workspaceId}/${referenceId}`;
}

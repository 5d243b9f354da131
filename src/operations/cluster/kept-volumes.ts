import { boundVolume, usedClaims } from "../../apply/volumes/attribute-claims.ts";
import { hasEnded } from "../../apply/volumes/claim-users.ts";
import { readVolume, volumeMarks } from "../../apply/volumes/volume.ts";
import type { Volume } from "../../apply/volumes/volume.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { chartsNamespace, namespaceName, releaseName } from "../../model/names.ts";

/** A volume that outlived its service, or was given back to it. */
export interface KeptVolume {
  readonly volume: Volume;
  /**
   * `kept`: nobody uses it. `reserved`: its service is there and has not claimed it yet. `in-use`: its service is there
   * again, or a pod mounts it. `foreign`: a claim holds it that is not, or not surely, of the service it was kept for.
   */
  readonly state: "kept" | "reserved" | "in-use" | "foreign";
  /** A pod that mounts it. */
  readonly pod: string | undefined;
}

/** Every volume of a platform that was kept. Errors: those of ClusterClient. */
export async function readKeptVolumes(
  client: ClusterClient,
  platform: string,
): Promise<readonly KeptVolume[]> {
  const labelSelector = `${volumeMarks.platform}=${platform}`;
  const [objects, charts] = await Promise.all([
    client.list({ type: resourceTypes.PersistentVolume, labelSelector }),
    client.list({
      type: resourceTypes.HelmChart,
      namespace: chartsNamespace,
      labelSelector,
      metadataOnly: true,
    }),
  ]);
  const volumes = objects.items.map(readVolume);
  const releases = new Set(charts.items.map(({ metadata }) => metadata.name));
  const [mounts, passedOver] = await Promise.all([
    findMounts(client, volumes),
    findPassedOver(client, volumes),
  ]);
  return volumes
    .map((volume) => {
      const pod = volume.phase === "Bound" ? mounts.get(claimKey(volume.claim)) : undefined;
      return { volume, pod, state: stateOf(volume, { releases, pod, passedOver }) };
    })
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ volume }: KeptVolume): string {
  return `${volume.unit ?? volume.perhapsOf ?? ""} ${volume.claim?.name ?? ""} ${volume.name}`;
}

interface Surroundings {
  /** Names of the HelmCharts there are. */
  readonly releases: ReadonlySet<string>;
  readonly pod: string | undefined;
  readonly passedOver: ReadonlySet<string>;
}

function stateOf(volume: Volume, { releases, pod, passedOver }: Surroundings): KeptVolume["state"] {
  const [workspace = "", reference = ""] = (volume.unit ?? "").split("/");
  const isServed = volume.unit !== undefined && releases.has(releaseName(workspace, reference));
  if (volume.phase === "Bound") {
    const isAtHome = volume.unit !== undefined && volume.claim?.namespace === namespaceName(workspace);
    if (!isAtHome) return "foreign";
    if (isServed) return "in-use";
    if (volume.keptClaim !== undefined && volume.keptClaim !== volume.claim?.uid) return "foreign";
    return pod === undefined ? "kept" : "in-use";
  }
  return volume.phase === "Available" && isServed && !passedOver.has(volume.name) ? "reserved" : "kept";
}

function claimKey(claim: Volume["claim"]): string {
  return `${claim?.namespace ?? ""}/${claim?.name ?? ""}`;
}

/** The first pod that mounts each claim, in the namespaces of bound volumes. */
async function findMounts(
  client: ClusterClient,
  volumes: readonly Volume[],
): Promise<ReadonlyMap<string, string>> {
  const bound = volumes.filter(({ phase }) => phase === "Bound");
  const namespaces = [...new Set(bound.flatMap(({ claim }) => claim?.namespace ?? []))];
  const pods = await Promise.all(
    namespaces.map(async (namespace) => client.list({ type: resourceTypes.Pod, namespace })),
  );
  const mounts = new Map<string, string>();
  for (const pod of pods.flatMap(({ items }) => items)) {
    if (hasEnded(pod)) continue;
    const { name: podName, namespace = "" } = pod.metadata;
    for (const name of usedClaims(pod)) {
      const key = claimKey({ namespace, name, uid: undefined });
      if (!mounts.has(key)) mounts.set(key, podName);
    }
  }
  return mounts;
}

/** Volumes that wait for a claim which has another volume, as one does that asks for more than was kept. */
async function findPassedOver(
  client: ClusterClient,
  volumes: readonly Volume[],
): Promise<ReadonlySet<string>> {
  const waiting = volumes.filter(({ phase, claim }) => phase === "Available" && claim !== undefined);
  const found = await Promise.all(
    waiting.map(async ({ name, claim }) => {
      const live = await client.get({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        ...claim,
        name: claim?.name ?? "",
        namespace: claim?.namespace,
      });
      const bound = live === undefined ? undefined : boundVolume(live);
      return bound !== undefined && bound !== name ? [name] : [];
    }),
  );
  return new Set(found.flat());
}

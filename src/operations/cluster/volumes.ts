import { usedClaims } from "../../apply/attribute-claims.ts";
import { deleteVolumes } from "../../apply/delete-volumes.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { defaultRemovalTimeouts } from "../../apply/removal.ts";
import type { Stuck } from "../../apply/removal.ts";
import { readVolume, volumeMarks } from "../../apply/volume.ts";
import type { Volume } from "../../apply/volume.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { chartsNamespace, releaseName } from "../../model/names.ts";
import type { LockOptions } from "./apply.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { openCluster, underLock } from "./open-cluster.ts";

/** A volume that outlived its service, or was given back to it. */
export interface KeptVolume {
  readonly volume: Volume;
  /**
   * `kept`: nobody uses it. `reserved`: its service is there and has not claimed it yet. `in-use`: its service is there again, or
   * a pod mounts it.
   */
  readonly state: "kept" | "reserved" | "in-use";
}

export interface VolumeList {
  readonly cluster: string;
  readonly volumes: readonly KeptVolume[];
}

/** What is kept in a cluster. Errors: see openCluster. */
export async function listKeptVolumes(
  deps: ClusterDeps,
  { cluster: name }: { readonly cluster: string | undefined },
): Promise<VolumeList> {
  const { platform, cluster, client } = await openCluster(deps, name);
  return { cluster: cluster.name, volumes: await readKeptVolumes(client, platform.name) };
}

async function readKeptVolumes(client: ClusterClient, platform: string): Promise<readonly KeptVolume[]> {
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
  const mounted = await findMountedClaims(client, volumes);
  return volumes
    .map((volume) => ({ volume, state: stateOf(volume, { releases, mounted }) }))
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ volume }: KeptVolume): string {
  return `${volume.unit ?? volume.perhapsOf ?? ""} ${volume.claim?.name ?? ""} ${volume.name}`;
}

function stateOf(
  volume: Volume,
  { releases, mounted }: { readonly releases: ReadonlySet<string>; readonly mounted: ReadonlySet<string> },
): KeptVolume["state"] {
  const [workspace = "", reference = ""] = (volume.unit ?? "").split("/");
  const isServed = volume.unit !== undefined && releases.has(releaseName(workspace, reference));
  const isMounted = volume.phase === "Bound" && mounted.has(claimKey(volume.claim));
  if (isMounted || (isServed && volume.phase === "Bound")) return "in-use";
  return volume.phase === "Available" && isServed ? "reserved" : "kept";
}

function claimKey(claim: Volume["claim"]): string {
  return `${claim?.namespace ?? ""}/${claim?.name ?? ""}`;
}

/** Claims that pods mount, in the namespaces of bound volumes. */
async function findMountedClaims(
  client: ClusterClient,
  volumes: readonly Volume[],
): Promise<ReadonlySet<string>> {
  const bound = volumes.filter(({ phase }) => phase === "Bound");
  const namespaces = [...new Set(bound.flatMap(({ claim }) => claim?.namespace ?? []))];
  const pods = await Promise.all(
    namespaces.map(async (namespace) => client.list({ type: resourceTypes.Pod, namespace })),
  );
  return new Set(
    pods.flatMap(({ items }) =>
      items.flatMap((pod) =>
        usedClaims(pod).map((name) =>
          claimKey({ namespace: pod.metadata.namespace ?? "", name, uid: undefined }),
        ),
      ),
    ),
  );
}

export interface DeleteVolumesOptions {
  readonly cluster: string | undefined;
  /** Names of PersistentVolumes. */
  readonly names: readonly string[];
  readonly lock: LockOptions;
  /** Asked once, with what would go. */
  readonly confirm: (volumes: readonly KeptVolume[]) => Promise<boolean>;
}

export type DeleteVolumesReport =
  | { readonly type: "declined" }
  | {
      readonly type: "done";
      readonly deleted: readonly string[];
      /** By name: why a volume could not be deleted. */
      readonly stuck: ReadonlyMap<string, Stuck>;
    };

/**
 * Deletes kept volumes with their data, for good. Only what is ours and kept: a volume that a service uses, or that
 * waits for one that is there, is refused before anything is deleted.
 * Errors: `not-found`, `refused`; those of openCluster and acquireLock.
 */
export async function* deleteKeptVolumes(
  deps: ClusterDeps,
  options: DeleteVolumesOptions,
): AsyncGenerator<ApplyEvent, DeleteVolumesReport> {
  const { names, lock } = options;
  const { platform, client } = await openCluster(deps, options.cluster);
  const wanted = pickVolumes(await readKeptVolumes(client, platform.name), names);
  if (!(await options.confirm(wanted))) return { type: "declined" };
  return yield* underLock(deps, { client, purpose: "volumes delete", lock }, async function* work(guarded) {
    const deleted: string[] = [];
    const stuck = new Map<string, Stuck>();
    // looked at again: a service may have been created while a person was asked
    const sure = pickVolumes(await readKeptVolumes(guarded, platform.name), names);
    for (const { volume } of sure) {
      const held = yield* deleteVolume(volume, { ...deps, client: guarded });
      if (held === undefined) deleted.push(volume.name);
      else stuck.set(volume.name, held);
    }
    return { type: "done" as const, deleted, stuck };
  });
}

function pickVolumes(volumes: readonly KeptVolume[], names: readonly string[]): readonly KeptVolume[] {
  return [...new Set(names)].map((name) => {
    const found = volumes.find(({ volume }) => volume.name === name);
    if (found === undefined) {
      const known = volumes.map(({ volume }) => volume.name);
      throw new OperationError("not-found", `no kept volume is called ${name}`, {
        subject: name,
        hint: suggestHint(name, known) ?? "woow volumes list shows what is kept; nothing was deleted",
      });
    }
    if (found.state === "kept") return found;
    const { unit, claim } = found.volume;
    const owner = unit ?? `a pod, by claim ${claim?.namespace ?? ""}/${claim?.name ?? ""}`;
    const why =
      found.state === "in-use"
        ? `is used by ${owner}`
        : `waits for the claim ${claim?.name ?? ""} of ${owner}`;
    throw new OperationError("refused", `volume ${name} ${why}`, {
      subject: name,
      hint: `nothing was deleted; \`woow destroy ${unit ?? "UNIT"} --delete-data\` removes a service with its data`,
    });
  });
}

async function* deleteVolume(
  volume: Volume,
  deps: Pick<ClusterDeps, "clock" | "signal"> & { readonly client: ClusterClient },
): AsyncGenerator<ApplyEvent, Stuck | undefined> {
  const { client } = deps;
  const { claim } = volume;
  const live =
    claim === undefined
      ? undefined
      : await client.get({ apiVersion: "v1", kind: "PersistentVolumeClaim", ...claim });
  const claims = live !== undefined && live.metadata.uid === claim?.uid ? [live] : [];
  const unit = volume.unit ?? volume.perhapsOf ?? volume.name;
  return yield* deleteVolumes(
    { unit, claims, volumes: [volume] },
    { ...deps, timeouts: defaultRemovalTimeouts },
  );
}

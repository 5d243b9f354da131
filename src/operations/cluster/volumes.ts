import { deleteVolumes } from "../../apply/volumes/delete-volumes.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { defaultRemovalTimeouts } from "../../apply/remove/removal.ts";
import type { Stuck } from "../../apply/remove/removal.ts";
import type { Volume } from "../../apply/volumes/volume.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import type { LockOptions } from "./apply.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { readKeptVolumes } from "./kept-volumes.ts";
import type { KeptVolume } from "./kept-volumes.ts";
import { openCluster, underLock } from "./open-cluster.ts";

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
    if (found.state !== "kept") throw refusal(found);
    return found;
  });
}

function refusal({ volume, state, pod }: KeptVolume): OperationError {
  const { name, unit, perhapsOf, claim } = volume;
  const place = `${claim?.namespace ?? ""}/${claim?.name ?? ""}`;
  const kubectl = `\`kubectl delete pvc -n ${claim?.namespace ?? ""} ${claim?.name ?? ""}\``;
  const refused = (why: string, hint: string) =>
    new OperationError("refused", `volume ${name} ${why}`, {
      subject: name,
      hint: `nothing was deleted; ${hint}`,
    });
  if (state === "foreign") {
    const owner = unit ?? perhapsOf ?? "a service";
    return refused(
      `was kept for ${owner}, and is held by the claim ${place}${pod === undefined ? "" : `, which pod ${pod} mounts`}; nothing proves that this claim is of ${owner}`,
      `when nobody needs the claim either, delete it first: ${kubectl}`,
    );
  }
  const destroy = `\`woow destroy ${unit ?? "UNIT"} --delete-data\` removes a service with its data`;
  if (state === "reserved") return refused(`waits for the claim ${place} of ${unit ?? ""}`, destroy);
  return pod === undefined
    ? refused(`is used by ${unit ?? ""}`, destroy)
    : refused(
        `is used by ${unit ?? ""}: pod ${pod} mounts its claim ${place}`,
        `end the pod, or what makes it, first; ${destroy}`,
      );
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

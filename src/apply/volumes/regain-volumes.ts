import type { JsonPatch } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { OperationError } from "../../errors.ts";
import { boundVolume } from "./attribute-claims.ts";
import type { ApplyEvent } from "../event.ts";
import { defaultRemovalTimeouts, waitFor } from "../remove/removal.ts";
import type { RemovalDeps } from "../remove/removal.ts";
import { pointerKey, readVolume, volumeMarks, volumeRef } from "./volume.ts";
import type { Volume } from "./volume.ts";

export interface RegainDeps extends Omit<RemovalDeps, "timeouts"> {
  readonly timeouts?: RemovalDeps["timeouts"];
  /** Name of the platform. */
  readonly platform: string;
}

/** Gives a service that is about to be created the volumes that were kept when it was removed. */
export type VolumeRegainer = (
  unit: string,
  service: {
    readonly namespace: string;
    /** True: the service went in this very run, so its volumes are looked for again. */
    readonly isFresh?: boolean;
  },
) => AsyncGenerator<ApplyEvent, readonly Volume[]>;

/**
 * Makes a regainer for one run: kept volumes are listed once, when the first service asks. A kept volume waits as
 * released by a claim that is gone; without that claim's uid it is reserved for the next claim of the same namespace
 * and name, and for no other tenant's. Its policy stays Retain: data that was worth keeping is never again deleted by
 * the way. A claim that outlived its release is taken over by the chart itself.
 * The regainer's errors: `unavailable` when a volume does not become free, so that the service is not started empty;
 * `cancelled`; those of ClusterClient.
 */
export function createVolumeRegainer(options: RegainDeps): VolumeRegainer {
  const deps = { ...options, timeouts: options.timeouts ?? defaultRemovalTimeouts };
  let listed: Promise<readonly Volume[]> | undefined;
  return async function* regain(unit, { namespace, isFresh = false }) {
    listed ??= listMarked(deps);
    const own = (await (isFresh ? listMarked(deps) : listed)).filter(
      (one) => one.unit === unit && one.claim?.namespace === namespace,
    );
    const regained: Volume[] = [];
    for (const volume of newestOfEachClaim(own)) {
      if (await hasOtherVolume(volume, deps)) continue;
      await reserve(volume, deps);
      const since = volume.keptSince === undefined ? "" : `, kept since ${volume.keptSince}`;
      const message = `volume ${volume.name} (${volume.size}${since}) waits for claim ${volume.claim?.name ?? ""}`;
      yield { type: "step", unit, message };
      regained.push(volume);
    }
    return regained;
  };
}

type Deps = RemovalDeps & Pick<RegainDeps, "platform">;

async function listMarked({ client, platform }: Deps): Promise<readonly Volume[]> {
  const { items } = await client.list({
    type: resourceTypes.PersistentVolume,
    labelSelector: `${volumeMarks.platform}=${platform},${volumeMarks.service}`,
  });
  return items.map(readVolume).filter(({ isDeleting }) => !isDeleting);
}

/** A claim takes one volume: the one in use, else the one that was kept last. */
function newestOfEachClaim(volumes: readonly Volume[]): Volume[] {
  const byClaim = Map.groupBy(volumes, ({ claim }) => claim?.name ?? "");
  return [...byClaim.values()].flatMap((group) => {
    if (group.some(({ phase }) => phase === "Bound")) return [];
    const newestFirst = group.toSorted((a, b) => ((a.keptSince ?? "") < (b.keptSince ?? "") ? 1 : -1));
    return newestFirst.slice(0, 1);
  });
}

async function hasOtherVolume({ claim, name }: Volume, { client }: Deps): Promise<boolean> {
  const ref = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    namespace: claim?.namespace,
    name: claim?.name ?? "",
  };
  const live = await client.get(ref);
  const bound = live === undefined ? undefined : boundVolume(live);
  return bound !== undefined && bound !== name;
}

async function reserve(volume: Volume, deps: Deps): Promise<void> {
  const ref = volumeRef(volume.name);
  const phase = await waitFor(deps, deps.timeouts.objectMs, async () => {
    const object = await deps.client.get(ref);
    if (object === undefined || object.metadata.uid !== volume.uid) return "gone";
    const now = readVolume(object);
    if (now.phase === "Available" || now.phase === "Bound") return now.phase;
    const patch = freePatch(object, now);
    if (patch !== undefined) await deps.client.patch(ref, patch);
    return undefined;
  });
  if (phase === "Available" || phase === "Bound") return;
  throw new OperationError(
    "unavailable",
    `${labelRef(ref)} holds kept data and does not become free for the service`,
    {
      subject: labelRef(ref),
      hint: `the service was not created, so that it does not start empty; \`kubectl describe pv ${volume.name}\` says why, \`woow volumes delete ${volume.name}\` gives the data up`,
    },
  );
}

/** Takes off what ties the volume to the claim that is gone; undefined when nothing does. */
function freePatch(object: LiveObject, { uid, claim, keptSince, keptClaim }: Volume): JsonPatch | undefined {
  if (claim?.uid === undefined) return undefined;
  const { spec } = object as { readonly spec?: { readonly claimRef?: object } } & LiveObject;
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/spec/claimRef/uid", value: claim.uid },
    { op: "remove", path: "/spec/claimRef/uid" },
    ...(spec?.claimRef !== undefined && "resourceVersion" in spec.claimRef
      ? [{ op: "remove" as const, path: "/spec/claimRef/resourceVersion" }]
      : []),
    ...(keptSince === undefined ? [] : [dropAnnotation(volumeMarks.keptSince)]),
    ...(keptClaim === undefined ? [] : [dropAnnotation(volumeMarks.keptClaim)]),
  ];
}

function dropAnnotation(name: string) {
  return { op: "remove" as const, path: `/metadata/annotations/${pointerKey(name)}` };
}

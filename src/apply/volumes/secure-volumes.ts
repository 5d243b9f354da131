import type { JsonPatch } from "../../cluster/cluster-client.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import { OperationError } from "../../errors.ts";
import type { ApplyEvent } from "../event.ts";
import { findServiceVolumes } from "./find-volumes.ts";
import type { ServiceClaim } from "./find-volumes.ts";
import { countOf, formatTime, waitFor } from "../remove/removal.ts";
import type { RemovalDeps, RemovalMode } from "../remove/removal.ts";
import { pointerKey, volumeLabels, volumeMarks, volumeRef } from "./volume.ts";
import type { ServiceAddress, Volume } from "./volume.ts";

/** How often all volumes are looked at again because one was made or changed meanwhile. */
const maxRounds = 10;

/** A service's data, before and while its release goes. */
export interface DataGuard {
  /**
   * Makes sure of all data there is. With `keep-data` every volume that is the service's, or that nothing proves to be
   * another's, is set to Retain and marked; with `delete-data` those that are certainly the service's are marked, as
   * nothing else would tell whose they are once the release is gone. Ends only when a fresh look found nothing left to
   * do; deciding from the cluster alone, it can be run again at any time.
   * Errors: `refused` when a volume does not stay as it was set; `cancelled`; those of ClusterClient.
   */
  readonly secure: () => AsyncGenerator<ApplyEvent, void>;
  /** Does the same for what came to be since, once and without waiting. Errors: those of ClusterClient. */
  readonly secureLate: () => Promise<void>;
  /** True when it has to be looked again: a claim had no volume yet, and may get one at any moment. */
  readonly isExpecting: () => boolean;
  /** The volumes made sure of so far, as they are now. */
  readonly volumes: () => readonly Volume[];
}

/** Makes a guard for one removal. */
export function createDataGuard(service: ServiceAddress, mode: RemovalMode, deps: RemovalDeps): DataGuard {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const volumes = new Map<string, Volume>();
  let isExpecting = false;
  const look = async (): Promise<readonly BoundClaim[]> => {
    const { claims, detached } = await findServiceVolumes(deps.client, service);
    isExpecting = claims.some(({ volume }) => volume === undefined);
    const bound = claims
      .filter(hasVolume)
      .filter(({ attribution }) => mode === "keep-data" || attribution === "own");
    for (const volume of [...bound.map((claim) => claim.volume), ...detached])
      volumes.set(volume.name, volume);
    return bound.filter((claim) => !isSecured(claim, { service, mode }));
  };
  const mark = async (open: readonly BoundClaim[]): Promise<void> => {
    for (const claim of open) await markVolume(claim.volume, marksOf(claim, { service, mode }, deps), deps);
  };
  return {
    async *secure() {
      await waitUntilBound(service, deps);
      for (let round = 0; round < maxRounds; round++) {
        const open = await look();
        if (open.length === 0) return;
        if (mode === "keep-data") {
          yield {
            type: "step",
            unit,
            message: `keeping ${countOf(open.length, "volume")}: reclaim policy Retain`,
          };
        }
        await mark(open);
      }
      throw unstable(unit, mode);
    },
    async secureLate() {
      const open = await look();
      await mark(open);
      // seen to be so with the next look
      isExpecting ||= open.length > 0;
    },
    isExpecting: () => isExpecting,
    volumes: () => [...volumes.values()],
  };
}

function unstable(unit: string, mode: RemovalMode): OperationError {
  const [what, cause] =
    mode === "keep-data"
      ? ["its volumes do not stay at reclaim policy Retain", "sets them back"]
      : ["the labels of its volumes do not stay", "changes their labels"];
  return new OperationError("refused", `${unit}: ${what}`, {
    subject: unit,
    hint: `nothing was removed; find out who ${cause} (kubectl get pv -o yaml --show-managed-fields), then run the command again`,
  });
}

type BoundClaim = ServiceClaim & { readonly volume: Volume };

function hasVolume(claim: ServiceClaim): claim is BoundClaim {
  return claim.volume !== undefined;
}

interface Removal {
  readonly service: ServiceAddress;
  readonly mode: RemovalMode;
}

function isSecured({ claim, volume, attribution }: BoundClaim, { service, mode }: Removal): boolean {
  const unit = `${service.workspaceId}/${service.referenceId}`;
  const isMarked =
    volume.platform === service.platform &&
    (attribution === "own" ? volume.unit === unit : volume.perhapsOf !== undefined);
  if (mode === "delete-data") return isMarked;
  const isKept = volume.keptSince !== undefined && volume.keptClaim === claim.metadata.uid;
  return volume.policy === "Retain" && isMarked && isKept;
}

interface Marks {
  readonly policy?: "Retain";
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function marksOf(
  { claim, volume, attribution }: BoundClaim,
  { service, mode }: Removal,
  { clock }: RemovalDeps,
): Marks {
  const labels = volumeLabels(service);
  if (mode === "delete-data") return { labels };
  const { uid } = claim.metadata;
  const since = volume.keptClaim === uid ? volume.keptSince : undefined;
  const annotations = {
    [volumeMarks.keptSince]: since ?? formatTime(clock.nowMs()),
    [volumeMarks.keptClaim]: uid,
  };
  if (attribution === "own") return { policy: "Retain", labels, annotations };
  // not the unit's labels: what has them is deleted with the unit's data
  const { platform, workspace } = volumeMarks;
  return {
    policy: "Retain",
    labels: { [platform]: service.platform, [workspace]: service.workspaceId },
    annotations: {
      ...annotations,
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

import type { LiveObject } from "../../cluster/live-object.ts";
import type { ServiceAddress, Volume } from "./volume.ts";

/**
 * Whose a claim is. `unclear`: nothing proves that it is this service's, nor that it is not: its data is kept like
 * the service's own, and never deleted with it.
 */
export type Attribution = "own" | "unclear" | "other";

export interface ClaimEvidence {
  readonly service: ServiceAddress;
  /** PersistentVolumeClaims of the namespace. */
  readonly claims: readonly LiveObject[];
  /** StatefulSets and Pods of the namespace. */
  readonly statefulSets: readonly LiveObject[];
  readonly pods: readonly LiveObject[];
  readonly volumes: readonly Volume[];
  /** Every other Helm release there, whoever installed it. */
  readonly otherReleases: ReadonlySet<string>;
}

/** Helm writes it on every object it makes. */
export const helmRelease = "meta.helm.sh/release-name";

interface StatefulSetBody {
  readonly spec?: {
    readonly volumeClaimTemplates?: readonly { readonly metadata?: { readonly name?: string } }[];
  };
}

interface PodBody {
  readonly spec?: {
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName?: string } }[];
  };
}

/**
 * Tells the claims of one release from those of its neighbours by what speaks for one or the other: our own marks on
 * the bound volume, Helm's annotation, the StatefulSet whose template makes a claim of exactly this name, and the
 * labels charts give their objects. What contradicts itself is unclear, as anybody in a tenant's namespace can write
 * annotations and labels. A name alone proves nothing: `data-x-db-2-0` is a claim of `x-db-2`, or of a part `2` of
 * `x-db`. Pods prove only that a claim is another's: a claim made by hand does not become the service's because it is
 * mounted.
 */
export function attributeClaims(evidence: ClaimEvidence): ReadonlyMap<LiveObject, Attribution> {
  const byName = new Map(evidence.volumes.map((volume) => [volume.name, volume]));
  return new Map(evidence.claims.map((claim) => [claim, attribute(claim, evidence, byName)]));
}

function attribute(
  claim: LiveObject,
  evidence: ClaimEvidence,
  volumes: ReadonlyMap<string, Volume>,
): Attribution {
  const { service, pods, statefulSets, otherReleases } = evidence;
  const whose = (release: string) => judge(release, service.releaseName, otherReleases);
  const { annotations, labels } = claim.metadata;
  const helm = [annotations?.[helmRelease], templateRelease(claim, statefulSets)];
  const votes = [
    ...markOf(volumes.get(boundVolume(claim) ?? ""), service),
    ...helm.flatMap((release) => (release === undefined ? [] : [whose(release)])),
    // some charts write in labels what is no release's name
    ...releaseLabels(labels).map(whose).filter(isKnown),
  ];
  const [first] = votes;
  if (first !== undefined) return votes.every((vote) => vote === first) ? first : "unclear";

  const users = pods.filter((pod) => usedClaims(pod).includes(claim.metadata.name));
  const isOthers = users.every((pod) => {
    const named = releaseLabels(pod.metadata.labels).map(whose);
    return !named.includes("own") && named.includes("other");
  });
  return users.length > 0 && isOthers ? "other" : "unclear";
}

/** Marks of another workspace's service are of a volume that a person bound anew: they say nothing about this claim. */
function markOf(volume: Volume | undefined, service: ServiceAddress): Attribution[] {
  if (volume?.unit === undefined || volume.platform !== service.platform) return [];
  const [workspace] = volume.unit.split("/");
  if (workspace !== service.workspaceId) return [];
  return [volume.unit === `${service.workspaceId}/${service.referenceId}` ? "own" : "other"];
}

function isKnown(attribution: Attribution): boolean {
  return attribution !== "unclear";
}

/** The release of the StatefulSet that made a claim from its template: `TEMPLATE-STATEFULSET-NUMBER`. */
function templateRelease(claim: LiveObject, statefulSets: readonly LiveObject[]): string | undefined {
  const { name } = claim.metadata;
  const owner = statefulSets.find((set) => {
    const { spec } = set as StatefulSetBody & LiveObject;
    return (spec?.volumeClaimTemplates ?? []).some(({ metadata }) => {
      const start = `${metadata?.name ?? ""}-${set.metadata.name}-`;
      return name.startsWith(start) && /^\d+$/.test(name.slice(start.length));
    });
  });
  return owner?.metadata.annotations?.[helmRelease];
}

function judge(release: string, own: string, others: ReadonlySet<string>): Attribution {
  if (release === own) return "own";
  return others.has(release) ? "other" : "unclear";
}

/** The release that labels name; `release` is what older charts say. */
export function releaseLabels(labels: Readonly<Record<string, string>> | undefined): string[] {
  return [labels?.["app.kubernetes.io/instance"], labels?.["release"]].filter((name) => name !== undefined);
}

/** The claims a pod mounts. */
export function usedClaims(pod: LiveObject): string[] {
  const { spec } = pod as PodBody & LiveObject;
  return (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

/** The volume a claim is bound to, or is being bound to. */
export function boundVolume(claim: LiveObject): string | undefined {
  const { spec } = claim as { readonly spec?: { readonly volumeName?: string } } & LiveObject;
  return spec?.volumeName;
}

/** True while a provisioner may be making a volume for the claim: it has no data yet, but may have any moment. */
export function isBeingBound(claim: LiveObject): boolean {
  const { status } = claim as { readonly status?: { readonly phase?: string } } & LiveObject;
  if (status?.phase !== "Pending") return false;
  const { annotations = {} } = claim.metadata;
  // the last is for classes that do not wait for a pod
  const marks = ["volume.kubernetes.io/selected-node", "volume.kubernetes.io/storage-provisioner"];
  return boundVolume(claim) !== undefined || marks.some((mark) => annotations[mark] !== undefined);
}

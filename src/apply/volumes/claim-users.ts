import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { helmRelease, releaseLabels, usedClaims } from "./attribute-claims.ts";
import type { ServiceAddress } from "./volume.ts";

/** A pod that mounts a claim. */
export interface ClaimUser {
  readonly pod: string;
  readonly claim: string;
  /** The release that the pod's labels name; undefined when they name none. */
  readonly release: string | undefined;
}

/** Pods of a namespace that mount one of the claims and have not ended. Errors: those of ClusterClient. */
export async function listClaimUsers(
  client: ClusterClient,
  namespace: string,
  claims: readonly LiveObject[],
): Promise<readonly LiveObject[]> {
  if (claims.length === 0) return [];
  const names = new Set(claims.map(({ metadata }) => metadata.name));
  const { items } = await client.list({ type: resourceTypes.Pod, namespace });
  return items.filter((pod) => !hasEnded(pod) && usedClaims(pod).some((name) => names.has(name)));
}

/** An ended pod keeps nothing from being deleted. */
export function hasEnded(pod: LiveObject): boolean {
  const { status } = pod as { readonly status?: { readonly phase?: string } } & LiveObject;
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/**
 * Pods that mount a service's claims and do not go with its release: of another service, or made by hand.
 * Errors: those of ClusterClient.
 */
export async function findStrangeUsers(
  client: ClusterClient,
  service: ServiceAddress,
  claims: readonly LiveObject[],
): Promise<readonly ClaimUser[]> {
  const pods = await listClaimUsers(client, service.namespace, claims);
  const names = new Set(claims.map(({ metadata }) => metadata.name));
  const found: ClaimUser[] = [];
  for (const pod of pods) {
    if (await goesWith(service.releaseName, pod, client)) continue;
    const claim = usedClaims(pod).find((name) => names.has(name)) ?? "";
    found.push({ pod: pod.metadata.name, claim, release: releaseLabels(pod.metadata.labels)[0] });
  }
  return found;
}

/** `pod backup, which is of paas-ws-a-web-02`. */
export function describeUser({ pod, release }: Pick<ClaimUser, "pod" | "release">): string {
  return release === undefined ? `pod ${pod}` : `pod ${pod} of ${release}`;
}

/** What owns a pod, and what owns that. */
const maxOwners = 3;

const { Deployment, StatefulSet, DaemonSet, Job, CronJob } = resourceTypes;
const workloads: ReadonlySet<string> = new Set(
  [Deployment, StatefulSet, DaemonSet, Job, CronJob].map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
);

async function goesWith(release: string, pod: LiveObject, client: ClusterClient): Promise<boolean> {
  const named = releaseLabels(pod.metadata.labels);
  if (named.length > 0) return named.includes(release);
  let object = pod;
  for (let level = 0; level < maxOwners; level++) {
    if (object.metadata.annotations?.[helmRelease] === release) return true;
    const owner = ownerOf(object, pod);
    if (owner === undefined) return false;
    // an operator's own kinds: nobody can tell, and before data goes it is waited for the pod's end all the same
    if (!workloads.has(`${owner.apiVersion} ${owner.kind}`)) return true;
    const live = await client.get(owner);
    if (live === undefined) return true;
    object = live;
  }
  return false;
}

function ownerOf(object: LiveObject, pod: LiveObject): ObjectRef | undefined {
  const { namespace } = object.metadata;
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { apiVersion, kind, name } = owner;
  const hash = pod.metadata.labels?.["pod-template-hash"];
  if (kind !== "ReplicaSet" || hash === undefined || !name.endsWith(`-${hash}`)) {
    return { apiVersion, kind, namespace, name };
  }
  // of a Deployment, which names its ReplicaSets so
  return { apiVersion, kind: "Deployment", namespace, name: name.slice(0, -hash.length - 1) };
}

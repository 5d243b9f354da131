import type { ClusterClient, ListQuery } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { refKey, refOf } from "../../cluster/object-ref.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { OperationError } from "../../errors.ts";
import { findMissing } from "../../status/find-missing.ts";
import { readReleaseContents } from "../../status/read-release-contents.ts";
import { reduceRelease } from "../../status/reduce-release.ts";
import { createReleaseMemory } from "../../status/release-content.ts";
import type { ReleaseMemory } from "../../status/release-content.ts";

export interface ObserveReleasesOptions {
  /** The services in question. */
  readonly services: readonly { readonly releaseName: string; readonly namespace: string }[];
  /** Secrets of Helm releases, metadata only, read before what they made is looked for. */
  readonly releases: readonly LiveObject[];
  readonly contents: ReleaseMemory | undefined;
}

/** What became of what Helm made. */
export interface ReleasesObserved {
  /** By release name: workloads and Services that its newest release made and that are gone. */
  readonly missing: ReadonlyMap<string, readonly ObjectRef[]>;
  /** Every workload of the cluster; undefined where nobody had to look. */
  readonly workloads: readonly LiveObject[] | undefined;
}

/**
 * Looks for what deployed releases made: four LIST requests, and one for every 50 records that are not in the memory;
 * none where nothing is deployed. What may not be read counts as there. Errors: see ClusterClient.
 */
export async function observeReleases(
  client: ClusterClient,
  { services, releases, contents }: ObserveReleasesOptions,
): Promise<ReleasesObserved> {
  const records = releases.flatMap((object) => reduceRelease(object) ?? []);
  const deployed = services.flatMap(({ releaseName, namespace }) => {
    const own = records.filter((one) => one.release === releaseName && one.namespace === namespace);
    const newest = own.sort((a, b) => b.revision - a.revision)[0];
    return newest?.status === "deployed" ? [newest] : [];
  });
  if (deployed.length === 0) return { missing: new Map(), workloads: undefined };
  const { Deployment, StatefulSet, DaemonSet, Service } = resourceTypes;
  try {
    const [made, selectors, ...lists] = await Promise.all([
      readReleaseContents(client, deployed, contents ?? createReleaseMemory()),
      client.list({ type: Service, metadataOnly: true }),
      ...[Deployment, StatefulSet, DaemonSet].map(async (type) => client.list({ type } satisfies ListQuery)),
    ]);
    const workloads = lists.flatMap(({ items }) => items);
    const there = new Set([...workloads, ...selectors.items].map((object) => refKey(refOf(object))));
    const missing = deployed.flatMap(({ uid, release }) => {
      const content = made.get(uid);
      const gone = content === undefined ? [] : findMissing(content, (ref) => there.has(refKey(ref)));
      return gone.length === 0 ? [] : [[release, gone] as const];
    });
    return { missing: new Map(missing), workloads };
  } catch (error) {
    if (error instanceof OperationError && error.code === "forbidden") {
      return { missing: new Map(), workloads: undefined };
    }
    throw error;
  }
}

import { formatLease, readLease } from "../../apply/lease.ts";
import type { Lease } from "../../apply/lease.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { openCluster } from "./open-cluster.ts";

export interface UnlockOptions {
  /** Name of the cluster; undefined where the platform has one only. */
  readonly cluster: string | undefined;
  /** Frees it although its holder lives; that one stops writing at its next renewal. */
  readonly force: boolean;
  /** Told before the lock is watched for a term. */
  readonly onWatching: (lease: Lease, termMs: number) => void;
  /** Asked with the holder that will lose it. */
  readonly confirm: (lease: Lease) => Promise<boolean>;
}

export type UnlockReport =
  | { readonly type: "free" }
  | { readonly type: "declined"; readonly lease: Lease }
  | { readonly type: "freed"; readonly lease: Lease };

const shortestTermMs = 1_000;
const longestPollMs = 500;

/**
 * Frees the lock of a cluster whose holder is dead: one that lives renews within a term, so it is watched for that
 * long first. Nobody needs this to go on after a crash: the next run takes a silent lock over by itself.
 * Errors: `refused` when it is being renewed, `changed-meanwhile` when it changed hands; those of openCluster.
 */
export async function unlockCluster(deps: ClusterDeps, options: UnlockOptions): Promise<UnlockReport> {
  const { client } = await openCluster(deps, options.cluster);
  const lease = await readLease(client);
  if (lease?.holder === undefined) return { type: "free" };
  if (!options.force) await watchForLife(client, { deps, lease, options });
  if (!(await options.confirm(lease))) return { type: "declined", lease };
  // with force the holder may have renewed while a person was asked
  const current = options.force ? await readLease(client) : lease;
  if (current?.holder !== lease.holder) throw changedHands(lease);
  const result = await client.update(formatLease({ ...current, holder: undefined }, current));
  if (result.type === "written") return { type: "freed", lease };
  const now = await readLease(client);
  if (now?.holder === undefined) return { type: "freed", lease };
  throw changedHands(lease);
}

async function watchForLife(
  client: ClusterClient,
  {
    deps,
    lease,
    options,
  }: { readonly deps: ClusterDeps; readonly lease: Lease; readonly options: UnlockOptions },
): Promise<void> {
  const { clock, signal } = deps;
  const termMs = Math.max(shortestTermMs, lease.termMs);
  options.onWatching(lease, termMs);
  const startedMs = clock.monotonicMs();
  while (clock.monotonicMs() - startedMs < termMs) {
    await clock.sleep(Math.min(longestPollMs, termMs / 4), signal);
    if (signal.aborted) {
      throw new OperationError("cancelled", "stopped; nothing was freed", { subject: client.name });
    }
    const now = await readLease(client);
    if (now === undefined || now.resourceVersion !== lease.resourceVersion) {
      throw new OperationError(
        "refused",
        `${lease.holder} lives: the lock was renewed a moment ago (${lease.purpose}, since ${lease.since})`,
        {
          subject: lease.holder ?? "",
          hint: "wait for it to end or stop it there; --force frees the lock all the same, and it stops in the middle of its work",
        },
      );
    }
  }
}

function changedHands({ holder }: Lease): OperationError {
  return new OperationError("changed-meanwhile", `the lock is no longer as ${holder} held it`, {
    subject: holder ?? "",
    hint: "run woow unlock again to see who holds it now",
  });
}

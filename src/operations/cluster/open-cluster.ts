import { emitEvents } from "../../apply/emit-events.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { readInventory } from "../../apply/inventory/inventory-store.ts";
import { acquireLock } from "../../apply/lease-lock.ts";
import type { ClusterLock } from "../../apply/lease-lock.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import { OperationError } from "../../errors.ts";
import type { Cluster, Platform } from "../../model/platform.ts";
import type { Inventory } from "../../plan/inventory.ts";
import { loadPlatform } from "../load-platform.ts";
import type { LockOptions } from "./apply.ts";
import { checkIdentity } from "./check-identity.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { pickCluster } from "./load-desired.ts";

/** A cluster that is known to be this platform's. */
export interface OpenCluster {
  readonly platform: Platform;
  readonly cluster: Cluster;
  readonly client: ClusterClient;
  readonly inventory: Inventory;
}

/**
 * Opens a cluster for work that needs no definitions but platform.yaml: mistakes in workspaces are not in the way.
 * Errors: `unreadable` when platform.yaml or the catalog has problems; those of pickCluster, checkIdentity and
 * ClusterClient.
 */
export async function openCluster(deps: ClusterDeps, name: string | undefined): Promise<OpenCluster> {
  const { platform } = loadPlatform(deps.readTree(), []);
  if (platform === undefined) {
    throw new OperationError("unreadable", "platform.yaml or the catalog has problems", {
      subject: "platform.yaml",
      hint: "woow validate shows them",
    });
  }
  const cluster = pickCluster(platform, name);
  const client = await deps.connect(cluster);
  const [inventory, system] = await Promise.all([
    readInventory(client),
    client.get({ apiVersion: "v1", kind: "Namespace", namespace: undefined, name: "kube-system" }),
  ]);
  if (system === undefined) {
    throw new OperationError("wrong-cluster", `${client.name}: there is no namespace kube-system`, {
      subject: client.name,
      hint: `${client.server} does not look like a Kubernetes cluster; check the context`,
    });
  }
  const observation = { inventory, clusterUid: system.metadata.uid };
  checkIdentity({ observation, desired: { platform, cluster }, client, memory: deps.memory });
  return { platform, cluster, client, inventory };
}

export interface UnderLockOptions {
  readonly client: ClusterClient;
  /** Shown to who waits: `volumes delete`. */
  readonly purpose: string;
  readonly lock: LockOptions;
}

/** Works with the lock of a cluster, through a client that writes only while the lock is held. Errors: see acquireLock. */
export async function* underLock<R>(
  deps: ClusterDeps,
  { client, purpose, lock: options }: UnderLockOptions,
  work: (guarded: ClusterClient) => AsyncGenerator<ApplyEvent, R>,
): AsyncGenerator<ApplyEvent, R> {
  const lock = yield* emitEvents<ApplyEvent, ClusterLock>(async (emit) =>
    acquireLock({
      client,
      clock: deps.clock,
      holder: `${deps.actor} ${deps.processName}`,
      purpose,
      ...options,
      onWaiting: (held) => emit({ type: "lock-waiting", ...held }),
      signal: deps.signal,
    }),
  );
  try {
    return yield* work(lock.guard(client));
  } finally {
    await lock.release();
  }
}

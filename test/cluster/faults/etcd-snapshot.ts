import { setTimeout as sleep } from "node:timers/promises";
import type { TestCluster } from "../test-cluster.ts";

/** Every object of a cluster as etcd has it, by key, in base64. */
export type EtcdSnapshot = ReadonlyMap<string, string>;

/** What the API server keeps for itself; putting it back would only confuse it. */
const own = [
  "/registry/masterleases/",
  "/registry/leases/kube-system/",
  "/registry/events/",
  "/registry/ranges/",
  "/registry/peerserverleases/",
];

/** Takes a picture of the cluster, uids included. */
export async function takeSnapshot({ etcdServer }: TestCluster): Promise<EtcdSnapshot> {
  const { kvs = [] } = await ask<{ kvs?: { key: string; value: string }[] }>(etcdServer, "range", {
    key: encode("/registry/"),
    range_end: encode("/registry0"),
  });
  return new Map(
    kvs
      .map(({ key, value }): [string, string] => [Buffer.from(key, "base64").toString(), value])
      .filter(([key]) => !own.some((prefix) => key.startsWith(prefix))),
  );
}

/**
 * Puts a cluster back to what a picture shows, behind the API server's back: no finalizer, policy or webhook has a say,
 * and uids are as they were. It takes milliseconds, so every kill can start from the very same cluster.
 */
export async function restoreSnapshot(cluster: TestCluster, snapshot: EtcdSnapshot): Promise<void> {
  const { etcdServer } = cluster;
  const now = await takeSnapshot(cluster);
  await Promise.all([
    ...[...now.keys()]
      .filter((key) => !snapshot.has(key))
      .map(async (key) => ask(etcdServer, "deleterange", { key: encode(key) })),
    ...[...snapshot]
      .filter(([key, value]) => now.get(key) !== value)
      .map(async ([key, value]) => ask(etcdServer, "put", { key: encode(key), value })),
  ]);
}

const tries = 5;

async function ask<T>(server: string, call: string, body: object): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${server}/v3/kv/${call}`, { method: "POST", body: JSON.stringify(body) });
    if (response.ok) return (await response.json()) as T;
    if (attempt === tries) throw new Error(`etcd: ${call}: ${response.status} ${await response.text()}`);
    await sleep(50 * attempt);
  }
}

const encode = (text: string): string => Buffer.from(text).toString("base64");

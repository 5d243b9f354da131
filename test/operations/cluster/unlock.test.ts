import { describe, expect, test } from "vitest";
import { acquireLock } from "../../../src/apply/lease-lock.ts";
import { leaseRef, readLease } from "../../../src/apply/lease.ts";
import { unlockCluster } from "../../../src/operations/cluster/unlock.ts";
import type { UnlockOptions } from "../../../src/operations/cluster/unlock.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import { careDeps } from "./care-world.ts";

const termMs = 15_000;

function makeWorld() {
  const cluster = createFakeCluster([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } },
  ]);
  const deps = careDeps(cluster);
  const asked: string[] = [];
  const watched: number[] = [];
  return {
    cluster,
    deps,
    asked,
    watched,
    lock: (holder: string) =>
      acquireLock({
        client: cluster,
        clock: deps.clock,
        holder,
        purpose: "apply",
        termMs,
        waitMs: 0,
        onWaiting: () => undefined,
        signal: new AbortController().signal,
      }),
    putDeadHolder: (leaseDurationSeconds = termMs / 1000) =>
      cluster.put({
        apiVersion: leaseRef.apiVersion,
        kind: leaseRef.kind,
        metadata: { name: leaseRef.name, namespace: leaseRef.namespace! },
        spec: { holderIdentity: "dead", leaseDurationSeconds },
      }),
    unlock: (options: Partial<UnlockOptions> = {}) =>
      unlockCluster(deps, {
        cluster: undefined,
        force: false,
        onWatching: (_, ms) => watched.push(ms),
        confirm: async ({ holder }) => {
          asked.push(holder ?? "");
          return true;
        },
        ...options,
      }),
  };
}

test("nobody holds it: nobody is asked, nothing is written", async () => {
  const { cluster, unlock, asked } = makeWorld();
  expect(await unlock()).toEqual({ type: "free" });
  expect([asked, cluster.writes()]).toEqual([[], []]);
});

test("a dead holder: watched for its term, asked about, freed", async () => {
  const { cluster, deps, unlock, asked, watched, putDeadHolder } = makeWorld();
  putDeadHolder();
  const running = unlock();
  await deps.clock.advance(termMs - 1_000);
  expect(asked).toEqual([]);
  await deps.clock.advance(1_000);
  expect(await running).toMatchObject({ type: "freed", lease: { holder: "dead" } });
  expect([watched, asked]).toEqual([[termMs], ["dead"]]);
  expect((await readLease(cluster))?.holder).toBeUndefined();
});

test("a term without end is watched for five minutes", async () => {
  const { deps, unlock, watched, putDeadHolder } = makeWorld();
  putDeadHolder(2_000_000_000);
  const running = unlock();
  await deps.clock.advance(300_000);
  expect((await running).type).toBe("freed");
  expect(watched).toEqual([300_000]);
});

test("said no: nothing is written", async () => {
  const { cluster, deps, unlock, putDeadHolder } = makeWorld();
  putDeadHolder();
  const running = unlock({ confirm: async () => false });
  await deps.clock.advance(termMs);
  expect((await running).type).toBe("declined");
  expect(cluster.writes()).toEqual([]);
});

describe("a holder that lives", () => {
  test("keeps it, and is named", async () => {
    const { cluster, deps, unlock, asked, lock } = makeWorld();
    await lock("anna");
    const running = unlock().catch((error: unknown) => error);
    await deps.clock.advance(termMs);
    expect(await running).toMatchObject({ code: "refused", subject: "anna" });
    expect(asked).toEqual([]);
    expect((await readLease(cluster))?.holder).toBe("anna");
  });

  test("loses it with --force, at once, and notices", async () => {
    const { cluster, deps, unlock, lock, watched } = makeWorld();
    const held = await lock("anna");
    // it renews while a person thinks
    const confirm = async () => {
      await deps.clock.advance(termMs);
      return true;
    };
    expect((await unlock({ force: true, confirm })).type).toBe("freed");
    expect(watched).toEqual([]);
    await deps.clock.advance(termMs / 3);
    expect(held.lost.aborted).toBe(true);
    expect((await readLease(cluster))?.holder).toBeUndefined();
  });
});

test("somebody else took it while a person was asked", async () => {
  const { cluster, deps, unlock, putDeadHolder } = makeWorld();
  putDeadHolder();
  const confirm = async () => {
    cluster.edit(leaseRef, (lease) => {
      (lease["spec"] as { holderIdentity: string }).holderIdentity = "berta";
    });
    return true;
  };
  const running = unlock({ confirm }).catch((error: unknown) => error);
  await deps.clock.advance(termMs);
  expect(await running).toMatchObject({ code: "changed-meanwhile" });
  expect((await readLease(cluster))?.holder).toBe("berta");
});

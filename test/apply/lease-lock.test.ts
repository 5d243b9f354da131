import { describe, expect, test } from "vitest";
import { acquireLock } from "../../src/apply/lease-lock.ts";
import type { ClusterLock, LockRequest } from "../../src/apply/lease-lock.ts";
import { leaseRef, readLease } from "../../src/apply/lease.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import { OperationError } from "../../src/errors.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { createManualClock } from "../support/manual-clock.ts";

const termMs = 15_000;
const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } };

function makeWorld() {
  const cluster = createFakeCluster([system]);
  const clock = createManualClock();
  const waited: string[] = [];
  const ask = (holder: string, rest: Partial<LockRequest> = {}): Promise<ClusterLock> =>
    acquireLock({
      client: cluster,
      clock,
      holder,
      purpose: "apply",
      termMs,
      waitMs: 60_000,
      onWaiting: (held) => waited.push(`${holder} waits for ${held.holder} (${held.purpose})`),
      signal: new AbortController().signal,
      ...rest,
    });
  return { cluster, clock, waited, ask };
}

/** A Lease whose holder says nothing any more; its clock is far off. */
function putDeadHolder(cluster: FakeCluster, leaseDurationSeconds = 15): void {
  const time = "2099-01-01T00:00:00.000000Z";
  cluster.put({
    apiVersion: leaseRef.apiVersion,
    kind: leaseRef.kind,
    metadata: { name: leaseRef.name, namespace: leaseRef.namespace!, annotations: {} },
    spec: { holderIdentity: "dead", leaseDurationSeconds, acquireTime: time, renewTime: time },
  });
}

/** Every write is sent twice, as when the first answer is lost. */
function losingAnswers(client: ClusterClient): ClusterClient {
  return {
    ...client,
    create: async (object, options) => {
      await client.create(object, options);
      return client.create(object, options);
    },
    update: async (object) => {
      await client.update(object);
      return client.update(object);
    },
  };
}

const configMap = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
});

describe("taking", () => {
  test("a free lock is taken at once; the Lease says by whom and what for", async () => {
    const { cluster, ask, waited } = makeWorld();
    await ask("anna");
    expect(await readLease(cluster)).toMatchObject({
      holder: "anna",
      purpose: "apply",
      since: "2026-01-01T00:00:00.000000Z",
      termMs,
    });
    expect(waited).toEqual([]);
  });

  test("a holder that lives is waited for, and named when that is too long", async () => {
    const { clock, ask, waited } = makeWorld();
    await ask("anna");
    const asking = ask("berta").catch((error: unknown) => error);
    await clock.advance(59_000);
    expect(waited).toEqual(["berta waits for anna (apply)"]);
    await clock.advance(2_000);
    const error = await asking;
    expect(error).toMatchObject({ code: "lock-held", subject: "anna" });
    expect((error as OperationError).message).toContain("2026-01-01T00:00:00.000000Z");
  });

  test("waiting ends when the holder lets go", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const asking = ask("berta");
    await clock.advance(30_000);
    await lock.release();
    expect((await readLease(cluster))?.holder).toBeUndefined();
    await clock.advance(1_000);
    await asking;
    expect((await readLease(cluster))?.holder).toBe("berta");
  });

  test("a dead holder is taken over after a full silent term of ours, whatever its clock says", async () => {
    const { cluster, clock, ask } = makeWorld();
    putDeadHolder(cluster);
    void ask("berta");
    await clock.advance(termMs - 100);
    expect((await readLease(cluster))?.holder).toBe("dead");
    await clock.advance(1_100);
    expect(await readLease(cluster)).toMatchObject({ holder: "berta", transitions: 1 });
  });

  test("the holder's own term counts when it is the longer one", async () => {
    const { cluster, clock, ask } = makeWorld();
    putDeadHolder(cluster, 30);
    void ask("berta");
    await clock.advance(29_900);
    expect((await readLease(cluster))?.holder).toBe("dead");
    await clock.advance(1_100);
    expect((await readLease(cluster))?.holder).toBe("berta");
  });

  test("a term without end is believed for five minutes, another's and our own", async () => {
    const { cluster, clock, ask } = makeWorld();
    putDeadHolder(cluster, 2_000_000_000);
    void ask("berta", { waitMs: 600_000, termMs: 9_000_000 });
    await clock.advance(299_000);
    expect((await readLease(cluster))?.holder).toBe("dead");
    await clock.advance(2_100);
    expect(await readLease(cluster)).toMatchObject({ holder: "berta", termMs: 300_000 });
  });

  test("who was paused while waiting does not take its own pause for the holder's silence", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const paused = { ...clock, sleep: (_: number, signal?: AbortSignal) => clock.sleep(40_000, signal) };
    void ask("berta", { clock: paused, waitMs: 600_000 });
    // berta looks only every 40 s, and anna has renewed each time
    await clock.advance(200_000);
    expect((await readLease(cluster))?.holder).toBe("anna");
    expect(lock.lost.aborted).toBe(false);
  });

  test("of two that see a dead holder one takes over", async () => {
    const { cluster, clock, ask } = makeWorld();
    putDeadHolder(cluster);
    const got: string[] = [];
    for (const name of ["berta", "clara"]) {
      void ask(name).then(
        () => got.push(name),
        () => undefined,
      );
    }
    await clock.advance(50_000);
    expect(got.length).toBe(1);
    expect((await readLease(cluster))?.holder).toBe(got[0]);
  });

  test("an answer that was lost does not lock us out", async () => {
    const { cluster, clock, ask } = makeWorld();
    const client = losingAnswers(cluster);
    const lock = await ask("anna", { client });
    await clock.advance(60_000);
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
    expect((await readLease(cluster))?.holder).toBeUndefined();
    await ask("berta", { client });
    expect((await readLease(cluster))?.holder).toBe("berta");
  });

  test("stopped while waiting", async () => {
    const { clock, ask } = makeWorld();
    await ask("anna");
    const stop = new AbortController();
    const asking = ask("berta", { signal: stop.signal }).catch((error: unknown) => error);
    await clock.advance(2_000);
    stop.abort();
    expect(await asking).toMatchObject({ code: "cancelled" });
  });
});

describe("holding", () => {
  test("it is renewed three times a term, and writes go through", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const before = cluster.requests.length;
    await clock.advance(termMs * 4);
    expect(cluster.requests.length - before).toBe(12);
    expect((await lock.guard(cluster).apply(configMap("a"))).type).toBe("written");
  });

  test("taken by somebody else: the loss is told, and no write goes out any more", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const guarded = lock.guard(cluster);
    cluster.edit(leaseRef, (lease) => {
      (lease["spec"] as { holderIdentity: string }).holderIdentity = "berta";
    });
    await clock.advance(termMs / 3);
    expect(lock.lost.aborted).toBe(true);
    expect(lock.lost.reason).toMatchObject({ code: "lock-lost", subject: "berta" });
    await expect(guarded.apply(configMap("a"))).rejects.toMatchObject({ code: "lock-lost" });
    await expect(
      guarded.patch({ ...configMap("a"), namespace: "default", name: "a" }, []),
    ).rejects.toMatchObject({ code: "lock-lost" });
    expect(cluster.objects("ConfigMap")).toEqual([]);
    await lock.release();
    expect((await readLease(cluster))?.holder).toBe("berta");
  });

  test("a deleted Lease is a lost lock", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    cluster.remove(leaseRef);
    await clock.advance(termMs / 3);
    expect(lock.lost.aborted).toBe(true);
  });

  test("out of reach: writes wait from two thirds of a term on, and go on when a renewal works", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const guarded = lock.guard(cluster);
    let isDown = true;
    cluster.beforeRequest(({ kind }) => {
      if (isDown && kind === "Lease") throw new OperationError("unreachable", "down");
    });
    await clock.advance(termMs * (2 / 3) - 1);
    expect((await guarded.apply(configMap("a"))).type).toBe("written");
    await clock.advance(1);
    await expect(guarded.apply(configMap("b"))).rejects.toMatchObject({ code: "lock-lost" });
    expect(lock.lost.aborted).toBe(false);
    // long past its term, but nobody took it
    await clock.advance(termMs * 5);
    isDown = false;
    await clock.advance(termMs / 3);
    expect((await guarded.apply(configMap("b"))).type).toBe("written");
  });

  test("the age of a renewal counts from before it was sent", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    const guarded = lock.guard(cluster);
    cluster.afterRequest(async ({ kind, verb }) => {
      // the answer takes longer than a write may trust it
      if (kind === "Lease" && verb === "update") await clock.sleep(termMs * 0.7);
    });
    // renewed at a third; the answer is here at 1.034 terms
    await clock.advance(termMs * 1.034);
    await expect(guarded.apply(configMap("a"))).rejects.toMatchObject({ code: "lock-lost" });
  });

  test("releasing never fails, and stops renewing", async () => {
    const { cluster, clock, ask } = makeWorld();
    const lock = await ask("anna");
    cluster.beforeRequest(() => {
      throw new OperationError("unreachable", "down");
    });
    await lock.release();
    const before = cluster.requests.length;
    await clock.advance(termMs * 3);
    expect(cluster.requests.length).toBe(before);
    expect(clock.sleepers()).toBe(0);
  });
});

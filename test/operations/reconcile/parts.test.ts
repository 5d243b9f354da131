import { describe, expect, test } from "vitest";
import { backOffMs, randomFraction } from "../../../src/operations/reconcile/back-off.ts";
import { fingerprint } from "../../../src/operations/reconcile/fingerprint.ts";
import { createFlapBreaker } from "../../../src/operations/reconcile/flap-breaker.ts";
import { initialHealth, nextHealth, whyNotReady } from "../../../src/operations/reconcile/health.ts";
import { createInbox } from "../../../src/operations/reconcile/inbox.ts";
import type { ReconcileEvent } from "../../../src/operations/reconcile/reconcile-event.ts";
import { createSchedule } from "../../../src/operations/reconcile/schedule.ts";
import type { LiveObject } from "../../../src/cluster/live-object.ts";
import { createManualClock } from "../../support/manual-clock.ts";

describe("back-off", () => {
  const times = { firstMs: 1000, maxMs: 60_000 };
  test.each([
    [1, 1000],
    [2, 2000],
    [4, 8000],
    [7, 60_000],
    [5000, 60_000],
  ])("after %i failures in a row about %i ms", (failures, expected) => {
    expect(backOffMs(failures, times, () => 0.5)).toBe(expected);
    expect(backOffMs(failures, times, () => 0)).toBe(expected * 0.8);
    expect(backOffMs(failures, times, () => 1)).toBe(expected * 1.2);
  });

  test("randomness comes from bytes", () => {
    expect(randomFraction(() => Uint8Array.of(0, 0, 0, 0))).toBe(0);
    expect(randomFraction(() => Uint8Array.of(128, 0, 0, 0))).toBe(0.5);
    expect(randomFraction(() => Uint8Array.of(255, 255, 255, 255))).toBeLessThan(1);
  });
});

describe("flap breaker", () => {
  const times = { limit: 3, windowMs: 1000, firstWaitMs: 100, maxWaitMs: 300 };

  test("equal corrections in a short time are a fight, and each is slower than the one before", () => {
    const breaker = createFlapBreaker(times);
    expect(breaker.note("policy", "spec.ingress", 0)).toBeUndefined();
    expect(breaker.note("policy", "spec.ingress", 10)).toBeUndefined();
    expect(breaker.note("policy", "spec.ingress", 20)).toEqual({ times: 3, waitMs: 100 });
    expect(breaker.quietUntilMs("policy")).toBe(120);
    expect(breaker.note("policy", "spec.ingress", 130)).toEqual({ times: 4, waitMs: 200 });
    expect(breaker.note("policy", "spec.ingress", 340)).toEqual({ times: 5, waitMs: 300 });
    expect(breaker.note("policy", "spec.ingress", 650)).toEqual({ times: 6, waitMs: 300 });
  });

  test("other fields, other objects and long pauses are none", () => {
    const breaker = createFlapBreaker(times);
    for (const [object, field] of [
      ["policy", "spec.ingress"],
      ["policy", "spec.egress"],
      ["quota", "spec.ingress"],
      ["policy", "spec.ingress"],
    ] as const)
      expect(breaker.note(object, field, 0)).toBeUndefined();
    expect(breaker.note("policy", "spec.ingress", 2000)).toBeUndefined();
    expect(breaker.quietUntilMs("policy")).toBe(0);
  });

  test("forgets", () => {
    const breaker = createFlapBreaker(times);
    for (const at of [0, 1, 2]) breaker.note("policy", "spec.ingress", at);
    breaker.sweep(2000);
    expect(breaker.quietUntilMs("policy")).toBe(0);
    expect(breaker.note("policy", "spec.ingress", 2001)).toBeUndefined();
  });
});

describe("schedule", () => {
  test("what is due is taken once, owners together", () => {
    const schedule = createSchedule();
    schedule.want("b", 100, "drift");
    schedule.want("a", 50, "drift");
    schedule.want("a", 80, "drift");
    expect(schedule.nextAtMs()).toBe(50);
    expect(schedule.take(10)).toBeUndefined();
    expect(schedule.take(100)).toEqual({ reason: "drift", owners: ["a", "b"] });
    expect(schedule.take(1000)).toBeUndefined();
    expect(schedule.nextAtMs()).toBeUndefined();
  });

  test("everything includes every owner", () => {
    const schedule = createSchedule();
    schedule.want("a", 50, "drift");
    schedule.wantAll(500, "interval");
    schedule.wantAll(60, "definitions");
    expect(schedule.take(60)).toEqual({ reason: "definitions", owners: undefined });
    expect(schedule.take(1000)).toBeUndefined();
  });

  test("who failed waits, whatever moves, and then comes by itself", () => {
    const schedule = createSchedule();
    schedule.postpone("a", 1000);
    schedule.want("a", 10, "drift");
    schedule.want("b", 10, "drift");
    expect(schedule.take(500)).toEqual({ reason: "drift", owners: ["b"] });
    expect(schedule.postponed(500)).toEqual(["a"]);
    expect(schedule.take(1000)).toEqual({ reason: "retry", owners: ["a"] });
    expect(schedule.postponed(1000)).toEqual([]);
  });

  test("new definitions make failures of the old ones forgotten, and so does success", () => {
    const schedule = createSchedule();
    schedule.postpone("a", 1000);
    schedule.forgetFailures();
    expect(schedule.postponed(0)).toEqual([]);
    expect(schedule.nextAtMs()).toBeUndefined();
    schedule.postpone("a", 1000);
    schedule.succeeded("a");
    schedule.want("a", 10, "drift");
    expect(schedule.nextAtMs()).toBe(10);
  });
});

describe("inbox", () => {
  test("what comes while nobody listens is not lost, and what comes later wakes the reader", async () => {
    const clock = createManualClock();
    const inbox = createInbox<string>(clock, new AbortController().signal);
    inbox.push("early");
    expect(await inbox.take(1000)).toEqual(["early"]);
    const waiting = inbox.take(1000);
    inbox.push("late");
    expect(await waiting).toEqual(["late"]);
    const nothing = inbox.take(1000);
    await clock.advance(1000);
    expect(await nothing).toEqual([]);
    expect(clock.sleepers()).toBe(0);
  });

  test("the signal ends the wait", async () => {
    const stop = new AbortController();
    const inbox = createInbox<string>(createManualClock(), stop.signal);
    const waiting = inbox.take(1000);
    stop.abort();
    expect(await waiting).toEqual([]);
    expect(await inbox.take(1000)).toEqual([]);
  });
});

describe("health", () => {
  const passFinished = (
    more: Partial<Extract<ReconcileEvent, { type: "pass-finished" }>> = {},
  ): ReconcileEvent => ({
    type: "pass-finished",
    reason: "start",
    outcome: "applied",
    owners: undefined,
    changedUnits: 1,
    driftFound: 0,
    driftRepaired: 0,
    failedOwners: [],
    milliseconds: 10,
    commit: undefined,
    error: undefined,
    ...more,
  });
  const after = (...events: readonly ReconcileEvent[]) =>
    whyNotReady(events.reduce(nextHealth, initialHealth));
  const lost: ReconcileEvent = {
    type: "cluster-lost",
    code: "unreachable",
    message: "no answer",
    retryInMs: 1,
  };
  const failed: ReconcileEvent = {
    type: "source-failed",
    code: "history-rewritten",
    message: "rewritten",
    hint: undefined,
    isFinal: true,
  };
  const read: ReconcileEvent = { type: "source-read", commit: undefined, dirty: false, isNew: false };
  const problems = (blocksAll: boolean): ReconcileEvent => ({
    type: "definition-problems",
    problems: [],
    skipped: ["a"],
    blocksAll,
  });
  const error = (code: string) =>
    passFinished({ outcome: "failed", error: { code, message: code, hint: undefined } });

  test.each<[string, readonly ReconcileEvent[], number]>([
    ["nothing yet", [], 1],
    ["a first pass", [passFinished()], 0],
    ["a pass that found all as it should be", [passFinished({ outcome: "unchanged" })], 0],
    ["one workspace failing", [passFinished({ outcome: "partly", failedOwners: ["a"] })], 0],
    ["one workspace left alone", [problems(false), passFinished()], 0],
    ["a pass that was stopped", [passFinished({ outcome: "cancelled" })], 1],
    ["the API server away", [passFinished(), lost], 1],
    ["and back", [passFinished(), lost, { type: "cluster-back" }], 0],
    ["a pass that failed", [passFinished(), error("unreachable")], 1],
    ["a pass that had to wait for another run", [passFinished(), error("lock-held")], 0],
    ["the source away", [passFinished(), failed], 1],
    ["and back", [passFinished(), failed, read], 0],
    ["definitions nobody can be served from", [passFinished(), problems(true)], 1],
  ])("after %s", (_, events, reasons) => {
    expect(after(...events)).toHaveLength(reasons);
  });
});

describe("fingerprint", () => {
  const policy: LiveObject = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: "default-deny",
      namespace: "paas-ws-a",
      uid: "1",
      resourceVersion: "1",
      labels: { "paas.woowtech.com/platform": "test" },
    },
    spec: { ingress: [] },
    status: {},
  };
  const withMetadata = (object: LiveObject, more: Partial<LiveObject["metadata"]>): LiveObject => ({
    ...object,
    metadata: { ...object.metadata, ...more },
  });
  const secret: LiveObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "x-values",
      namespace: "paas-charts",
      uid: "1",
      resourceVersion: "1",
      managedFields: [
        {
          manager: "woow",
          operation: "Apply",
          time: "2026-01-01T00:00:00Z",
          fieldsV1: { "f:data": { "f:values.yaml": {} } },
        },
      ],
    },
  };
  const chart: LiveObject = { ...policy, kind: "HelmChart", metadata: { ...policy.metadata, generation: 1 } };

  test.each<[string, LiveObject, LiveObject]>([
    ["the content", policy, { ...policy, spec: { ingress: [{}] } }],
    ["a label of ours", policy, withMetadata(policy, { labels: {} })],
    ["another object of the name", policy, withMetadata(policy, { uid: "2" })],
    ["its deletion", policy, withMetadata(policy, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    ["a chart's spec, without looking at it", chart, withMetadata(chart, { generation: 2 })],
    [
      "somebody writing a Secret, without looking into it",
      secret,
      withMetadata(secret, {
        managedFields: [
          ...(secret.metadata.managedFields ?? []),
          {
            manager: "kubectl-edit",
            operation: "Update",
            time: "2026-01-01T00:00:01Z",
            fieldsV1: { "f:data": { "f:values.yaml": {} } },
          },
        ],
      }),
    ],
  ])("tells %s", (_, before, after) => {
    expect(fingerprint(after)).not.toBe(fingerprint(before));
  });

  test.each<[string, LiveObject, LiveObject]>([
    ["a status", policy, { ...policy, status: { conditions: [] } }],
    ["a version", policy, withMetadata(policy, { resourceVersion: "2" })],
    [
      "a finalizer and a note of a controller",
      policy,
      withMetadata(policy, { finalizers: ["x"], annotations: { "helmcharts.cattle.io/managed-by": "x" } }),
    ],
    ["a chart's status", chart, { ...chart, status: { jobName: "x" } }],
  ])("says nothing of %s", (_, before, after) => {
    expect(fingerprint(after)).toBe(fingerprint(before));
  });
});

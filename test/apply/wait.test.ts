import { expect, test } from "vitest";
import type { ApplyEvent } from "../../src/apply/event.ts";
import { waitForServices } from "../../src/apply/wait.ts";
import type { WaitOptions } from "../../src/apply/wait.ts";
import { OperationError } from "../../src/errors.ts";
import type { ServiceStatus } from "../../src/status/service-status.ts";
import { clusterWith, facts, jobObject, releaseObject } from "../status/service-objects.ts";
import type { World } from "../status/service-objects.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { createManualClock } from "../support/manual-clock.ts";

interface Waiting {
  readonly cluster: FakeCluster;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly told: string[];
  readonly end: Promise<ReadonlyMap<string, ServiceStatus>>;
  readonly stop: () => void;
}

function wait(world: World, options: Partial<WaitOptions> = {}): Waiting {
  const cluster = clusterWith(world);
  const clock = createManualClock();
  const controller = new AbortController();
  const told: string[] = [];
  const run = waitForServices({
    client: cluster,
    clock,
    services: [facts],
    before: new Map(),
    timeoutMs: 60_000,
    signal: controller.signal,
    ...options,
  });
  return { cluster, clock, told, end: drain(run, told), stop: () => controller.abort() };
}

async function drain<R>(run: AsyncGenerator<ApplyEvent, R>, told: string[]): Promise<R> {
  for (;;) {
    const next = await run.next();
    if (next.done === true) return next.value;
    if (next.value.type === "unit-status")
      told.push(`${next.value.status.state} ${next.value.status.reason?.code ?? ""}`.trim());
  }
}

const jobRef = {
  apiVersion: "batch/v1",
  kind: "Job",
  namespace: "paas-charts",
  name: "helm-install-paas-ws-a-web",
};
const secretRef = (version: number) => ({
  apiVersion: "v1",
  kind: "Secret",
  namespace: "paas-ws-a",
  name: `sh.helm.release.v1.paas-ws-a-web.v${version}`,
});

test("what runs is looked at once", async () => {
  const { end, told, cluster } = wait({});
  expect((await end).get("a/web")?.state).toBe("running");
  expect(told).toEqual(["running"]);
  expect(cluster.requests.length).toBe(11);
});

test("what was read just now is enough for a service that runs", async () => {
  const objects = clusterWith().objects();
  const known = { kinds: new Set(["Namespace", "HelmChart", "Secret", "Ingress"]), objects };
  const { end, cluster } = wait({}, { known });
  expect((await end).get("a/web")?.state).toBe("running");
  expect(cluster.requests.map(({ kind }) => kind ?? "").sort()).toEqual([
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Job",
    "Secret",
    "Secret",
    "StatefulSet",
  ]);
});

test("what was read just now is not read again, but only for the first look", async () => {
  const objects = clusterWith().objects();
  const known = { kinds: new Set(["Namespace", "HelmChart", "Secret", "Ingress"]), objects };
  const { end, clock, cluster } = wait({ release: undefined }, { known, timeoutMs: 3000 });
  await clock.advance(0);
  expect(cluster.requests.filter(({ kind }) => kind === "HelmChart")).toEqual([]);
  await clock.advance(3000);
  await end;
  expect(cluster.requests.filter(({ kind }) => kind === "HelmChart").length).toBeGreaterThan(0);
});

test("each change is told once, and it ends when all run", async () => {
  const { end, told, clock, cluster } = wait({
    job: jobObject({ status: { active: 1 } }),
    release: undefined,
  });
  await clock.advance(3000);
  cluster.put(jobObject());
  cluster.put(releaseObject());
  await clock.advance(3000);
  expect((await end).get("a/web")?.state).toBe("running");
  expect(told).toEqual(["deploying job-starting", "running"]);
});

test("what waiting cannot help is seen twice before it is believed", async () => {
  const { end, told, clock, cluster } = wait({ release: releaseObject({ status: "failed" }) });
  await clock.advance(0);
  expect(cluster.requests.filter(({ kind }) => kind === "Job").length).toBeGreaterThan(0);
  await clock.advance(1000);
  const status = (await end).get("a/web");
  expect(status).toMatchObject({ state: "error", isFinal: true, reason: { code: "install-failed" } });
  expect(told).toEqual(["error install-failed"]);
});

test("a job that is replaced under our eyes is no failure", async () => {
  const { end, told, clock, cluster } = wait({ release: releaseObject({ status: "failed" }) });
  await clock.advance(0);
  cluster.remove(secretRef(1));
  cluster.remove(jobRef);
  await clock.advance(5000);
  cluster.put(jobObject());
  cluster.put(releaseObject());
  await clock.advance(5000);
  expect((await end).get("a/web")?.state).toBe("running");
  expect(told.at(-1)).toBe("running");
});

test("the run that stood before a write is not its end", async () => {
  const before = new Map([["a/web", { jobUid: "job-1" }]]);
  const { end, told, clock, cluster } = wait({}, { before });
  await clock.advance(5000);
  const next = jobObject();
  cluster.remove(jobRef);
  cluster.put({ ...next, metadata: { ...next.metadata, uid: "job-2" } });
  await clock.advance(5000);
  expect((await end).get("a/web")?.state).toBe("running");
  expect(told).toEqual(["upgrading job-outdated", "running"]);
});

test("it gives up when the time is over, with what it saw last", async () => {
  const { end, clock } = wait(
    { job: jobObject({ status: { active: 1 } }), release: undefined },
    { timeoutMs: 5000 },
  );
  await clock.advance(5000);
  expect((await end).get("a/web")).toMatchObject({ state: "deploying", isFinal: false });
});

test("an API server that is away for a while is waited for", async () => {
  const cluster = clusterWith();
  let away = true;
  cluster.beforeRequest(() => {
    if (away) throw new OperationError("unreachable", "connection refused");
  });
  const clock = createManualClock();
  const run = waitForServices({
    client: cluster,
    clock,
    services: [facts],
    before: new Map(),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  const end = drain(run, []);
  await clock.advance(4000);
  away = false;
  await clock.advance(2000);
  expect((await end).get("a/web")?.state).toBe("running");
});

test.each([
  ["unreachable", 0],
  ["forbidden", 60_000],
] as const)("a cluster that could never be read is an error: %s", async (code, timeoutMs) => {
  const cluster = clusterWith();
  cluster.beforeRequest(() => {
    throw new OperationError(code, "no");
  });
  const run = waitForServices({
    client: cluster,
    clock: createManualClock(),
    services: [facts],
    before: new Map(),
    timeoutMs,
    signal: new AbortController().signal,
  });
  await expect(drain(run, [])).rejects.toMatchObject({ code });
});

test("Ctrl-C ends the wait with what is known", async () => {
  const { end, clock, stop } = wait({ job: jobObject({ status: { active: 1 } }), release: undefined });
  await clock.advance(2000);
  stop();
  expect((await end).get("a/web")?.state).toBe("deploying");
});

test("nobody to wait for: nothing is asked", async () => {
  const { end, cluster } = wait({}, { services: [] });
  expect((await end).size).toBe(0);
  expect(cluster.requests).toEqual([]);
});

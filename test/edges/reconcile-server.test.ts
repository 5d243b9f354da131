import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createReconcileMetrics } from "../../src/edges/reconcile-metrics.ts";
import { parseListen, startReconcileServer } from "../../src/edges/reconcile-server.ts";
import type { ReconcileServer } from "../../src/edges/reconcile-server.ts";

let server: ReconcileServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(parts: { why?: readonly string[]; onTrigger?: () => void } = {}) {
  const metrics = createReconcileMetrics(() => 1_000_000);
  server = await startReconcileServer("127.0.0.1:0", {
    whyNotReady: () => parts.why ?? [],
    metrics,
    trigger: parts.onTrigger ?? (() => undefined),
  });
  return { url: server.url, metrics };
}

test("lives, and is ready or says why not", async () => {
  const { url } = await start({ why: ["no pass is done yet", "the server is away"] });
  expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok\n");
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toBe("no pass is done yet\nthe server is away\n");
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/healthz`, { method: "POST" })).status).toBe(405);
  expect((await fetch(`${url}/healthz`, { method: "HEAD" })).status).toBe(200);
});

test("a trigger is a POST from this machine, and from no page", async () => {
  let triggers = 0;
  const { url } = await start({ onTrigger: () => (triggers += 1) });
  expect((await fetch(`${url}/trigger`)).status).toBe(405);
  expect(
    (await fetch(`${url}/trigger`, { method: "POST", headers: { origin: "https://evil.example" } })).status,
  ).toBe(403);
  expect(triggers).toBe(0);
  expect((await fetch(`${url}/trigger`, { method: "POST" })).status).toBe(202);
  expect(triggers).toBe(1);
});

test("metrics come from events, in Prometheus' format", async () => {
  const { url, metrics } = await start();
  const ref = { apiVersion: "v1", kind: "ResourceQuota", namespace: "paas-ws-a", name: "workspace-quota" };
  metrics.observe({ type: "source-read", commit: "c1", dirty: false, isNew: true });
  metrics.observe({ type: "drift", unit: "a", ref, what: "changed", fields: [], policy: "repair" });
  metrics.observe({
    type: "owner-failed",
    owner: "b",
    code: "quota",
    message: "x",
    hint: undefined,
    retryInMs: 1,
  });
  metrics.observe({ type: "services", byState: { running: 3, error: 1 } });
  const finished = {
    type: "pass-finished",
    reason: "drift",
    owners: ["a"],
    changedUnits: 1,
    driftFound: 1,
    driftRepaired: 1,
    failedOwners: [],
    milliseconds: 300,
    error: undefined,
  } as const;
  metrics.observe({ ...finished, outcome: "applied", commit: "c1" });
  metrics.observe({ ...finished, outcome: "partly", commit: "c2" });
  metrics.setReady(true);
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'woow_reconcile_passes_total{reason="drift",outcome="applied"} 1',
    'woow_reconcile_passes_total{reason="drift",outcome="partly"} 1',
    'woow_reconcile_drift_found_total{workspace="a",policy="repair"} 1',
    "woow_reconcile_drift_repaired_total 2",
    'woow_reconcile_errors_total{workspace="b",code="quota"} 1',
    'woow_reconcile_failing{workspace="b"} 1',
    'woow_reconcile_commit_info{commit="c1"} 1',
    "woow_reconcile_last_success_timestamp_seconds 1000",
    'woow_reconcile_pass_seconds_bucket{le="0.5"} 2',
    'woow_services{state="running"} 3',
    'woow_services{state="pending"} 0',
    "woow_reconcile_ready 1",
    "woow_reconcile_source_up 1",
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).toContain("process_resident_memory_bytes");
});

test("a request that never ends its headers does not hold up the end", async () => {
  const { url } = await start();
  const hanging = request(`${url}/trigger`, { method: "POST", headers: { "content-length": "10" } });
  hanging.on("error", () => undefined);
  hanging.write("x");
  await new Promise((resolve) => hanging.once("response", resolve));
  await server?.close();
  server = undefined;
});

test("an address that is taken is a mistake of the one who gave it", async () => {
  const { url } = await start();
  await expect(
    startReconcileServer(url.slice("http://".length), {
      whyNotReady: () => [],
      metrics: createReconcileMetrics(() => 0),
      trigger: () => undefined,
    }),
  ).rejects.toMatchObject({ code: "usage" });
});

test.each([
  ["127.0.0.1:9464", { host: "127.0.0.1", port: 9464 }],
  ["[::1]:80", { host: "::1", port: 80 }],
  ["localhost:0", { host: "localhost", port: 0 }],
])("listens on %s", (text, parsed) => {
  expect(parseListen(text)).toEqual(parsed);
});

test.each(["", "9464", ":9464", "127.0.0.1", "127.0.0.1:99999", "::1:80", "a:b:1"])(
  "%s is no address",
  (text) => {
    expect(() => parseListen(text)).toThrow("is not an address and a port");
  },
);

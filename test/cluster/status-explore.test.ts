import { beforeAll, test } from "vitest";
import { createNamespace } from "./on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { createStatusWorld, unitOf, type StatusWorld, type WorldService } from "./status-world.ts";
import { setTimeout as sleep } from "node:timers/promises";

const cluster = useCluster();
let world: StatusWorld;
const service = (id: string, rest: Partial<WorldService> = {}): WorldService => ({
  workspace: "a",
  id,
  ...rest,
});
const all: WorldService[] = [
  service("ok", { host: true }),
  service("db", { chart: "db", values: "auth: { password: made-up-password-1 }\n" }),
  service("missing", { version: "9.9.9" }),
  service("nochart", { chart: "nothing" }),
  service("schema", { values: "replicas: made-up-password-1\n" }),
  service("hook", { values: "hooks: { preInstall: fail }\n", spec: { timeout: "15s" } }),
  service("post", { values: "hooks: { postInstall: fail }\n", spec: { timeout: "15s" } }),
  service("pull", { values: "pod: image-pull\n" }),
  service("crash", { values: "pod: crash\npodMessage: password=made-up-password-1 wrong\n" }),
  service("never", { values: "pod: never-ready\n" }),
  service("nobody", { host: true, values: "reachable: false\n" }),
  service("nosvc", { host: true, backend: "elsewhere" }),
  service("big", { values: "resources: { requests: { cpu: 9000 } }\n" }),
  service("claim", { values: "persistence: { enabled: true, size: 1Gi }\nnodeSelector: {}\n" }),
  service("noval", { withoutValues: true }),
  service("type", { values: "nodeSelector: made-up-password-1\n" }),
];
beforeAll(async () => {
  world = await createStatusWorld(cluster());
  await createNamespace(cluster(), "paas-charts");
  await world.namespace("a");
});

test("explore", { timeout: 120_000 }, async () => {
  for (const one of all) await world.deploy(one);
  const seen = new Map<string, string>();
  for (let i = 0; i < 80; i++) {
    const t = Date.now();
    const statuses = await world.read(all);
    const took = Date.now() - t;
    for (const one of all) {
      const s = statuses.get(unitOf(one))!;
      const text = `${s.state} ${s.isFinal ? "FINAL " : ""}${s.reason?.code ?? ""}: ${s.reason?.message ?? ""} | ${s.reason?.hint ?? ""} ${s.warnings.map((w) => w.code).join(",")} rev ${s.helmRevision} ${s.helmStatus} ${s.readyPods}/${s.wantedPods} ${s.deployedAt}`;
      if (seen.get(one.id) !== text.replace(/\d+ s/, "")) console.log(`${i} ${took}ms ${one.id}: ${text}`);
      seen.set(one.id, text.replace(/\d+ s/, ""));
    }
    await sleep(500);
  }
  for (const run of cluster().runner.runs) console.log("RUN", run.chart, run.exitCode, run.log);
});

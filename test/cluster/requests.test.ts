import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ran } from "../support/woow.ts";
import { runWoow } from "../support/woow.ts";
import { writeTestPlatform, type TestPlatform } from "./platform-on-cluster.ts";
import { startTestCluster, type AuditEvent, type TestCluster } from "./test-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";
import { writesOf } from "./faults/audit-writes.ts";

/** What a run that finds nothing to do may ask. */
const idleBudget = 24;
/** What one changed service may cost on top: half of it is the second plan, made under the lock. */
const changeBudget = 19;

const apply = ["apply", "--yes", "--wait=false"];

/** A platform of a size, applied to a cluster of its own. */
interface Applied {
  readonly cluster: TestCluster;
  readonly platform: TestPlatform;
  run(args: readonly string[]): Promise<Ran>;
  /** What woow asked while it ran. */
  watch(args: readonly string[]): Promise<{ readonly ran: Ran; readonly events: readonly AuditEvent[] }>;
  stop(): Promise<void>;
}

async function applyPlatformOf(workspaces: Readonly<Record<string, number>>): Promise<Applied> {
  const cluster = await startTestCluster({ components: "api" });
  const dir = await mkdtemp(join(tmpdir(), "woow-requests-"));
  const more = "records: cluster\n";
  const platform = await writeTestPlatform({ dir, cluster, workspaces, databases: ["a"], more });
  const env = { ...platform.env, KUBECONFIG: cluster.kubeconfigPath };
  const run = (args: readonly string[]) => runWoow(args, { cwd: dir, env });
  const first = await run(apply);
  if (first.status !== 0) throw new Error(first.stdout + first.stderr);
  return {
    cluster,
    platform,
    run,
    async watch(args) {
      const mark = await cluster.auditMark();
      const ran = await run(args);
      const events = await cluster.auditSince(mark, { user: "admin" });
      return { ran, events };
    },
    async stop() {
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

let small: Applied | undefined;
let large: Applied | undefined;
let missing = "";

beforeAll(async () => {
  const found = await clusterOrSkip();
  if ("skip" in found) missing = found.skip;
  else {
    small = await applyPlatformOf({ a: 3, b: 1 });
    large = await applyPlatformOf({ a: 19, b: 15, c: 15 });
  }
});

afterAll(async () => {
  await Promise.all([small?.stop(), large?.stop()]);
});

function sizes(): readonly (readonly [string, Applied])[] {
  if (small === undefined || large === undefined) throw new Error(missing);
  return [
    ["5 services", small],
    ["50 services", large],
  ];
}

describe("requests, from the API server's own log", () => {
  test("a second apply writes nothing at all, with as many requests for 50 services as for 5", async (context) => {
    if (missing !== "") context.skip(missing);
    const counts: number[] = [];
    for (const [size, applied] of sizes()) {
      const { ran, events } = await applied.watch(apply);
      expect(ran, size).toMatchObject({ status: 0 });
      expect(writesOf(events), size).toEqual([]);
      expect(events.length, events.map(({ verb, uri }) => `${verb} ${uri}`).join("\n")).toBeLessThanOrEqual(
        idleBudget,
      );
      counts.push(events.length);
    }
    expect(counts[1]).toBe(counts[0]);
  });

  test("plan never writes, whatever is to be done", async (context) => {
    if (missing !== "") context.skip(missing);
    for (const [size, applied] of sizes()) {
      const path = join(applied.platform.dir, "workspaces/a/web-01.yaml");
      const before = await readFile(path, "utf8");
      await writeFile(path, before.replace("hello", "planned").replace(/subdomain: .*/, "subdomain: moved"));
      const { ran, events } = await applied.watch(["plan", "--detailed-exitcode"]);
      await writeFile(path, before);
      expect(ran, size).toMatchObject({ status: 2 });
      expect(writesOf(events), size).toEqual([]);
    }
  });

  test("one changed service costs a bounded number more, the same for 50 services as for 5", async (context) => {
    if (missing !== "") context.skip(missing);
    const costs: number[] = [];
    for (const [size, applied] of sizes()) {
      const idle = await applied.watch(apply);
      const path = join(applied.platform.dir, "workspaces/a/web-02.yaml");
      await writeFile(path, (await readFile(path, "utf8")).replace("hello", "changed"));
      const { ran, events } = await applied.watch(apply);
      expect(ran, size).toMatchObject({ status: 0 });
      expect(writesOf(events).length, size).toBeGreaterThan(0);
      const cost = events.length - idle.events.length;
      const asked = events.map(({ verb, uri }) => `${verb} ${uri}`).join("\n");
      expect(cost, `${size}\n${asked}`).toBeLessThanOrEqual(changeBudget);
      costs.push(cost);
    }
    expect(costs[1]).toBe(costs[0]);
  });
});

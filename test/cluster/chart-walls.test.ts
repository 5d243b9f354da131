import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { list } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster();
let platform: TestPlatform;

const policies = "/apis/networking.k8s.io/v1/namespaces/paas-ws-a/networkpolicies";
const bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/paas-ws-a/rolebindings";
const release = "paas-ws-a-web-01";

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-chart-walls-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 1 } });
  await appendFile(join(dir, "workspaces/a/web-01.yaml"), "raw_values: { walls: true }\n");
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

const namesOf = async (path: string) => (await list(cluster(), path)).map(({ metadata }) => metadata.name);

test("what a chart makes to open its own namespace is the release's; a copy of it is somebody's", async () => {
  const applied = await woow("apply", "--yes", "--timeout", "120");
  expect([applied.stderr, applied.status]).toEqual(["", 0]);
  expect(await namesOf(policies)).toContain(release);
  expect(await namesOf(bindings)).toContain(release);
  const settled = await woow("plan", "--objects", "--detailed-exitcode");
  expect([settled.status, settled.stdout]).toEqual([0, expect.stringContaining("nothing to do")]);

  const made = (await list(cluster(), bindings)).find(({ metadata }) => metadata.name === release);
  const { labels, annotations } = made?.metadata ?? {};
  await cluster().request({
    method: "POST",
    path: bindings,
    userAgent: "kubectl",
    body: { ...made, metadata: { name: "copy", labels, annotations } },
  });
  expect(await namesOf(bindings)).toContain("copy");
  const repaired = await woow("apply", "--yes", "--wait=false");
  expect([repaired.status, repaired.stdout]).toEqual([
    0,
    expect.stringContaining("RoleBinding paas-ws-a/copy pruned"),
  ]);
  expect(await namesOf(bindings)).not.toContain("copy");
  expect(await namesOf(bindings)).toContain(release);
  expect(await namesOf(policies)).toContain(release);
});

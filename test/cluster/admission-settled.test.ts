import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { list } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster({ components: "controllers" });
let platform: TestPlatform;
const group = "/apis/admissionregistration.k8s.io/v1";

interface Policy {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly typeChecking?: { readonly expressionWarnings?: readonly { readonly warning: string }[] };
  };
}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-admission-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { a: 1 } });
});

afterAll(async () => rm(platform.dir, { recursive: true, force: true }));

async function woow(...args: string[]): Promise<Ran> {
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  return runWoow(args, { cwd: platform.dir, env });
}

test("the first apply goes on to tenants when the API server acts on the policies", async () => {
  const mark = await cluster().auditMark();
  const applied = await woow("apply", "--yes", "--wait=false");
  expect([applied.stdout, applied.stderr, applied.status]).toEqual([expect.any(String), "", 0]);
  const events = await cluster().auditSince(mark, { user: "admin" });
  const probes = events.filter(({ uri }) => uri.startsWith("/api/v1/namespaces/paas-system/configmaps?"));
  expect(probes.map(({ code }) => code)).toContain(403);
});

test("the API server finds nothing to say about any expression", async () => {
  const policies = async () => list<Policy>(cluster(), `${group}/validatingadmissionpolicies`);
  await waitUntil("the type checks", async () =>
    (await policies()).every(
      ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation && status.typeChecking !== undefined,
    ),
  );
  expect((await policies()).length).toBeGreaterThan(10);
  const warnings = (await policies()).flatMap(({ metadata, status }) =>
    (status?.typeChecking?.expressionWarnings ?? []).map(({ warning }) => `${metadata.name}: ${warning}`),
  );
  expect(warnings).toEqual([]);
});

test("a second apply finds nothing to do and does not probe", async () => {
  const mark = await cluster().auditMark();
  const again = await woow("apply", "--yes", "--wait=false");
  expect([again.status, again.stdout]).toEqual([0, "nothing to change\n"]);
  const events = await cluster().auditSince(mark, { user: "admin" });
  expect(events.filter(({ verb }) => !["get", "list", "watch"].includes(verb))).toEqual([]);
});

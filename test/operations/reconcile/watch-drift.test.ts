import { afterEach, expect, test } from "vitest";
import type { ObjectRef } from "../../../src/cluster/object-ref.ts";
import { resourceTypes } from "../../../src/cluster/resource-types.ts";
import type { ResourceType } from "../../../src/cluster/resource-types.ts";
import { OperationError } from "../../../src/errors.ts";
import { watchDrift } from "../../../src/operations/reconcile/watch-drift.ts";
import type { WatchSign } from "../../../src/operations/reconcile/watch-drift.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster, SeedObject } from "../../support/fake-cluster.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const labels = (workspace?: string) => ({
  "paas.woowtech.com/platform": "test",
  ...(workspace === undefined ? {} : { "paas.woowtech.com/workspace": workspace }),
});

const quota = (namespace: string, workspace: string): SeedObject => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "workspace-quota", namespace, labels: labels(workspace) },
  spec: { hard: { pods: "1" } },
});
const quotaRef: ObjectRef = {
  apiVersion: "v1",
  kind: "ResourceQuota",
  namespace: "paas-ws-a",
  name: "workspace-quota",
};
const binding = (namespace: string, name: string): SeedObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name, namespace },
  roleRef: { kind: "ClusterRole", name: "cluster-admin" },
});

const stops: AbortController[] = [];
const ends: Promise<void>[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.all(ends.splice(0));
});

function start(cluster: FakeCluster, type: ResourceType) {
  const clock = createManualClock();
  const stop = new AbortController();
  stops.push(stop);
  const signs: WatchSign[] = [];
  ends.push(
    watchDrift({
      client: cluster,
      platform: "test",
      type,
      clock,
      random: () => 0.5,
      tell: (sign) => signs.push(sign),
      signal: stop.signal,
    }),
  );
  const moved = () =>
    signs.flatMap((sign) => (sign.type === "moved" ? [`${sign.owner} ${sign.ref.name}`] : []));
  return { clock, signs, moved };
}

test("tells what moves, and not what was there or what a controller notes", async () => {
  const cluster = createFakeCluster([quota("paas-ws-a", "a"), quota("paas-ws-b", "b")]);
  const { clock, signs, moved } = start(cluster, resourceTypes.ResourceQuota);
  await clock.advance(0);
  expect(signs).toEqual([{ type: "watching", kind: "ResourceQuota" }]);
  cluster.edit(quotaRef, (object) => Object.assign(object, { status: { used: { pods: "1" } } }), {
    subresource: "status",
  });
  await clock.advance(0);
  expect(moved()).toEqual([]);
  cluster.edit(quotaRef, (object) => Object.assign(object, { spec: { hard: { pods: "99" } } }));
  await clock.advance(0);
  expect(moved()).toEqual(["a workspace-quota"]);
  cluster.remove(quotaRef);
  await clock.advance(0);
  expect(moved()).toEqual(["a workspace-quota", "a workspace-quota"]);
});

test("an object whose label was taken off has moved", async () => {
  const cluster = createFakeCluster([quota("paas-ws-a", "a")]);
  const { clock, moved } = start(cluster, resourceTypes.ResourceQuota);
  await clock.advance(0);
  cluster.edit(quotaRef, (object) => Object.assign(object.metadata, { labels: {} }));
  await clock.advance(0);
  expect(moved()).toEqual(["a workspace-quota"]);
});

test("bindings in namespaces of ours count whoever made them, elsewhere they do not", async () => {
  const cluster = createFakeCluster([]);
  const { clock, moved } = start(cluster, resourceTypes.RoleBinding);
  await clock.advance(0);
  cluster.put(binding("paas-ws-a", "mallory"));
  cluster.put(binding("paas-system", "mallory"));
  cluster.put(binding("kube-system", "mallory"));
  cluster.put(binding("paas-ws-Not-Ours", "mallory"));
  await clock.advance(0);
  expect(moved()).toEqual(["a mallory", "platform mallory"]);
});

test("what moved while the watch was broken is told after it", async () => {
  const cluster = createFakeCluster([
    quota("paas-ws-a", "a"),
    quota("paas-ws-b", "b"),
    quota("paas-ws-c", "c"),
  ]);
  const { clock, signs, moved } = start(cluster, resourceTypes.ResourceQuota);
  await clock.advance(0);
  let isAway = true;
  cluster.beforeRequest(({ verb }) => {
    if (isAway && (verb === "list" || verb === "watch")) throw new OperationError("unreachable", "away");
  });
  cluster.expireWatches();
  cluster.edit(quotaRef, (object) => Object.assign(object, { spec: { hard: { pods: "99" } } }));
  cluster.remove({ ...quotaRef, namespace: "paas-ws-b" });
  await clock.advance(5000);
  expect(signs.filter(({ type }) => type === "lost").length).toBeGreaterThan(0);
  isAway = false;
  await clock.advance(120_000);
  expect([...new Set(moved())].sort()).toEqual(["a workspace-quota", "b workspace-quota"]);
});

test("a kind the API server does not know is asked for again now and then", async () => {
  const cluster = createFakeCluster([], { withoutKinds: ["Middleware"] });
  const { clock, signs } = start(cluster, resourceTypes.Middleware);
  await clock.advance(0);
  expect(signs).toEqual([{ type: "watching", kind: "Middleware" }]);
  const before = cluster.requests.length;
  await clock.advance(600_000);
  expect(cluster.requests.length - before).toBe(2);
});

test("data of Secrets is never asked for", async () => {
  const cluster = createFakeCluster([
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "x-values", namespace: "paas-charts", labels: labels("a") },
      data: { "values.yaml": "bWFkZS11cC1wYXNzd29yZC0x" },
    },
  ]);
  const seen: unknown[] = [];
  const list = cluster.list.bind(cluster);
  cluster.list = async (query) => {
    const answer = await list(query);
    seen.push(query.metadataOnly, answer);
    return answer;
  };
  const { clock, moved } = start(cluster, resourceTypes.Secret);
  await clock.advance(0);
  expect(seen[0]).toBe(true);
  expect(JSON.stringify(seen)).not.toContain("bWFkZS11cC1wYXNzd29yZC0x");
  cluster.edit({ apiVersion: "v1", kind: "Secret", namespace: "paas-charts", name: "x-values" }, (object) =>
    Object.assign(object, { data: { "values.yaml": "b3RoZXI=" } }),
  );
  await clock.advance(0);
  expect(moved()).toEqual(["a x-values"]);
});

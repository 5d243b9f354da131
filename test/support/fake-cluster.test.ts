import { describe, expect, test } from "vitest";
import { resourceTypes } from "../../src/cluster/resource-types.ts";
import { createFakeCluster } from "./fake-cluster.ts";

const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x" };
const configMap = (data: Record<string, string>, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x", namespace: "default", ...metadata },
  data,
});

describe("what a test plays", () => {
  test("a hook before a request: nothing happened; after it: only the answer is lost", async () => {
    const cluster = createFakeCluster();
    cluster.beforeRequest(() => {
      throw new Error("before");
    });
    await expect(cluster.apply(configMap({ a: "1" }))).rejects.toThrow("before");
    expect(cluster.object(ref)).toBeUndefined();
    cluster.beforeRequest(undefined);
    cluster.afterRequest(() => {
      throw new Error("after");
    });
    await expect(cluster.apply(configMap({ a: "1" }))).rejects.toThrow("after");
    expect(cluster.object(ref)?.["data"]).toEqual({ a: "1" });
  });

  test("requests are kept as they were sent; writes() leaves out reads and dry runs", async () => {
    const cluster = createFakeCluster();
    await cluster.list({ type: resourceTypes.ConfigMap });
    await cluster.apply(configMap({ a: "1" }), { dryRun: true });
    await cluster.apply(configMap({ a: "1" }));
    expect(cluster.requests.map(({ verb, dryRun }) => [verb, dryRun])).toEqual([
      ["list", false],
      ["apply", true],
      ["apply", false],
    ]);
    expect(cluster.writes().map(({ name }) => name)).toEqual(["x"]);
  });

  test("nothing handed out or in is shared", async () => {
    const data = { a: "1" };
    const cluster = createFakeCluster();
    await cluster.apply(configMap(data));
    data.a = "2";
    const seen = cluster.object(ref) as unknown as { data: { a: string } };
    seen.data.a = "3";
    expect(cluster.object(ref)?.["data"]).toEqual({ a: "1" });
  });

  test("names() tells what is there but the base namespaces", () => {
    const cluster = createFakeCluster([configMap({})]);
    expect(cluster.names()).toEqual(["ConfigMap default/x"]);
    expect(cluster.objects("Namespace").map(({ metadata }) => metadata.name)).toEqual([
      "default",
      "kube-system",
    ]);
  });
});

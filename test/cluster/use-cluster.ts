import { afterAll, beforeAll, beforeEach } from "vitest";
import { clusterOrSkip, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";

/**
 * One cluster for all tests of a file, stopped after the last: call it at the top level and ask for the cluster inside
 * a test. Without Go the tests are skipped with the reason.
 */
export function useCluster(options: TestClusterOptions = {}): () => TestCluster {
  let cluster: TestCluster | undefined;
  let missing = "not asked yet";
  beforeAll(async () => {
    const found = await clusterOrSkip();
    if ("skip" in found) missing = found.skip;
    else cluster = await found.start(options);
  });
  beforeEach((context) => {
    if (cluster === undefined) context.skip(missing);
  });
  afterAll(async () => {
    await cluster?.stop();
  });
  return () => {
    if (cluster === undefined) throw new Error(missing);
    return cluster;
  };
}

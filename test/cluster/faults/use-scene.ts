import { afterAll, beforeAll } from "vitest";
import { clusterOrSkip, type TestCluster, type TestClusterOptions } from "../test-cluster.ts";
import { useCluster } from "../use-cluster.ts";
import { openScene, type Scene } from "./scene.ts";

/**
 * A scene for all tests of a file, on an API server of its own; `prepare` runs once. Without Go the tests are skipped
 * with the reason.
 */
export function useScene(
  prepare: (scene: Scene, cluster: TestCluster) => Promise<void> = async () => undefined,
  options: TestClusterOptions = {},
): () => Scene {
  const cluster = useCluster({ components: "api", ...options });
  let scene: Scene | undefined;
  beforeAll(async () => {
    if ("skip" in (await clusterOrSkip())) return;
    scene = await openScene(cluster());
    await prepare(scene, cluster());
  });
  afterAll(async () => scene?.stop());
  return () => {
    if (scene === undefined) throw new Error("there is no scene without a cluster");
    return scene;
  };
}

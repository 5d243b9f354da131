import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAll } from "js-yaml";
import { resourceTypeOf } from "../../src/cluster/resource-types.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { runWoow } from "../support/woow.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { clusterOrSkip } from "./test-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";

const found = await clusterOrSkip();

describe.skipIf("skip" in found)("moving between the manifests directory and apply", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;
  let base: string;

  beforeAll(async () => {
    if ("skip" in found) throw new Error(found.skip);
    cluster = await found.start({ components: "api" });
    base = await mkdtemp(join(tmpdir(), "woow-moving-"));
    platform = await writeTestPlatform({ dir: join(base, "p"), cluster, workspaces: { acme: 1 } });
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const woow = async (...args: readonly string[]) =>
    runWoow(args, { cwd: platform.dir, env: { ...platform.env, KUBECONFIG: cluster.kubeconfigPath } });

  /** K3s' deploy controller: creates what is not there, patches what is, and marks both as its own. */
  async function deployByK3s(): Promise<void> {
    const { stdout } = await woow("synth", "--stdout");
    for (const manifest of loadAll(stdout) as Manifest[]) {
      const { plural, apiVersion } = resourceTypeOf(manifest);
      const { name, namespace } = manifest.metadata;
      const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      const collection = `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
      const marks = {
        labels: { ...manifest.metadata.labels, "objectset.rio.cattle.io/hash": "made-up-hash" },
        annotations: {
          ...manifest.metadata.annotations,
          "objectset.rio.cattle.io/owner-name": "paas-made-up",
        },
      };
      const body = { ...manifest, metadata: { ...manifest.metadata, ...marks } };
      const manager = "fieldManager=deploy%40server-0";
      const made = await cluster.request({ method: "POST", path: `${collection}?${manager}`, body });
      if (made.status === 201) continue;
      const patched = await cluster.request({
        method: "PATCH",
        path: `${collection}/${name}?${manager}`,
        contentType: "application/merge-patch+json",
        body: { metadata: marks },
      });
      expect(patched.status).toBe(200);
    }
  }

  const readChart = async () => {
    const path = "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts/paas-ws-acme-web-01";
    const { body } = await cluster.request({ method: "GET", path });
    return body as { metadata: { uid: string; generation: number } };
  };

  test("what K3s deployed is recognised, left alone, and taken over only when asked; the release does not change", async () => {
    await deployByK3s();
    const before = await readChart();
    const refused = await woow("plan");
    expect(refused.status).toBe(3);
    expect(refused.stdout + refused.stderr).toContain("is applied by K3s from its manifests directory");
    expect((await woow("apply", "--yes", "--wait=false")).status).toBe(3);

    const adopted = await woow("apply", "--yes", "--wait=false", "--adopt");
    expect(adopted.status, adopted.stderr).toBe(0);
    const after = await readChart();
    expect([after.metadata.uid, after.metadata.generation]).toEqual([
      before.metadata.uid,
      before.metadata.generation,
    ]);
    expect((await woow("plan")).stdout).toContain("nothing to do");
  });

  test("given back to K3s, the inventory gone, apply does not touch it any more", async () => {
    await deployByK3s();
    expect((await woow("plan")).stdout).toContain("nothing to do");
    const selector = "labelSelector=paas.woowtech.com%2Finventory";
    const gone = await cluster.request({
      method: "DELETE",
      path: `/api/v1/namespaces/paas-system/configmaps?${selector}`,
    });
    expect(gone.status).toBe(200);
    const refused = await woow("apply", "--yes", "--wait=false");
    expect(refused.status).toBe(3);
    expect(refused.stdout + refused.stderr).toContain("is applied by K3s from its manifests directory");
  });
});

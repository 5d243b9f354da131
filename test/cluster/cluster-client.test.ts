import { describe } from "vitest";
import { objectPath } from "../../src/edges/kubernetes/api-path.ts";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import { describeClusterClient } from "../contract/cluster-client.ts";
import { clusterOrSkip } from "./test-cluster.ts";

const world = await clusterOrSkip();

describe.skipIf("skip" in world)(`client${"skip" in world ? `: ${world.skip}` : ""}`, () => {
  describeClusterClient("a real API server", async () => {
    if ("skip" in world) throw new Error(world.skip);
    const cluster = await world.start({ components: "api", audit: false });
    const client = await connectCluster({
      kubeconfig: cluster.kubeconfigPath,
      environment: {},
      signal: new AbortController().signal,
    });
    let number = 0;
    return {
      client,
      async newNamespace() {
        const name = `test-${++number}`;
        const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
        await cluster.request({ method: "POST", path: "/api/v1/namespaces", body });
        return name;
      },
      async edit(ref, patch) {
        const { status, body } = await cluster.request({
          method: "PATCH",
          path: `${objectPath(ref)}?fieldManager=kubectl-edit`,
          contentType: "application/merge-patch+json",
          body: patch,
        });
        if (status >= 300) throw new Error(JSON.stringify(body));
      },
      stop: () => cluster.stop(),
    };
  });
});

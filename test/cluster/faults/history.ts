import { connectCluster } from "../../../src/edges/kubernetes/connect.ts";
import { createClusterRevisions } from "../../../src/record/cluster-revision-store.ts";
import type { Outcome } from "../../../src/record/revision.ts";
import type { TestCluster } from "../test-cluster.ts";

/** What the revisions in a cluster tell, by unit, oldest first. */
export type History = ReadonlyMap<string, readonly { readonly number: number; readonly outcome: Outcome }[]>;

/** Reads all revisions of the cluster `default`; one without an end was interrupted. */
export async function readHistory(cluster: TestCluster): Promise<History> {
  const client = await connectCluster({
    kubeconfig: cluster.kubeconfigPath,
    context: "test",
    environment: {},
    signal: new AbortController().signal,
  });
  const store = createClusterRevisions({ client, cluster: "default", writer: "reader" });
  const revisions = await store.list({ cluster: "default" });
  return Map.groupBy(
    revisions.map(({ unit, number, end }) => ({ unit, number, outcome: end?.outcome ?? "interrupted" })),
    ({ unit }) => unit,
  );
}

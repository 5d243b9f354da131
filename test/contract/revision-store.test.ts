import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openLocalRevisions } from "../../src/edges/lowdb-store.ts";
import { createClusterRevisions } from "../../src/record/cluster-revision-store.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { describeRevisionStore } from "./revision-store.ts";

const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeRevisionStore("lowdb", {
  kind: "local",
  start: async () => {
    const root = await mkdtemp(join(tmpdir(), "woow-revisions-"));
    folders.push(root);
    return { open: () => openLocalRevisions({ root, environment: {} }) };
  },
});

describeRevisionStore("the cluster", {
  kind: "cluster",
  start: async () => {
    const client = createFakeCluster([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } },
    ]);
    let processes = 0;
    return {
      open: () =>
        createClusterRevisions({ client, cluster: "default", writer: `writer-${(processes += 1)}` }),
    };
  },
});

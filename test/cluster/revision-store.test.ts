import { describe, expect, test } from "vitest";
import { connectCluster } from "../../src/edges/kubernetes/connect.ts";
import { createClusterRevisions } from "../../src/record/cluster-revision-store.ts";
import { describeRevisionStore } from "../contract/revision-store.ts";
import { newRevision, revisionEnd } from "../record/builders.ts";
import { list } from "./on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const namespace = "paas-system";
const secretsPath = `/api/v1/namespaces/${namespace}/secrets`;
const cluster = useCluster({ components: "api" });

async function freshHistory(api: TestCluster) {
  await api.request({
    method: "POST",
    path: "/api/v1/namespaces",
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  });
  await api.request({ method: "DELETE", path: secretsPath });
  const client = await connectCluster({
    kubeconfig: api.kubeconfigPath,
    environment: {},
    signal: new AbortController().signal,
  });
  let processes = 0;
  const open = () =>
    createClusterRevisions({ client, cluster: "default", writer: `writer-${(processes += 1)}` });
  return { client, open };
}

describeRevisionStore("the cluster", { kind: "cluster", start: async () => freshHistory(cluster()) });

describe("what it costs", () => {
  const requests = async (work: () => Promise<unknown>) => {
    const mark = await cluster().auditMark();
    await work();
    const events = await cluster().auditSince(mark, { user: "admin" });
    return events.map(({ verb, resource }) => `${verb} ${resource}`).sort();
  };

  test("one changed service: one list, one create, one patch", async () => {
    const { open } = await freshHistory(cluster());
    await open().begin([newRevision("acme/n8n-01"), newRevision("acme/db-01")]);
    const seen = await requests(async () => {
      const store = open();
      const [begun] = await store.begin([newRevision("acme/n8n-01")]);
      if (begun !== undefined) await store.finish(begun, revisionEnd());
    });
    expect(seen).toEqual(["create secrets", "list secrets", "patch secrets"]);
  });

  test("a thousand services in twenty workspaces: twenty Secrets, ended with twenty patches", async () => {
    const { open } = await freshHistory(cluster());
    const units = Array.from({ length: 20 }, (_, workspace) =>
      Array.from({ length: 50 }, (__, service) => `ws${workspace}/app-${service}`),
    ).flat();
    const seen = await requests(async () => {
      const store = open();
      const begun = await store.begin(units.map((unit) => newRevision(unit)));
      await Promise.all(begun.map((revision) => store.finish(revision, revisionEnd())));
    });
    const count = (what: string) => seen.filter((one) => one === what).length;
    expect([count("list secrets"), count("create secrets"), count("patch secrets"), seen.length]).toEqual([
      1, 20, 20, 41,
    ]);
    const all = await open().list({ cluster: "default" });
    expect(all.length).toBe(1000);
    expect(all.every(({ end }) => end?.outcome === "running")).toBe(true);
  });
});

test("what is stored is of our own type, without the platform's label, and packed", async () => {
  const { open } = await freshHistory(cluster());
  await open().begin([newRevision("acme/n8n-01")]);
  const [secret] = await list(cluster(), secretsPath);
  expect(secret).toMatchObject({
    type: "paas.woowtech.com/revision",
    metadata: { name: "revision-acme-1" },
  });
  expect(Object.keys(secret?.metadata.labels ?? {}).sort()).toEqual([
    "app.kubernetes.io/managed-by",
    "paas.woowtech.com/record",
    "paas.woowtech.com/record-of",
    "paas.woowtech.com/record-sequence",
    "revision.paas.woowtech.com/n8n-01",
  ]);
});

test("a damaged record is an error that names it, never an empty history", async () => {
  const { open, client } = await freshHistory(cluster());
  await open().begin([newRevision("acme/n8n-01")]);
  const ref = { apiVersion: "v1", kind: "Secret", namespace, name: "revision-acme-1" };
  await client.patch(ref, [{ op: "replace", path: "/data/revisions", value: "bm8gZ3ppcA==" }]);
  await expect(open().list({ cluster: "default" })).rejects.toMatchObject({
    code: "unreadable",
    subject: "Secret paas-system/revision-acme-1",
  });
});

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import { createClusterRevisions } from "../../src/record/cluster-revision-store.ts";
import { maxRevisions } from "../../src/record/revision-store.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { newRevision, revisionEnd } from "./builders.ts";

const unit = "acme/n8n-01";
const start = () =>
  createFakeCluster([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } }]);
const open = (client: ClusterClient, writer = "writer-1") =>
  createClusterRevisions({ client, cluster: "default", writer });

describe("an answer that was lost is asked for again by the client", () => {
  /** Every write is done twice, and the caller is told of the second. */
  const twice = (client: ClusterClient): ClusterClient => ({
    ...client,
    create: async (object, options) => {
      await client.create(object, options);
      return client.create(object, options);
    },
    patch: async (ref, patch, options) => {
      await client.patch(ref, patch, options);
      return client.patch(ref, patch, options);
    },
  });

  test("no revision is begun twice", async () => {
    const client = start();
    const store = open(twice(client));
    const begun = await store.begin([newRevision(unit), newRevision("acme/db-01")]);
    expect(begun.map(({ number }) => number)).toEqual([1, 1]);
    expect(client.objects("Secret").length).toBe(1);
    const again = await store.begin([newRevision(unit)]);
    expect(again.map(({ number }) => number)).toEqual([2]);
  });

  test("an end that is there already is ours", async () => {
    const client = start();
    const store = open(twice(client));
    const begun = await store.begin([newRevision(unit), newRevision("acme/db-01")]);
    await Promise.all(begun.map((revision) => store.finish(revision, revisionEnd())));
    const listed = await store.list({ cluster: "default" });
    expect(listed.map(({ end }) => end?.outcome)).toEqual(["running", "running"]);
  });

  test("another writer's revision of the same moment is not ours", async () => {
    const client = start();
    const other = open(client, "writer-2");
    let isFirst = true;
    const raced: ClusterClient = {
      ...client,
      create: async (object, options) => {
        if (isFirst) {
          isFirst = false;
          await other.begin([newRevision(unit)]);
        }
        return client.create(object, options);
      },
    };
    const [begun] = await open(raced).begin([newRevision(unit)]);
    expect(begun?.number).toBe(2);
  });
});

test("what is too old goes, and only that", async () => {
  const client = start();
  const store = open(client);
  await store.begin([newRevision(unit), newRevision("acme/quiet")]);
  for (let run = 0; run < maxRevisions + 1; run += 1) await store.begin([newRevision(unit)]);
  const names = client.objects("Secret").map(({ metadata }) => metadata.name);
  // the first is still the only one of the quiet service
  expect(names.length).toBe(maxRevisions + 1);
  expect(names).toContain("revision-acme-1");
  expect(names).not.toContain("revision-acme-2");
});

test("a definition too large for a Secret is left out, the revision is not", async () => {
  const store = open(start());
  const noise = Array.from({ length: 30_000 }, (_, index) =>
    createHash("sha256").update(String(index)).digest("base64"),
  ).join("");
  const [begun] = await store.begin([
    newRevision(unit, { definition: { files: { "workspaces/acme/n8n-01.yaml": noise } } }),
  ]);
  expect(Object.keys(begun?.definition.files ?? { none: "" })).toEqual([]);
  expect((await store.list({ cluster: "default", unit })).length).toBe(1);
});

test("an end for a unit nobody knows is nothing", async () => {
  const client = start();
  await open(client).finish({ cluster: "default", unit, number: 3 }, revisionEnd());
  expect(client.writes()).toEqual([]);
});

import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runWoow } from "../support/woow.ts";
import { collections, list, mustRequest, newestRelease } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Every object of synth's files, in K3s' order. */
async function readManifests(dir: string): Promise<Manifest[]> {
  const folder = join(dir, "dist", "default");
  const manifests: Manifest[] = [];
  for (const file of (await readdir(folder)).sort()) {
    const text = await readFile(join(folder, file), "utf8");
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as Manifest | null;
      if (object !== null) manifests.push(object);
    }
  }
  return manifests;
}

async function applyManifest(manifest: Manifest, plurals: ReadonlyMap<string, string>): Promise<void> {
  const { apiVersion, kind, metadata } = manifest;
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  const plural = plurals.get(`${apiVersion} ${kind}`);
  await mustRequest(cluster(), {
    method: "PATCH",
    path: `${base}${place}/${plural}/${metadata.name}?fieldManager=test&force=true`,
    contentType: "application/apply-patch+yaml",
    body: manifest,
  });
}

/** The plural of each kind, from the API server's own lists. */
async function readPlurals(versions: ReadonlySet<string>): Promise<Map<string, string>> {
  const plurals = new Map<string, string>();
  for (const version of versions) {
    const path = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
    const { resources } = await mustRequest<{ resources: { name: string; kind: string }[] }>(cluster(), {
      method: "GET",
      path,
    });
    for (const { name, kind } of resources) {
      if (!name.includes("/")) plurals.set(`${version} ${kind}`, name);
    }
  }
  return plurals;
}

test("what synth writes for a test platform becomes running services, quota, policies and all", async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-test-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: { a: 2, b: 1 },
    databases: ["a"],
  });
  expect(platform.services.map(({ release }) => release)).toEqual([
    "paas-ws-a-db-01",
    "paas-ws-a-web-01",
    "paas-ws-a-web-02",
    "paas-ws-b-web-01",
  ]);
  const synth = await runWoow(["synth"], { cwd: dir, env: platform.env });
  expect(synth).toMatchObject({ status: 0 });

  const manifests = await readManifests(dir);
  const plurals = await readPlurals(new Set(manifests.map(({ apiVersion }) => apiVersion)));
  for (const manifest of manifests) await applyManifest(manifest, plurals);

  for (const { release, namespace } of platform.services) {
    await waitUntil(`${release} is deployed`, async () => {
      return (await newestRelease(cluster(), { namespace, name: release }))?.status === "deployed";
    });
    await waitUntil(`${release} has endpoints`, async () => {
      const selector = encodeURIComponent(`kubernetes.io/service-name=${release}`);
      const slices = await list<{ endpoints?: { conditions: { ready?: boolean } }[] | null }>(
        cluster(),
        `${collections.slices(namespace)}?labelSelector=${selector}`,
      );
      return slices.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions.ready === true));
    });
  }
});

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { isWrite } from "./faults/audit-writes.ts";
import { collections, list, mustRequest } from "./on-cluster.ts";
import type { KubeObject } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();

type Run = (...args: readonly string[]) => Promise<Ran>;

const said = ({ stdout, stderr }: Ran) => `${stdout}\n${stderr}`;

/** Workspaces of one service each, with a volume, applied. */
async function makeWorld(...workspaces: readonly string[]): Promise<{ dir: string; run: Run }> {
  const dir = await mkdtemp(join(tmpdir(), "woow-destroy-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const platform = await writeTestPlatform({
    dir,
    cluster: cluster(),
    workspaces: Object.fromEntries(workspaces.map((id) => [id, 1])),
  });
  for (const { file } of platform.services) {
    const text = await readFile(join(dir, file), "utf8");
    await writeFile(join(dir, file), `${text}  persistence.enabled: true\n`);
  }
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath, WOOW_LOCK_TERM: "2" };
  const run: Run = async (...args) => runWoow(args, { cwd: dir, env });
  for (const id of workspaces) {
    const ran = await run("apply", "--yes", "-w", id);
    expect(ran.status, said(ran)).toBe(0);
  }
  return { dir, run };
}

const claimPath = (workspace: string) =>
  `${collections.claims(`paas-ws-${workspace}`)}/paas-ws-${workspace}-web-01-data`;

const post = async (path: string, body: object) => mustRequest(cluster(), { method: "POST", path, body });

const get = async (path: string) =>
  (await cluster().request({ method: "GET", path })).body as KubeObject & {
    spec?: { volumeName?: string };
    status?: { phase?: string };
  };

const hasData = (volume: string) => existsSync(join(cluster().volumesDir, volume));

test("data that another service's pod mounts is not deleted: refused before any write, naming the pod", async () => {
  const { dir, run } = await makeWorld("used");
  const pods = collections.pods("paas-ws-used");
  await post(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "reader", labels: { "app.kubernetes.io/instance": "paas-ws-used-web-02" } },
    spec: {
      containers: [{ name: "x", image: "x", securityContext: { allowPrivilegeEscalation: false } }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "paas-ws-used-web-01-data" } }],
    },
  });
  const mark = await cluster().auditMark();
  const args = ["destroy", "used/web-01", "--delete-data", "--confirm", "used/web-01"];
  const refused = await run(...args);
  expect(refused.status, said(refused)).toBe(3);
  expect(refused.stderr).toContain("pod reader of paas-ws-used-web-02");
  expect(existsSync(join(dir, "workspaces/used/web-01.yaml"))).toBe(true);
  expect((await get(claimPath("used"))).metadata.deletionTimestamp).toBeUndefined();
  expect((await cluster().auditSince(mark)).filter(isWrite)).toEqual([]);

  await mustRequest(cluster(), { method: "DELETE", path: `${pods}/reader?gracePeriodSeconds=0` });
  const ran = await run(...args);
  expect(ran.status, said(ran)).toBe(0);
});

test("a kept volume that a person gave to another tenant is that tenant's: listed so, and never deleted by name", async () => {
  const { dir, run } = await makeWorld("giver", "taker");
  const { spec } = await get(claimPath("giver"));
  const name = spec?.volumeName ?? "";
  const gone = await run("destroy", "giver/web-01", "--yes");
  expect(gone.status, said(gone)).toBe(0);
  const path = `${collections.volumes()}/${name}`;
  await waitUntil("the volume is released", async () => (await get(path)).status?.phase === "Released");

  const text = await readFile(join(dir, "workspaces/taker/web-01.yaml"), "utf8");
  const rest = await run("destroy", "taker/web-01", "--delete-data", "--confirm", "taker/web-01");
  expect(rest.status, said(rest)).toBe(0);
  await mustRequest(cluster(), {
    method: "PATCH",
    path,
    contentType: "application/merge-patch+json",
    body: {
      spec: {
        claimRef: {
          namespace: "paas-ws-taker",
          name: "paas-ws-taker-web-01-data",
          uid: null,
          resourceVersion: null,
        },
      },
    },
  });
  await writeFile(join(dir, "workspaces/taker/web-01.yaml"), text);
  const again = await run("apply", "--yes", "-w", "taker");
  expect(again.status, said(again)).toBe(0);
  expect((await get(claimPath("taker"))).spec?.volumeName).toBe(name);

  const listed = await run("volumes", "list", "-o", "json");
  const volumes = JSON.parse(listed.stdout) as { name: string }[];
  expect(volumes.find((one) => one.name === name)).toMatchObject({ state: "foreign" });
  for (const args of [
    ["volumes", "delete", name, "--confirm"],
    ["destroy", "giver", "--delete-data", "--confirm", "giver"],
  ]) {
    const ran = await run(...args);
    expect(hasData(name), said(ran)).toBe(true);
    expect((await get(claimPath("taker"))).metadata.deletionTimestamp, said(ran)).toBeUndefined();
  }
  // it is the taker's data now, and kept as that
  const kept = await run("destroy", "taker/web-01", "--yes");
  expect(kept.status, said(kept)).toBe(0);
  expect(said(kept)).toContain("kept 1 volume of taker/web-01");
  expect((await get(path)).metadata.labels?.["paas.woowtech.com/workspace"]).toBe("taker");
  expect(hasData(name)).toBe(true);
});

test("a namespace in which somebody made something by hand stays, and says what", async () => {
  const { run } = await makeWorld("shared");
  await post(collections.secrets("paas-ws-shared"), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "by-hand" },
    type: "Opaque",
  });
  await post("/apis/batch/v1/namespaces/paas-ws-shared/cronjobs", {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "nightly" },
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: {
        spec: {
          template: { spec: { restartPolicy: "Never", containers: [{ name: "x", image: "x" }] } },
        },
      },
    },
  });
  const { spec } = await get(claimPath("shared"));
  const first = await run("destroy", "shared/web-01", "--delete-data", "--confirm", "shared/web-01");
  expect(first.status, said(first)).toBe(0);
  expect(hasData(spec?.volumeName ?? "")).toBe(false);
  const kept = await run("destroy", "shared", "--yes");
  expect(kept.status, said(kept)).toBe(4);
  expect(said(kept)).toContain("it holds what is not ours: CronJob nightly, Secret by-hand\n");
  const names = (await list(cluster(), collections.secrets("paas-ws-shared"))).map(
    ({ metadata }) => metadata.name,
  );
  expect(names).toContain("by-hand");
  const ran = await run("destroy", "shared", "--delete-data", "--confirm", "shared");
  expect(ran.status, said(ran)).toBe(0);
});

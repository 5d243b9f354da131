import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { liveEdits } from "./live-edits.ts";
import type { SavedScene, Scene } from "./scene.ts";
import { writesOf } from "./audit-writes.ts";
import { useScene } from "./use-scene.ts";
import { edit } from "./works.ts";

const apply = ["apply", "--yes", "--wait=false"];
let changed: SavedScene | undefined;

/** Applied, then changed in git: one service changes, one is new. */
const scene = useScene(async (on) => {
  await on.mustRun(apply);
  await on.settle();
  const { dir } = on;
  await edit(dir, "workspaces/a/web-01.yaml", (text) => text.replace("hello", "changed"));
  await cp(join(dir, "workspaces/b/web-01.yaml"), join(dir, "workspaces/b/web-02.yaml"));
  await edit(dir, "workspaces/b/web-02.yaml", (text) => text.replace("b-web-01", "b-web-02"));
  changed = await on.save();
});

/** The cluster and the repository put back, and a plan saved: putting back moves versions, so an old one is stale. */
async function savePlan(): Promise<Scene> {
  if (changed === undefined) throw new Error("nothing was changed");
  const on = scene();
  await on.restore(changed);
  await on.settle();
  await on.mustRun(["plan", "--out", "plan.json"]);
  return on;
}

test("there are fifty edits, each with a name of its own", () => {
  expect(new Set(liveEdits.map(({ name }) => name)).size).toBe(liveEdits.length);
  expect(liveEdits.length).toBeGreaterThanOrEqual(50);
});

test.each(liveEdits)("a saved plan is refused before the first write: $name", async ({ edit: change }) => {
  const on = await savePlan();
  await change(on.cluster);
  const mark = await on.cluster.auditMark();
  const ran = await on.run(["apply", "plan.json", "--wait=false"]);
  const events = await on.cluster.auditSince(mark);
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 3 });
  expect(writesOf(events)).toEqual([]);
});

test("without an edit it is applied", async () => {
  const on = await savePlan();
  const ran = await on.run(["apply", "plan.json", "--wait=false"]);
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
  expect(await on.run(["plan", "--detailed-exitcode"])).toMatchObject({ status: 0 });
});

test("a status that moves does not make it stale", async () => {
  const on = await savePlan();
  const path = "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts/paas-ws-a-web-01/status";
  const body = { status: { jobName: "helm-install-paas-ws-a-web-01" } };
  const contentType = "application/merge-patch+json";
  const { status } = await on.cluster.request({ method: "PATCH", path, contentType, body });
  expect(status).toBe(200);
  const ran = await on.run(["apply", "plan.json", "--wait=false"]);
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ status: 0 });
});

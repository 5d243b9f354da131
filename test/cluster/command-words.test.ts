import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasTerminal, runInTerminal } from "../support/typed-terminal.ts";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { collections, list } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestPlatform } from "./platform-on-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
let platform: TestPlatform;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "woow-words-"));
  platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces: { acme: 1 } });
  const file = join(dir, "platform.yaml");
  const away = "  away: { context: nowhere, k3s_version: v1.35.8+k3s1 }\n";
  await writeFile(file, (await readFile(file, "utf8")).replace("\nclusters:\n", `\nclusters:\n${away}`));
});

afterAll(async () => {
  await rm(platform.dir, { recursive: true, force: true });
});

const environment = () => ({ ...platform.env, KUBECONFIG: cluster().kubeconfigPath });
const woow = async (...args: string[]): Promise<Ran> =>
  runWoow(args, { cwd: platform.dir, env: environment() });

test("plan --all-clusters goes on past a cluster that cannot be reached, names it and fails", async () => {
  const planned = await woow("plan", "--all-clusters", "--detailed-exitcode");
  expect(planned.stderr).toContain("error: cluster away: there is no context nowhere");
  expect(planned.stdout).toContain("acme/web-01");
  expect(planned.status).toBe(1);
  expect((await woow("plan", "--cluster", "default", "--detailed-exitcode")).status).toBe(2);
});

test("status of a cluster that cannot be read does not say that there is no service", async () => {
  const ran = await woow("status", "--cluster", "away");
  expect(ran.stdout).toBe("");
  expect(ran.stderr).toContain("cluster away cannot be read: there is no context nowhere");
  expect(ran.status).toBe(1);
});

test("a unit that is nowhere is an error with the nearest one, for revisions and for status", async () => {
  const unknown = await woow("revisions", "acme/web-02", "--cluster", "default");
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toContain(
    "there is no acme/web-02: it is not defined, and nothing is recorded of it",
  );
  expect(unknown.stderr).toContain("did you mean acme/web-01?");
  // defined, and nothing recorded yet
  expect((await woow("revisions", "acme/web-01", "--cluster", "default")).status).toBe(0);

  const workspace = await woow("status", "-w", "amce", "--cluster", "default");
  expect(workspace.status).toBe(1);
  expect(workspace.stderr).toContain("there is no workspace amce");
  expect(workspace.stderr).toContain("did you mean acme?");
  expect((await woow("status", "-w", "acme", "--cluster", "default")).status).toBe(0);
  const service = await woow("status", "-s", "acme/wbe-01", "--cluster", "default");
  expect(service.stderr).toContain("did you mean acme/web-01?");
});

test.skipIf(!hasTerminal())(
  "apply asks with the cluster's name and its context, and no writes nothing",
  async () => {
    const asked = "Apply this to cluster default (kubeconfig context test)?";
    const ran = await runInTerminal(["apply", "--cluster", "default"], {
      cwd: platform.dir,
      env: environment(),
      typing: [{ when: asked, type: "n\r" }],
    });
    expect(ran.screen).toContain(asked);
    expect(ran.typed).toBe(1);
    const names = (await list(cluster(), collections.namespaces())).map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith("paas-"))).toEqual([]);
  },
);

test("destroy refuses while a file that would go is not committed as it is, and keeps it", async () => {
  const file = join(platform.dir, "workspaces/acme/web-01.yaml");
  const git = async (...args: string[]) =>
    execa("git", ["-c", "user.name=you", "-c", "user.email=you@example.com", ...args], { cwd: platform.dir });
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-qm", "A platform");
  const edited = `${await readFile(file, "utf8")}# an edit\n`;
  await writeFile(file, edited);
  const refused = await woow("destroy", "acme/web-01", "--yes", "--cluster", "default");
  expect(refused.status).toBe(3);
  expect(refused.stderr).toContain(
    "not committed, and would be gone with its passwords: workspaces/acme/web-01.yaml",
  );
  expect(await readFile(file, "utf8")).toBe(edited);

  await git("commit", "-qam", "An edit");
  expect((await woow("destroy", "acme/web-01", "--yes", "--cluster", "default")).status).toBe(0);
  await expect(readFile(file, "utf8")).rejects.toThrow("ENOENT");
  await git("checkout", "-q", "--", ".");
});

test("a suspended workspace says that its services go on being applied, and they do", async () => {
  const apply = async () =>
    woow("apply", "--yes", "--wait=false", "--cluster", "default", "-w", "acme", "--json");
  expect((await apply()).status).toBe(0);
  const held = await woow("suspend", "acme", "--reason", "made up", "--cluster", "default");
  expect(held.stdout).toContain("acme is suspended");
  expect(held.stderr).toContain("its services go on being applied: acme/web-01");

  const file = join(platform.dir, "workspaces/acme/web-01.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace('"1.0.0"', '"1.1.0"'));
  await apply();
  const chart = await cluster().request({
    method: "GET",
    path: `${collections.charts("paas-charts")}/paas-ws-acme-web-01`,
  });
  expect(chart.body).toMatchObject({ spec: { version: "1.1.0" } });

  await woow("suspend", "acme/web-01", "--reason", "made up", "--cluster", "default");
  const both = await woow("suspend", "acme", "--reason", "made up", "--cluster", "default");
  expect(both.stderr).not.toContain("go on being applied");
});

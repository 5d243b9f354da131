import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { runWoow } from "../support/woow.ts";
import type { Ran } from "../support/woow.ts";
import { list } from "./on-cluster.ts";
import { writeTestPlatform } from "./platform-on-cluster.ts";
import type { TestCluster } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";

const cluster = useCluster({ components: "api" });
const otherCluster = useCluster({ components: "api" });

interface Clone {
  readonly dir: string;
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  readonly git: (...args: readonly string[]) => Promise<void>;
  readonly path: (file: string) => string;
}

const workspaces = { a: 3, b: 2, c: 1 };

/** A clone of the platform that was applied to the cluster, as another person has it. */
async function makeClone(): Promise<Clone> {
  const dir = await mkdtemp(join(tmpdir(), "woow-safety-"));
  onTestFinished(async () => {
    await chmod(join(dir, "workspaces", "a"), 0o755).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  });
  const platform = await writeTestPlatform({ dir, cluster: cluster(), workspaces });
  const git = async (...args: readonly string[]) => {
    await execa("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...args], { cwd: dir });
  };
  await git("init", "-q", "-b", "main");
  await git("add", "-A");
  await git("commit", "-q", "-m", "platform");
  const env = { ...platform.env, KUBECONFIG: cluster().kubeconfigPath };
  const run = async (...args: readonly string[]) => runWoow(args, { cwd: dir, env, obeysModes: true });
  return { dir, git, run, path: (file) => join(dir, file) };
}

const said = ({ stdout, stderr }: Ran) => `${stdout}\n${stderr}`;

const watched = [
  "/api/v1/namespaces",
  "/api/v1/namespaces/paas-charts/secrets",
  "/apis/helm.cattle.io/v1/namespaces/paas-charts/helmcharts",
  "/apis/networking.k8s.io/v1/ingresses",
  "/apis/networking.k8s.io/v1/networkpolicies",
  "/apis/rbac.authorization.k8s.io/v1/rolebindings",
  "/api/v1/resourcequotas",
];

/** Everything that could be pruned, by uid, and whether it is going. */
async function everything(on: TestCluster = cluster()): Promise<readonly string[]> {
  const lists = await Promise.all(watched.map(async (path) => list(on, path)));
  return lists
    .flat()
    .map(({ metadata: { namespace, name, uid, deletionTimestamp } }) =>
      [namespace, name, uid, deletionTimestamp === undefined ? "" : "going"].join(" "),
    )
    .sort();
}

/** Requests that delete, whatever came of them. */
async function deletionsSince(mark: number): Promise<readonly string[]> {
  const events = await cluster().auditSince(mark);
  return events.filter(({ verb }) => verb.startsWith("delete")).map(({ uri }) => uri);
}

/** The clone that applied the platform, and remembers the cluster. */
let first = "";

beforeAll(async () => {
  first = await mkdtemp(join(tmpdir(), "woow-safety-"));
  const { env } = await writeTestPlatform({ dir: first, cluster: cluster(), workspaces });
  const options = { cwd: first, env: { ...env, KUBECONFIG: cluster().kubeconfigPath } };
  const ran = await runWoow(["apply", "--yes", "--wait=false"], options);
  expect(ran.status, said(ran)).toBe(0);
  const charts = (await everything()).filter((line) => line.startsWith("paas-charts paas-ws-"));
  expect(charts).toHaveLength(12);
});

afterAll(async () => {
  await rm(first, { recursive: true, force: true });
});

const service = "workspaces/a/web-01.yaml";

/** Ways in which what is defined cannot be read, none of which is a wish to remove it. */
const broken: Readonly<Record<string, (clone: Clone) => Promise<unknown>>> = {
  "no YAML": ({ path }) => writeFile(path(service), "kind: [CloudService\n  template_id\n"),
  "an empty file": ({ path }) => writeFile(path(service), ""),
  "half a file": async ({ path }) => {
    const text = await readFile(path(service), "utf8");
    await writeFile(path(service), text.slice(0, 30));
  },
  "a conflict of a merge": async ({ path }) => {
    const text = await readFile(path(service), "utf8");
    await writeFile(path(service), `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> other\n`);
  },
  "another kind": ({ path }) => writeFile(path(service), "kind: Workspace\nname: x\n"),
  "a file nobody may read": ({ path }) => chmod(path(service), 0),
  "a folder nobody may read": ({ path }) => chmod(path("workspaces/a"), 0),
  "a folder in its place": async ({ path }) => {
    await rm(path(service));
    await mkdir(path(service));
  },
  "a link that leads nowhere": async ({ path }) => {
    await rm(path(service));
    await symlink("nowhere.yaml", path(service));
  },
  "a link that leaves the repository": async ({ path }) => {
    await rm(path(service));
    await symlink("/etc/hostname", path(service));
  },
  "another ending": ({ path }) => rename(path(service), path("workspaces/a/web-01.yml")),
  "a name that is none": ({ path }) => rename(path(service), path("workspaces/a/Web_01.yaml")),
  "a file that is too large": async ({ path }) => {
    const text = await readFile(path(service), "utf8");
    await writeFile(path(service), `${text}# ${"x".repeat(1024 * 1024)}\n`);
  },
  "the workspace's own file gone": ({ path }) => rm(path("workspaces/a/workspace.yaml")),
  "the template gone": ({ path }) => rm(path("catalog/web.yaml")),
  "platform.yaml gone": ({ path }) => rm(path("platform.yaml")),
};

describe.each(Object.entries(broken))("%s", (_, breakIt) => {
  test("is a problem, and nothing is pruned", async () => {
    const clone = await makeClone();
    const before = await everything();
    const mark = await cluster().auditMark();
    await breakIt(clone);
    const ran = await clone.run("apply", "--yes", "--wait=false", "--prune-budget", "100");
    expect(ran.status, said(ran)).toBe(1);
    const narrow = await clone.run("apply", "--yes", "--wait=false", "-w", "a", "--prune-budget", "100");
    expect(narrow.status, said(narrow)).toBe(1);
    expect(await everything()).toEqual(before);
    expect(await deletionsSince(mark)).toEqual([]);
  });
});

test("with one workspace sick, a healthy one is applied and the sick one left alone", async () => {
  const clone = await makeClone();
  const before = await everything();
  await writeFile(clone.path(service), "kind: [");
  await rm(clone.path("workspaces/b/web-02.yaml"));
  const ran = await clone.run("plan", "-w", "b", "--json");
  expect(ran.status, said(ran)).toBe(0);
  expect(said(ran)).toContain("b/web-02");
  expect(said(ran)).not.toContain("paas-ws-a-web");
  expect(await everything()).toEqual(before);
});

test("what a sparse checkout leaves out is defined all the same", async () => {
  const clone = await makeClone();
  const before = await everything();
  await clone.git("sparse-checkout", "set", "--no-cone", "/*", "!/workspaces/a/");
  const ran = await clone.run(
    "apply",
    "--yes",
    "--wait=false",
    "--prune-budget",
    "100",
    "--remove-workspace",
    "a",
  );
  expect(await everything(), said(ran)).toEqual(before);
  await clone.git("sparse-checkout", "set", "--no-cone", "/*", `!/${service}`);
  const single = await clone.run("apply", "--yes", "--wait=false", "--prune-budget", "100");
  expect(single.status, said(single)).toBe(0);
  expect(await everything(), said(single)).toEqual(before);
});

test.each([
  ["all workspaces", ["workspaces"]],
  ["a workspace", ["workspaces/a"]],
  ["more services than the budget", ["workspaces/a/web-01.yaml", "workspaces/a/web-02.yaml"]],
])("%s gone from the tree: refused before anything is written", async (_, paths) => {
  const clone = await makeClone();
  const before = await everything();
  const mark = await cluster().auditMark();
  for (const path of paths) await rm(clone.path(path), { recursive: true });
  const ran = await clone.run("apply", "--yes", "--wait=false");
  expect(ran.status, said(ran)).toBe(3);
  expect(await everything()).toEqual(before);
  expect(await deletionsSince(mark)).toEqual([]);
});

test("a selection prunes nothing outside itself", async () => {
  const clone = await makeClone();
  const before = await everything();
  await rm(clone.path(service));
  await rm(clone.path("workspaces/b"), { recursive: true });
  const ran = await clone.run("apply", "--yes", "--wait=false", "-w", "c");
  expect(ran.status, said(ran)).toBe(0);
  expect(await everything()).toEqual(before);
});

test("another platform's cluster is refused", async () => {
  const clone = await makeClone();
  const before = await everything();
  const text = await readFile(clone.path("platform.yaml"), "utf8");
  await writeFile(clone.path("platform.yaml"), text.replace("name: test-platform", "name: other-platform"));
  for (const args of [
    ["apply", "--yes", "--wait=false"],
    ["destroy", "a", "--yes"],
    ["volumes", "list"],
  ]) {
    const ran = await clone.run(...args);
    expect(ran.status, said(ran)).toBe(3);
    expect(ran.stderr).toContain("test-platform");
  }
  expect(await everything()).toEqual(before);
});

test("another cluster behind the context is refused, and nothing is written there", async () => {
  const before = await everything(otherCluster());
  const env = { WOOW_AGE_KEY_FILE: join(first, "age-key.txt"), KUBECONFIG: otherCluster().kubeconfigPath };
  for (const args of [
    ["apply", "--yes", "--wait=false"],
    ["destroy", "a", "--yes"],
    ["volumes", "list"],
  ]) {
    const ran = await runWoow(args, { cwd: first, env });
    expect(ran.status, said(ran)).toBe(3);
  }
  expect(await everything(otherCluster())).toEqual(before);
  expect(existsSync(join(first, service))).toBe(true);
});

test("what is really gone is removed: the tests above could fail", async () => {
  const clone = await makeClone();
  const before = await everything();
  await rm(clone.path("workspaces/c/web-01.yaml"));
  const ran = await clone.run("apply", "--yes", "--wait=false");
  expect(ran.status, said(ran)).toBe(0);
  const after = await everything();
  expect(
    before.filter((line) => !after.includes(line)).map((line) => line.split(" ").slice(0, 2).join("/")),
  ).toEqual([
    "paas-charts/paas-ws-c-web-01",
    "paas-charts/paas-ws-c-web-01-values",
    "paas-ws-c/paas-ws-c-web-01",
    "paas-ws-c/paas-ws-c-web-01-traefik",
  ]);
});

import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { readFiles } from "../../support/temp-platform.ts";
import { cleanEnvironment, type Ran } from "../../support/woow.ts";
import { writeTestPlatform } from "../platform-on-cluster.ts";
import type { TestCluster } from "../test-cluster.ts";
import { readState, type ClusterState } from "./cluster-state.ts";
import { startControllerStandIn, type ControllerStandIn } from "./controller-stand-in.ts";
import { restoreSnapshot, takeSnapshot, type EtcdSnapshot } from "./etcd-snapshot.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { startWoow, type WoowProcess } from "./woow-process.ts";

/** A cluster and a repository at one moment. */
export interface SavedScene {
  readonly cluster: EtcdSnapshot;
  readonly files: string;
  /** With the uids that unrelated objects must keep. */
  readonly state: ClusterState;
}

/** A two-workspace platform, its repository on disk, its cluster, and a proxy between woow and the cluster. */
export interface Scene {
  readonly cluster: TestCluster;
  readonly proxy: FaultProxy;
  /** The repository's root. */
  readonly dir: string;
  /** Starts woow by way of the proxy. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): WoowProcess;
  /** Runs woow by way of the proxy to its end. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** The same, and it must succeed. */
  mustRun(args: readonly string[]): Promise<Ran>;
  /** Commits all of the repository. */
  commit(): Promise<void>;
  /** Waits until the API server and the controllers have done what they were asked. */
  settle(): Promise<void>;
  /** What is there beside what a cluster has of itself. */
  readState(): Promise<ClusterState>;
  /** The repository's files by path, git's own and the local records aside. */
  readFiles(): ReadonlyMap<string, string>;
  save(): Promise<SavedScene>;
  restore(saved: SavedScene): Promise<void>;
  stop(): Promise<void>;
}

/** Seconds: a dead holder is believed alive this long. */
export const lockTermSeconds = 1;

/** Workspace `a` with two web applications and a database, `b` with one web application. */
export async function openScene(
  cluster: TestCluster,
  { records = "cluster" }: { readonly records?: "cluster" | "local" } = {},
): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), "woow-faults-"));
  const dir = join(root, "repository");
  const platform = await writeTestPlatform({
    dir,
    cluster,
    workspaces: { a: 2, b: 1 },
    databases: ["a"],
    more: `records: ${records}\n`,
  });
  await writeFile(join(dir, ".gitignore"), ".woow/\nplan.json\n");
  const git = async (...args: string[]) => {
    const who = [
      "-c",
      "user.name=Tester",
      "-c",
      "user.email=tester@example.com",
      "-c",
      "commit.gpgsign=false",
    ];
    await execa("git", [...who, ...args], { cwd: dir, env: cleanEnvironment(dir), extendEnv: false });
  };
  await git("init", "--quiet", "--initial-branch", "main");
  const commit = async () => {
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "--message", "change");
  };
  await commit();
  const bare = await readState(cluster);
  const proxy = await startFaultProxy(cluster);
  let standIn: ControllerStandIn = startControllerStandIn(cluster);
  let saved = 0;
  const start: Scene["start"] = (args, env = {}) =>
    startWoow(args, {
      cwd: dir,
      kubeconfig: proxy.kubeconfigPath,
      env: { ...platform.env, WOOW_LOCK_TERM: String(lockTermSeconds), WOOW_ACTOR: "tester", ...env },
    });
  const settle = async () => {
    await proxy.settle();
    await standIn.settle();
  };
  const readOwn = async () => new Map([...(await readState(cluster))].filter(([key]) => !bare.has(key)));
  return {
    cluster,
    proxy,
    dir,
    start,
    run: async (args, env) => start(args, env).ended,
    async mustRun(args) {
      const ran = await start(args).ended;
      if (ran.status !== 0)
        throw new Error(`woow ${args.join(" ")}: ${ran.status}\n${ran.stdout}${ran.stderr}`);
      return ran;
    },
    commit,
    settle,
    readState: readOwn,
    readFiles: () =>
      new Map(Object.entries(readFiles(dir)).filter(([path]) => !/^\.(git|woow)\//.test(path))),
    async save() {
      await settle();
      const files = join(root, `saved-${(saved += 1)}`);
      await cp(dir, files, { recursive: true });
      return { cluster: await takeSnapshot(cluster), files, state: await readOwn() };
    },
    async restore({ cluster: snapshot, files }) {
      await standIn.stop();
      await restoreSnapshot(cluster, snapshot);
      for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true });
      await cp(files, dir, { recursive: true });
      standIn = startControllerStandIn(cluster);
    },
    async stop() {
      await standIn.stop();
      await proxy.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

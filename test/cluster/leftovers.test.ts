import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { clusterOrSkip } from "./test-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const root = join(import.meta.dirname, "..", "..");
let missing = "";

beforeAll(async () => {
  const found = await clusterOrSkip();
  if ("skip" in found) missing = found.skip;
});

beforeEach((context) => {
  if (missing !== "") context.skip(missing);
});

/** A process that starts a cluster, says where it is, and waits for its end. */
const starter = `
import { startTestCluster } from ${JSON.stringify(join(import.meta.dirname, "test-cluster.ts"))};
const cluster = await startTestCluster({ components: process.argv[1] });
console.log(JSON.stringify({ pids: cluster.pids(), dir: cluster.dir, server: cluster.server }));
// a test run that is killed takes this along
process.stdin.resume().on("end", () => process.exit());
`;

interface Started {
  readonly pids: readonly number[];
  readonly dir: string;
  readonly server: string;
}

/** Starts a Node in a process group of its own, and kills that group after the test whatever happens. */
function startNode(args: readonly string[], program = process.execPath): ChildProcess {
  // as if npm had started it: then it ends when we have gone
  const env = { ...process.env, npm_lifecycle_event: "cluster" };
  const child = spawn(program, args, { cwd: root, detached: true, stdio: ["pipe", "pipe", "pipe"], env });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // it has gone, as it should
    }
  });
  return child;
}

/** The first line of a process that goes on; throws with its errors when it ends before it says anything. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null || child.stderr === null) throw new Error("no output");
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const ended = once(child, "exit").then(() => {
    throw new Error(`it ended and said: ${errors}`);
  });
  const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => text as string);
  return Promise.race([line, ended]);
}

async function startStarter(components: string): Promise<{ child: ChildProcess; started: Started }> {
  const child = startNode(["--input-type=module", "-e", starter, components]);
  return { child, started: JSON.parse(await firstLine(child)) as Started };
}

async function expectNothingLeft({ pids, dir, server }: Started): Promise<void> {
  await waitUntil("every process has gone", () => Promise.resolve(!pids.some(isAlive)));
  await waitUntil("the folder has gone", async () => !(await isThere(dir)));
  await expect(fetch(server)).rejects.toThrow();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
  "nothing is left when the process that started a cluster gets %s",
  async (signal) => {
    const { child, started } = await startStarter("all");
    expect(started.pids).toHaveLength(7);
    expect(started.pids.every(isAlive)).toBe(true);
    child.kill(signal);
    await expectNothingLeft(started);
  },
);

test("nothing is left when the starter and the janitor are both killed, but for the folder", async () => {
  const { child, started } = await startStarter("api");
  onTestFinished(() => rm(started.dir, { recursive: true, force: true }));
  const [janitor = 0] = started.pids;
  process.kill(janitor, "SIGKILL");
  child.kill("SIGKILL");
  await waitUntil("every process has gone", () => Promise.resolve(!started.pids.some(isAlive)));
});

test("the playground prints its kubeconfig first, and Ctrl-C ends it with nothing left", async () => {
  const child = startNode(["scripts/cluster.ts", "--api-only"]);
  const line = await firstLine(child);
  expect(line).toMatch(/^export KUBECONFIG=\/.*admin\.kubeconfig$/);
  const kubeconfig = line.slice("export KUBECONFIG=".length);
  const server = /server: (.*)/.exec(await readFile(kubeconfig, "utf8"))?.[1] ?? "";
  const exited = once(child, "exit");
  // a terminal sends it to everything that runs in it
  process.kill(-(child.pid ?? 0), "SIGINT");
  expect(await exited).toEqual([0, null]);
  await expectNothingLeft({ pids: [], dir: join(kubeconfig, ".."), server });
});

test("npm run cluster ends when npm is told to", async () => {
  const platform = await mkdtemp(join(tmpdir(), "woow-test-"));
  onTestFinished(() => rm(platform, { recursive: true, force: true }));
  const child = startNode(["run", "--silent", "cluster", "--", "--api-only", "--platform", platform], "npm");
  const kubeconfig = (await firstLine(child)).slice("export KUBECONFIG=".length);
  const server = /server: (.*)/.exec(await readFile(kubeconfig, "utf8"))?.[1] ?? "";
  await waitUntil("the platform is written", () =>
    isThere(join(platform, "workspaces", "acme", "db-01.yaml")),
  );
  child.kill("SIGTERM");
  await expectNothingLeft({ pids: [], dir: join(kubeconfig, ".."), server });
});

/**
 * A playground: a real Kubernetes control plane with K3s' helm-controller and a simulated node, on this machine alone.
 * The first line it prints goes into a shell: `export KUBECONFIG=...`. Ctrl-C ends it and removes what it made.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeTestPlatform } from "../test/cluster/platform-on-cluster.ts";
import { clusterOrSkip, type TestCluster } from "../test/cluster/test-cluster.ts";

const help = `usage: npm run cluster -- [options]

  --dir DIR          where the cluster's files lie; kept when it stops (default: a temporary folder, removed)
  --platform DIR     writes a platform repository for this cluster: two workspaces, three services
  --charts-port N    the port of the chart repository (default: a free one)
  --api-only         the API server alone: objects are stored and nothing happens to them
`;

const usageError = 1;
const failed = 1;
const parentPollMs = 250;

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return usageError;
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const dir = options.dir === undefined ? undefined : resolve(options.dir);
  const platformDir = options.platform === undefined ? undefined : resolve(options.platform);
  for (const folder of [dir, platformDir]) {
    if (folder === undefined || isEmptyFolder(folder)) continue;
    console.error(`${folder} is not an empty folder; name one that is, or one that is not there yet`);
    return usageError;
  }
  let ending = false;
  const asked = askedToEnd().then(() => (ending = true));
  console.error("starting; the very first time this builds Kubernetes, which takes some minutes");
  try {
    const found = await clusterOrSkip();
    if ("skip" in found) throw new Error(`no cluster here: ${found.skip}`);
    const cluster = await found.start({
      components: options["api-only"] ? "api" : "all",
      ...(dir !== undefined && { dir }),
      ...(options.chartsPort !== undefined && { chartsPort: options.chartsPort }),
    });
    try {
      // asked to end while it starts, it ends when it has started
      if (!ending) await present(cluster, platformDir);
      await asked;
    } finally {
      await cluster.stop();
    }
  } catch (error) {
    // a Ctrl-C goes to the cluster's parts as well, which is no reason to complain
    if (!ending) {
      console.error(error instanceof Error ? error.message : String(error));
      return failed;
    }
  }
  console.error("stopped");
  return 0;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        dir: { type: "string" },
        platform: { type: "string" },
        "charts-port": { type: "string" },
        "api-only": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const port = values["charts-port"];
    if (port === undefined) return { ...values, chartsPort: undefined };
    const chartsPort = Number(port);
    if (Number.isInteger(chartsPort) && chartsPort > 0 && chartsPort < 65_536)
      return { ...values, chartsPort };
    console.error(`--charts-port is ${port}, which is not a port: give a number from 1 to 65535`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  }
  return undefined;
}

async function present(cluster: TestCluster, platformDir: string | undefined): Promise<void> {
  console.log(`export KUBECONFIG=${cluster.kubeconfigPath}`);
  if (cluster.chartsUrl !== "")
    console.log(`# charts: ${cluster.chartsUrl} (web and db, in 1.0.0, 1.1.0 and 2.0.0)`);
  if (platformDir !== undefined) {
    const platform = await writeTestPlatform({
      dir: platformDir,
      cluster,
      workspaces: { acme: 1, demo: 1 },
      databases: ["acme"],
    });
    for (const [name, value] of Object.entries(platform.env)) console.log(`export ${name}=${value}`);
    console.log(`# platform: ${platform.dir} (${platform.services.length} services)`);
  }
  console.log("# Ctrl-C ends the cluster");
}

function askedToEnd(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => done());
    // npm passes signals on to a shell, which keeps them to itself: then all we see is that our parent has gone
    const parent = process.ppid;
    const startedByNpm = process.env["npm_lifecycle_event"] !== undefined;
    if (startedByNpm) setInterval(() => process.ppid !== parent && done(), parentPollMs).unref();
  });
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

process.exitCode = await main();

/**
 * npm run bench -- cluster [--quick]: woow apply and plan against kubectl of the API server's version, on fresh API
 * servers, whole processes from YAML to exit. kubectl gets the rendered files; charts are not run, nobody waits.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestCluster } from "../test/cluster/test-cluster.ts";
import type { TestCluster } from "../test/cluster/test-cluster.ts";
import { goTool } from "../test/support/go-tool.ts";
import { printTable } from "./print-table.ts";
import type { Row } from "./print-table.ts";
import { writeSample } from "./sample-platform.ts";
import type { Sample } from "./sample-platform.ts";
import { watchProcess } from "./watch-process.ts";
import type { ProcessFigures, WatchedCommand } from "./watch-process.ts";

/** One command on one cluster. */
interface Figures extends ProcessFigures {
  readonly requests: number;
  /** Requests that may change something; dry runs aside. */
  readonly writes: number;
  /** What etcd and the API server worked, in seconds. */
  readonly serverSeconds: number;
}

interface Target {
  readonly step: string;
  readonly against: string;
  readonly ratio: number;
}

const woow = fileURLToPath(new URL("../build/woow.js", import.meta.url));
const ticksPerSecond = 100;
const mutating = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Measures both sizes, and says whether each target is met. */
export async function benchCluster({ quick }: { readonly quick: boolean }): Promise<boolean> {
  if (!existsSync(woow)) throw new Error("build/woow.js is missing: run npm run build first");
  const kubectl = await goTool("kubectl");
  if ("skip" in kubectl) throw new Error(kubectl.skip);
  const folder = mkdtempSync(join(tmpdir(), "woow-bench-cluster-"));
  const rows: Row[] = [];
  try {
    rows.push(
      ...(await benchSize({
        folder,
        kubectl: kubectl.path,
        services: 50,
        workspaces: 1,
        rounds: quick ? 1 : 3,
        targets: [
          { step: "first", against: "first", ratio: 1.3 },
          { step: "unchanged", against: "unchanged", ratio: 0.8 },
        ],
      })),
    );
    if (!quick) {
      rows.push(
        ...(await benchSize({
          folder,
          kubectl: kubectl.path,
          services: 1000,
          workspaces: 20,
          rounds: 1,
          targets: [
            { step: "first", against: "first", ratio: 0.7 },
            { step: "plan unchanged", against: "unchanged", ratio: 0.2 },
            { step: "one changed", against: "unchanged", ratio: 0.25 },
          ],
        })),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  printTable(rows);
  return rows.every(({ ok }) => ok);
}

async function benchSize(options: {
  readonly folder: string;
  readonly kubectl: string;
  readonly services: number;
  readonly workspaces: number;
  readonly rounds: number;
  readonly targets: readonly Target[];
}): Promise<Row[]> {
  const { folder, services, workspaces, rounds, targets, kubectl } = options;
  const root = join(folder, String(services));
  const sample = await writeSample(root, { services, workspaces, secrets: "each" });
  const env = { WOOW_AGE_KEY_FILE: sample.keyFile };
  await watchProcess({ command: process.execPath, args: [woow, "synth", "-C", root], env });
  const figures = new Map<string, Figures[]>();
  const keep = (name: string, figure: Figures) => figures.set(name, [...(figures.get(name) ?? []), figure]);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? ["woow", "kubectl"] : ["kubectl", "woow"]) {
      // recreated namespaces make every write slower for a while, so each run has a server of its own
      const cluster = await startTestCluster({ components: "api" });
      try {
        const measure: Measure = async (step, watched) =>
          keep(`${name}: ${step}`, await measureOn(cluster, { ...watched, env }));
        if (name === "woow") await measureWoow(sample, measure);
        else await measureKubectl({ dist: join(root, "dist", "default"), kubectl }, measure);
      } finally {
        await cluster.stop();
      }
    }
  }
  return toRows(`${services} services`, figures, targets);
}

type Measure = (
  step: string,
  watched: Pick<WatchedCommand, "command" | "args" | "statuses">,
) => Promise<unknown>;

async function measureWoow(sample: Sample, measure: Measure): Promise<void> {
  const command = process.execPath;
  const run = (...args: readonly string[]) => ({ command, args: [woow, ...args, "-C", sample.root] });
  const apply = run("apply", "--yes", "--wait=false");
  rmSync(join(sample.root, ".woow"), { recursive: true, force: true });
  await measure("first", apply);
  await measure("unchanged", apply);
  await measure("plan unchanged", run("plan"));
  const before = readFileSync(sample.oneServiceFile, "utf8");
  writeFileSync(sample.oneServiceFile, before.replace(/team-\w+/, "team-edited"));
  await measure("one changed", apply);
  writeFileSync(sample.oneServiceFile, before);
}

async function measureKubectl(
  { dist, kubectl }: { readonly dist: string; readonly kubectl: string },
  measure: Measure,
): Promise<void> {
  const apply = { command: kubectl, args: ["apply", "--server-side", "-f", dist] };
  await measure("first", apply);
  await measure("unchanged", apply);
  const diff = { command: kubectl, args: ["diff", "--server-side", "-f", dist], statuses: [0, 1] };
  await measure("diff unchanged", diff);
}

async function measureOn(cluster: TestCluster, watched: WatchedCommand): Promise<Figures> {
  const mark = await cluster.auditMark();
  const before = cpuSeconds(cluster.pids());
  const figures = await watchProcess({
    ...watched,
    env: { ...watched.env, KUBECONFIG: cluster.kubeconfigPath },
  });
  const serverSeconds = cpuSeconds(cluster.pids()) - before;
  const events = (await cluster.auditSince(mark)).filter(({ userAgent }) =>
    /^(woow|kubectl)/.test(userAgent),
  );
  const writes = events.filter(({ verb, dryRun }) => mutating.has(verb) && !dryRun).length;
  return { ...figures, requests: events.length, writes, serverSeconds };
}

function cpuSeconds(pids: readonly number[]): number {
  return pids
    .map((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    })
    .reduce((sum, seconds) => sum + seconds, 0);
}

function toRows(
  size: string,
  figures: ReadonlyMap<string, readonly Figures[]>,
  targets: readonly Target[],
): Row[] {
  return [...figures].map(([name, runs]) => {
    const own = medianRun(runs);
    const target = targets.find(({ step }) => name === `woow: ${step}`);
    const base = target && figures.get(`kubectl: ${target.against}`);
    const ratio = base && own.wallMs / medianRun(base).wallMs;
    return {
      what: `${size}, ${name}`,
      measured: `${own.wallMs.toFixed(0)} ms, ${own.requests} requests (${own.writes} writes), server ${own.serverSeconds.toFixed(1)} s, ${own.peakMiB.toFixed(0)} MiB`,
      ratio,
      target: target?.ratio,
      ok: target === undefined || (ratio ?? Number.NaN) <= target.ratio,
    };
  });
}

/** The run in the middle by wall time. */
function medianRun(runs: readonly Figures[]): Figures {
  const sorted = [...runs].sort((a, b) => a.wallMs - b.wallMs);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

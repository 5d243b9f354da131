import { defaultFolderTimes, watchDefinitionFolder } from "../../edges/folder-source.ts";
import { followBranch } from "../../edges/git-follower.ts";
import type { GitFollower } from "../../edges/git-follower.ts";
import { startReconcileServer } from "../../edges/reconcile-server.ts";
import type { ReconcileServer } from "../../edges/reconcile-server.ts";
import { OperationError } from "../../errors.ts";
import type { ClusterDeps } from "../../operations/cluster/cluster-deps.ts";
import { defaultFlapTimes } from "../../operations/reconcile/flap-breaker.ts";
import { initialHealth, nextHealth, whyNotReady } from "../../operations/reconcile/health.ts";
import type { ReconcileReport } from "../../operations/reconcile/loop-context.ts";
import { reconcile } from "../../operations/reconcile/reconcile.ts";
import type { ReconcileEvent } from "../../operations/reconcile/reconcile-event.ts";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { printListening, printReconcileEvent } from "../print/print-reconcile.ts";
import { readLock } from "./apply.ts";
import type { WritingFlags } from "./apply.ts";
import { wireClusterDeps } from "./cluster-deps.ts";

export interface ReconcileFlags extends WritingFlags {
  readonly git?: string;
  readonly branch?: string;
  readonly gitDir?: string;
  readonly gitKey?: string;
  readonly gitKnownHosts?: string;
  readonly gitTokenFile?: string;
  readonly acceptRewritten?: string;
  /** Milliseconds. */
  readonly interval?: number;
  readonly resync?: number;
  readonly listen?: string;
  readonly once?: boolean;
}

const gitTimeoutMs = 120_000;
const backOff = { firstMs: 5000, maxMs: 600_000 } as const;
const gatherMs = 200;
const defaultIntervalMs = 60_000;
const defaultResyncMs = 600_000;

/** woow reconcile: keeps a cluster at what a folder or a branch says. */
export async function runReconcile(flags: ReconcileFlags, context: CliContext): Promise<number> {
  checkFlags(flags);
  const follower = openFollower(flags, context);
  const root = follower === undefined ? findRoot(flags, context) : process.cwd();
  const { deps, end } = wireClusterDeps(root, { flags, context });
  const source = follower ?? watchDefinitionFolder({ root, readGit: deps.readGit, ...defaultFolderTimes });
  const triggers = new Set<() => void>();
  const trigger = () => {
    for (const listener of triggers) listener();
  };
  process.on("SIGHUP", trigger);
  let health = initialHealth;
  const watching = await watchEvents(flags, { trigger, whyNotReady: () => whyNotReady(health) });
  if (watching.url !== undefined) printListening(watching.url, { context, json: flags.json === true });
  try {
    const events = reconcile(
      {
        cluster: follower === undefined ? deps : { ...deps, memory: noMemory },
        source,
        onTrigger: (listener) => {
          triggers.add(listener);
          return () => triggers.delete(listener);
        },
      },
      {
        cluster: flags.cluster,
        once: flags.once === true,
        intervalMs: flags.interval ?? defaultIntervalMs,
        resyncMs: flags.resync ?? defaultResyncMs,
        lock: readLock(flags, context),
        times: { backOff, flap: defaultFlapTimes, gatherMs },
        countsServices: flags.listen !== undefined,
        canKeepRecords: follower === undefined,
      },
    );
    for (;;) {
      const step = await events.next();
      if (step.done === true) return flags.once === true ? statusOf(step.value) : exitStatus.done;
      health = nextHealth(health, step.value);
      watching.observe(step.value, whyNotReady(health).length === 0);
      printReconcileEvent(step.value, { context, json: flags.json === true });
    }
  } finally {
    process.off("SIGHUP", trigger);
    end();
    await watching.close();
    follower?.close();
  }
}

/** A clone made for following knows no cluster from before; the cluster's own claim is what counts. */
const noMemory: ClusterDeps["memory"] = { recall: () => undefined, remember: () => undefined };

function openFollower(flags: ReconcileFlags, { environment }: CliContext): GitFollower | undefined {
  const { git: url, branch = "main", gitDir: folder } = flags;
  if (url === undefined) return undefined;
  return followBranch({
    url,
    branch,
    folder,
    access: {
      keyFile: flags.gitKey,
      knownHostsFile: flags.gitKnownHosts,
      tokenFile: flags.gitTokenFile,
    },
    environment,
    timeoutMs: gitTimeoutMs,
    accepted: flags.acceptRewritten,
  });
}

interface EventWatch {
  readonly url: string | undefined;
  observe(event: ReconcileEvent, isReady: boolean): void;
  close(): Promise<void>;
}

/** Metrics and probes, when they are asked for. */
async function watchEvents(
  { listen }: ReconcileFlags,
  parts: { readonly trigger: () => void; readonly whyNotReady: () => readonly string[] },
): Promise<EventWatch> {
  if (listen === undefined) return { url: undefined, observe: () => undefined, close: async () => undefined };
  const { createReconcileMetrics } = await import("../../edges/reconcile-metrics.ts");
  const metrics = createReconcileMetrics(() => Date.now());
  const server: ReconcileServer = await startReconcileServer(listen, { ...parts, metrics });
  return {
    url: server.url,
    observe: (event, isReady) => {
      metrics.observe(event);
      metrics.setReady(isReady);
    },
    close: async () => server.close(),
  };
}

/** As apply ends: 3 refused before any write, 4 in part. */
function statusOf({ outcome, code }: ReconcileReport): number {
  switch (outcome) {
    case "unchanged":
    case "applied":
      return exitStatus.done;
    case "partly":
    case "cancelled":
      return exitStatus.partly;
    default:
      return refusals.has(code ?? "") ? exitStatus.refused : exitStatus.failed;
  }
}

const refusals: ReadonlySet<string> = new Set(["lock-held", "refused", "stale-plan", "wrong-cluster"]);

function checkFlags(flags: ReconcileFlags): void {
  const usage = (message: string, hint: string) => new OperationError("usage", message, { hint });
  if (flags.allClusters === true)
    throw usage("reconcile keeps one cluster", "start one for each, with --cluster NAME");
  if (flags.git !== undefined && flags.directory !== undefined)
    throw usage("-C and --git exclude each other", "follow a branch with --git, or watch a folder with -C");
  if (flags.git !== undefined) return;
  for (const name of [
    "branch",
    "gitDir",
    "gitKey",
    "gitKnownHosts",
    "gitTokenFile",
    "acceptRewritten",
  ] as const) {
    if (flags[name] === undefined) continue;
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usage(`--${flag} goes with --git`, "name the repository with --git URL, or leave it out");
  }
}

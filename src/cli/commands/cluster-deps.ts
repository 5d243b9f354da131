import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { openChartFetcher } from "../../edges/charts/chart-fetcher.ts";
import { openClusterMemory } from "../../edges/cluster-memory.ts";
import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { committedFile, gitState } from "../../edges/git.ts";
import { connectCluster } from "../../edges/kubernetes/connect.ts";
import { openLocalRevisions } from "../../edges/lowdb-store.ts";
import { openReleaseMemory } from "../../edges/release-memory.ts";
import { systemClock } from "../../edges/system-clock.ts";
import type { ClusterDeps } from "../../operations/cluster/cluster-deps.ts";
import { createClusterRevisions } from "../../record/cluster-revision-store.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { readActor } from "../machine-settings.ts";
import { createProgress } from "../print/progress.ts";
import { createSampleKeyWatch } from "../print/sample-key-warning.ts";

/** Flags of every command that talks to a cluster. */
export interface ConnectionFlags extends GlobalFlags {
  readonly cluster?: string;
  readonly allClusters?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** The outside world for operations on a cluster, and how to let go of it. */
export interface WiredDeps {
  readonly deps: ClusterDeps;
  /** The kubeconfig context that a cluster of platform.yaml was reached by; undefined before. */
  readonly contextOf: (cluster: string) => string | undefined;
  /** Ends what a command began on the terminal. */
  readonly end: () => void;
}

/** Wires the edges. Nothing is read or opened until an operation asks for it. */
export function wireClusterDeps(
  root: string,
  { flags, context }: { readonly flags: ConnectionFlags; readonly context: CliContext },
): WiredDeps {
  const { environment } = context;
  const progress = createProgress(context, "rendering");
  const stop = listenForStop(context);
  const contexts = new Map<string, string>();
  const processName = `${hostname()}/${process.pid}/${randomBytes(4).toString("hex")}`;
  return {
    deps: {
      readTree: () => openDefinitionTree(root),
      writer: openDefinitionWriter(root),
      identities: () => createSampleKeyWatch(context).loadIdentities(root),
      connect: async (cluster) => {
        const client = await connectCluster({
          kubeconfig: flags.kubeconfig,
          context: flags.context ?? environment["WOOW_CONTEXT"] ?? cluster.context,
          environment,
          signal: stop.signal,
        });
        contexts.set(cluster.name, client.name);
        return client;
      },
      openRevisions: ({ platform, client, cluster }) =>
        platform.records === "cluster" && client !== undefined
          ? createClusterRevisions({ client, cluster: cluster.name, writer: processName })
          : openLocalRevisions({ root, environment }),
      memory: openClusterMemory(root),
      contents: openReleaseMemory(root),
      charts: openChartFetcher(environment),
      readGit: async () => gitState(root),
      readCommitted: async (path) => committedFile(root, path),
      clock: systemClock,
      randomBytes: (length) => randomBytes(length),
      actor: readActor(environment),
      processName,
      signal: stop.signal,
      progress: progress.update,
    },
    contextOf: (cluster) => contexts.get(cluster),
    end: () => {
      progress.end();
      stop.end();
    },
  };
}

/** The first Ctrl-C asks to stop at a safe point, the second ends at once. */
function listenForStop(context: CliContext): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    context.stderr("\nstopping at the next safe point; press Ctrl-C again to stop at once\n");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    end: () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}

import { join } from "node:path";
import { LowSync } from "lowdb";
import { OperationError } from "../errors.ts";
import type { ClusterMemory } from "../operations/cluster/cluster-deps.ts";
import { PrivateJsonFile } from "./private-json-file.ts";

/** Where a clone remembers its clusters; git-ignored. */
export const clusterMemoryPath = ".woow/clusters.json";

interface MemoryFile {
  /** Cluster name of platform.yaml -> uid of kube-system. */
  readonly clusters: Readonly<Record<string, string>>;
}

/**
 * The memory of this clone: which cluster was behind a name. Two runs that write at once each write what they know, and
 * both know the same. Errors: `unreadable` for a damaged file: what guards against a wrong context must not look empty.
 */
export function openClusterMemory(root: string): ClusterMemory {
  const path = join(root, clusterMemoryPath);
  const open = (): LowSync<MemoryFile> => {
    const low = new LowSync<MemoryFile>(
      new PrivateJsonFile(path, {
        read: (value) => readMemory(value, path),
        damaged: (cause) => damaged(path, cause),
      }),
      { clusters: {} },
    );
    low.read();
    return low;
  };
  return {
    recall: (cluster) => {
      const { clusters } = open().data;
      return Object.hasOwn(clusters, cluster) ? clusters[cluster] : undefined;
    },
    remember: (cluster, clusterUid) => {
      const low = open();
      if (low.data.clusters[cluster] === clusterUid) return;
      low.data = { clusters: { ...low.data.clusters, [cluster]: clusterUid } };
      low.write();
    },
  };
}

function readMemory(value: unknown, path: string): MemoryFile {
  const clusters =
    typeof value === "object" && value !== null ? (value as { clusters?: unknown }).clusters : null;
  if (typeof clusters !== "object" || clusters === null || Array.isArray(clusters)) throw damaged(path);
  if (!Object.values(clusters).every((uid) => typeof uid === "string")) throw damaged(path);
  return { clusters: clusters as Record<string, string> };
}

function damaged(path: string, cause?: unknown): OperationError {
  return new OperationError("unreadable", `${path} is damaged: it does not say which clusters are known`, {
    subject: path,
    hint: "when you are sure of your kubeconfig context, remove the file; the next apply writes it anew",
    cause,
  });
}

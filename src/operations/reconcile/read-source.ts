import type { Problem } from "../../definitions/problem.ts";
import { loadPlatform } from "../load-platform.ts";
import { pickCluster } from "../cluster/load-desired.ts";
import type { Cluster, Platform } from "../../model/platform.ts";
import type { SourceState } from "./definition-source.ts";

/** What a state of the definitions says of one cluster, as far as a pass can be made from it. */
export interface SoundSource {
  readonly state: SourceState;
  readonly platform: Platform;
  readonly cluster: Cluster;
  /** Workspaces on this cluster that have no problem. */
  readonly workspaces: ReadonlySet<string>;
}

export interface ReadSource {
  /** Undefined when a problem concerns every workspace: platform.yaml, the catalog, domains.yaml. */
  readonly sound: SoundSource | undefined;
  readonly problems: readonly Problem[];
  /** Workspaces that are left alone for their problems. */
  readonly skipped: readonly string[];
}

/** Sorts out what is sound. Errors: `usage` and others of pickCluster. */
export function readSource(state: SourceState, clusterName: string | undefined): ReadSource {
  const { platform, problems } = loadPlatform(state.tree, []);
  const errors = problems.filter(({ severity }) => severity === "error");
  const sick = new Set(
    errors.flatMap(({ file }) => {
      const [top, id] = file.split("/");
      return top === "workspaces" && id !== undefined ? [id] : [];
    }),
  );
  const skipped = [...sick].sort();
  if (platform === undefined) return { sound: undefined, problems, skipped };
  const cluster = pickCluster(platform, clusterName);
  const workspaces = new Set(cluster.workspaces.map(({ id }) => id).filter((id) => !sick.has(id)));
  return { sound: { state, platform, cluster, workspaces }, problems, skipped };
}

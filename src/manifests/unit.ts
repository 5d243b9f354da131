import type { Cluster, Platform } from "../model/platform.ts";
import type { Service } from "../model/service.ts";
import type { Workspace } from "../model/workspace.ts";

/** What is applied, recorded, held and rolled back together, and stands in one file of dist/. */
export type Unit =
  | { readonly type: "platform"; readonly cluster: Cluster }
  | { readonly type: "workspace"; readonly cluster: Cluster; readonly workspace: Workspace }
  | {
      readonly type: "service";
      readonly cluster: Cluster;
      readonly workspace: Workspace;
      readonly service: Service;
    };

/** How people and records address a unit: `platform`, `WORKSPACE` or `WORKSPACE/REFERENCE_ID`. */
export function unitAddress(unit: Unit): string {
  switch (unit.type) {
    case "platform":
      return "platform";
    case "workspace":
      return unit.workspace.id;
    case "service":
      return unit.service.unit;
  }
}

/**
 * The unit's file below dist/<cluster>/. The stage prefix makes K3s' alphabetical order the order of dependency,
 * and there is one dot only, because K3s names its Addon by what stands before the first.
 */
export function unitFileName(unit: Unit): string {
  switch (unit.type) {
    case "platform":
      return "paas-0-platform.yaml";
    case "workspace":
      return `paas-1-ws-${unit.workspace.id}.yaml`;
    case "service":
      return `paas-2-ws-${unit.service.workspaceId}-${unit.service.referenceId}.yaml`;
  }
}

/** True for a name that unitFileName can give. */
export function isUnitFileName(name: string): boolean {
  return /^paas-(0-platform|1-ws-[a-z0-9]+|2-ws-[a-z0-9]+-[a-z0-9-]+)\.yaml$/.test(name);
}

/** Every unit of the platform in the order they are applied; clusters by name. */
export function* listUnits(platform: Platform): Generator<Unit> {
  for (const cluster of platform.clusters) {
    yield { type: "platform", cluster };
    for (const workspace of cluster.workspaces) yield { type: "workspace", cluster, workspace };
    for (const workspace of cluster.workspaces) {
      for (const service of workspace.services) yield { type: "service", cluster, workspace, service };
    }
  }
}

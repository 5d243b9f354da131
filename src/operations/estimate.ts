import type { DefinitionTree } from "../definitions/definition-tree.ts";
import type { Problem } from "../definitions/problem.ts";
import { sumMoney } from "../model/money.ts";
import type { Platform } from "../model/platform.ts";
import { sumSizes } from "../model/quota-use.ts";
import type { Service } from "../model/service.ts";
import type { Quota } from "../model/workspace.ts";
import { loadPlatform } from "./load-platform.ts";
import { everything, selectUnits } from "./select-units.ts";

/** What one service costs, by its template. */
export interface ServiceEstimate {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  readonly workspace: string;
  readonly name: string;
  readonly template: string;
  /** False: the template takes no new services; this one stays and costs as before. */
  readonly isActive: boolean;
  readonly asked: Quota;
  readonly monthlyPrice: number;
}

/** What all services of a workspace cost together. */
export interface WorkspaceEstimate {
  readonly workspace: string;
  readonly name: string;
  readonly cluster: string;
  readonly services: number;
  readonly asked: Quota;
  readonly monthlyPrice: number;
}

/** Monthly cost by what the definitions say; nobody looks at what runs. */
export interface Estimate {
  readonly currency: string;
  /** Sorted by address. */
  readonly services: readonly ServiceEstimate[];
  /** Sorted by id; one without services costs nothing and is listed all the same. */
  readonly workspaces: readonly WorkspaceEstimate[];
  readonly monthlyPrice: number;
}

export interface EstimateResult {
  /** Undefined when a problem stands in the way: a sum that leaves something out would be believed. */
  readonly estimate: Estimate | undefined;
  readonly problems: readonly Problem[];
}

/**
 * What the services of a platform cost a month, from their templates' prices. Errors: `not-found` for a workspace
 * that is not defined, with the nearest one.
 */
export function estimatePlatform(
  tree: DefinitionTree,
  { workspaces }: { readonly workspaces: readonly string[] },
): EstimateResult {
  const { platform, problems } = loadPlatform(tree, workspaces.length === 0 ? undefined : workspaces);
  if (platform === undefined) return { estimate: undefined, problems };
  // it knows whether they are there
  selectUnits(platform, { ...everything, workspaces });
  const isWanted = (id: string) => workspaces.length === 0 || workspaces.includes(id);
  return { estimate: sumUp(platform, isWanted), problems };
}

function sumUp(platform: Platform, isWanted: (workspace: string) => boolean): Estimate {
  const wanted = platform.clusters
    .flatMap((cluster) => cluster.workspaces)
    .filter(({ id }) => isWanted(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const workspaces = wanted.map(({ id, name, cluster, services }) => ({
    workspace: id,
    name,
    cluster,
    services: services.length,
    asked: sumSizes(services.map(({ allocated }) => allocated)),
    monthlyPrice: sumMoney(services.map(({ template }) => template.monthlyPrice)),
  }));
  return {
    currency: platform.currency,
    services: wanted.flatMap(({ services }) => services.map(estimateService)),
    workspaces,
    monthlyPrice: sumMoney(workspaces.map(({ monthlyPrice }) => monthlyPrice)),
  };
}

function estimateService({ unit, workspaceId, name, template, allocated }: Service): ServiceEstimate {
  return {
    unit,
    workspace: workspaceId,
    name,
    template: template.id,
    isActive: template.isActive,
    asked: allocated,
    monthlyPrice: template.monthlyPrice,
  };
}

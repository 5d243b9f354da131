import type { LiveObject } from "../../cluster/live-object.ts";
import { mapSizes, noSizes, roundAmount, subtractSizes } from "../../model/quota-use.ts";
import type { Platform } from "../../model/platform.ts";
import type { Service } from "../../model/service.ts";
import type { Template } from "../../model/template.ts";
import type { Quota, Workspace } from "../../model/workspace.ts";
import type { Change, UnitPlan } from "../change.ts";
import { mergedValues } from "../compare/live-values.ts";
import { liveObjectsOf } from "../plan-index.ts";
import type { PlanIndex } from "../plan-index.ts";
import type { PlanInput } from "../plan-input.ts";
import { leastSizes, readSizes } from "./read-sizes.ts";

/** What git says of the workspaces of a cluster, whether a selection names them or not. */
export interface QuotaModel {
  readonly workspaces: ReadonlyMap<string, Workspace>;
  readonly templates: ReadonlyMap<string, Template>;
  readonly maxQuota: Platform["maxQuota"];
}

/** What one service asks for and costs, before and after the plan. */
export interface ServiceUse {
  readonly address: string;
  /** Undefined: it is not there then. */
  readonly before: Quota | undefined;
  readonly after: Quota | undefined;
  /** True: git changes what the chart is made from, so its pods may be renewed. */
  readonly isChanged: boolean;
  readonly costBefore: number;
  readonly costAfter: number;
}

interface UseContext {
  readonly input: PlanInput;
  readonly index: PlanIndex;
  readonly model: QuotaModel;
}

/** Every service of a workspace that is in git, in the cluster or in both. */
export function listServiceUse(
  workspace: Workspace,
  planned: readonly UnitPlan[],
  context: UseContext,
): ServiceUse[] {
  const { index } = context;
  const services = new Map(workspace.services.map((service) => [service.unit, service]));
  const known = [...index.byUnit.keys(), ...index.records.keys()].filter((address) =>
    address.startsWith(`${workspace.id}/`),
  );
  const units = new Map(planned.map((unit) => [unit.address, unit]));
  return [...new Set([...services.keys(), ...known])]
    .sort()
    .map((address) =>
      useOf(address, { ...context, service: services.get(address), unit: units.get(address) }),
    );
}

function useOf(
  address: string,
  {
    service,
    unit,
    ...context
  }: UseContext & { readonly service: Service | undefined; readonly unit: UnitPlan | undefined },
): ServiceUse {
  const { input, index, model } = context;
  const live = liveObjectsOf(address, index, input);
  const chart = live.find(({ kind }) => kind === "HelmChart");
  const template = model.templates.get(chart?.metadata.labels?.["app.kubernetes.io/name"] ?? "");
  const price = chart === undefined ? 0 : (template?.monthlyPrice ?? 0);
  const base = { address, isChanged: false, costBefore: price };
  const isActive = unit !== undefined && unit.hold === undefined && unit.blocked === undefined;
  if (isActive && unit.intent === "apply" && service !== undefined) {
    const after: Quota = service.allocated;
    const cost = { costAfter: service.template.monthlyPrice };
    const changes = unit.changes.filter(isOfRelease);
    // put back as it was, which asks for nothing new
    const isGone = changes.some(({ ref, reason }) => ref.kind === "HelmChart" && reason === "missing");
    if (chart === undefined) return { ...base, ...cost, before: isGone ? after : undefined, after };
    const isChanged = changes.some(({ reason }) => reason === "definition" || reason === "adoption");
    if (!isChanged) return { ...base, ...cost, before: after, after };
    const grown = subtractSizes(
      sizesIn(unit.changes.flatMap(desiredOf), { template: service.template, otherwise: after }),
      sizesIn(live, { template: service.template, otherwise: after }),
    );
    return { ...base, ...cost, isChanged, before: subtractSizes(after, grown), after };
  }
  const otherwise = service?.allocated ?? (template === undefined ? noSizes : leastSizes(template));
  const before = chart === undefined ? undefined : sizesIn(live, { template, otherwise });
  if (isActive && unit.intent === "remove") return { ...base, before, after: undefined, costAfter: 0 };
  return { ...base, before, after: before, costAfter: price };
}

function isOfRelease({ action, ref }: Change): boolean {
  return action !== "none" && (ref.kind === "HelmChart" || ref.kind === "Secret");
}

function desiredOf(change: Change): { readonly kind: string; readonly [key: string]: unknown }[] {
  return change.action === "prune" ? [] : [change.desired];
}

/** By the values of the chart where they say it. */
function sizesIn(
  objects: readonly (LiveObject | { readonly kind: string; readonly [key: string]: unknown })[],
  { template, otherwise }: { readonly template: Template | undefined; readonly otherwise: Quota },
): Quota {
  if (template === undefined) return otherwise;
  const values = mergedValues({
    chart: objects.find(({ kind }) => kind === "HelmChart"),
    valuesSecret: objects.find(({ kind }) => kind === "Secret"),
  });
  const found = readSizes(values, template);
  return mapSizes(({ key }) => roundAmount(found[key] ?? otherwise[key]));
}

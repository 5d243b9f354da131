import { refKey } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { sumMoney } from "../../model/money.ts";
import { noSizes, quotaKeys, subtractSizes, sumSizes } from "../../model/quota-use.ts";
import type { Quota, Workspace } from "../../model/workspace.ts";
import type { Refusal, UnitPlan } from "../change.ts";
import type { PlanIndex } from "../plan-index.ts";
import type { PlanInput } from "../plan-input.ts";
import { findMisfits, growthOf, isAdding } from "./fit-services.ts";
import type { Misfit, Room } from "./fit-services.ts";
import { listNames, misfitWords, overWords } from "./quota-words.ts";
import type { QuotaFacts } from "./quota-words.ts";
import { hardOf, usedOf } from "./read-sizes.ts";
import { listServiceUse } from "./service-use.ts";
import type { QuotaModel, ServiceUse } from "./service-use.ts";
import type { WorkspaceUse } from "./workspace-use.ts";

/** The units of a plan once the quotas have been looked at, and what is to be said of them. */
export interface QuotaPlan {
  readonly units: readonly UnitPlan[];
  readonly workspaces: readonly WorkspaceUse[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

/**
 * Holds what every workspace that is worked on will ask for against its quota. What does not fit is refused before
 * anything is written; with `overQuota: "leave"` only the services that do not fit are left alone.
 */
export function planQuota(
  units: readonly UnitPlan[],
  { input, index }: { readonly input: PlanInput; readonly index: PlanIndex },
): QuotaPlan {
  const { model } = input;
  if (model === undefined) return { units, workspaces: [], refusals: [], notes: [] };
  const groups = Map.groupBy(units, ({ workspaceId }) => workspaceId ?? "");
  const plans = [...groups].flatMap(([id, planned]) => {
    const workspace = model.workspaces.get(id);
    if (workspace === undefined || !planned.some(isWorkedOn)) return [];
    return [planWorkspace(workspace, planned, { input, index, model })];
  });
  const left = new Map(plans.flatMap((plan) => [...plan.left]));
  return {
    units: units.map((unit) => leaveAlone(unit, left.get(unit.address))),
    workspaces: plans.map(({ use }) => use),
    refusals: plans.flatMap(({ refusals }) => refusals),
    notes: plans.flatMap(({ notes }) => notes),
  };
}

function isWorkedOn({ intent, changes, recovery, hold, blocked }: UnitPlan): boolean {
  if (hold !== undefined || blocked !== undefined) return false;
  return intent === "remove" || recovery !== undefined || changes.some(({ action }) => action !== "none");
}

function leaveAlone(unit: UnitPlan, blocked: UnitPlan["blocked"]): UnitPlan {
  if (blocked === undefined) return unit;
  return { ...unit, changes: [], recovery: undefined, blocked, costAfter: unit.costBefore };
}

interface WorkspacePlan {
  readonly use: WorkspaceUse;
  /** By address: services that are left alone. */
  readonly left: ReadonlyMap<string, UnitPlan["blocked"]>;
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
}

function planWorkspace(
  workspace: Workspace,
  planned: readonly UnitPlan[],
  context: { readonly input: PlanInput; readonly index: PlanIndex; readonly model: QuotaModel },
): WorkspacePlan {
  const { input, model } = context;
  const listed = listServiceUse(workspace, planned, context);
  const room = readRoom(workspace, planned, input);
  const misfits = findMisfits(listed, room);
  const { overQuota } = input.decisions;
  const factsOf = (services: readonly ServiceUse[]): QuotaFacts => ({
    workspace: workspace.id,
    asked: sumSizes(services.map(({ after }) => after ?? noSizes)),
    inUse: room.used && sumSizes([room.used, ...services.map(growthOf)]),
    used: room.used,
    hard: room.hard,
    written: workspace.quota,
    maxQuota: model.maxQuota,
  });
  const isLeft = misfits.length > 0 && overQuota === "leave";
  const services = isLeft ? listed.map((service) => stayAsItIs(service, misfits)) : listed;
  const facts = factsOf(services);
  const base = {
    use: describeUse(workspace, services, { ...room, facts }),
    left: new Map<string, UnitPlan["blocked"]>(),
    refusals: [],
    notes: listNotes(services, { facts, misfits, overQuota }),
  };
  if (misfits.length === 0 || overQuota === "allow") return base;
  const words = misfitWords(misfits, factsOf(listed));
  if (isLeft) return { ...base, left: new Map(misfits.map(({ service }) => [service.address, words])) };
  const unit = misfits.length === 1 ? misfits[0]?.service.address : workspace.id;
  return { ...base, refusals: [{ ...words, unit, ref: undefined }] };
}

function stayAsItIs(service: ServiceUse, misfits: readonly Misfit[]): ServiceUse {
  if (!misfits.some((misfit) => misfit.service === service)) return service;
  const { before, costBefore } = service;
  return { ...service, after: before, isChanged: false, costAfter: costBefore };
}

/** The quota after the plan: what it writes, else what is there, else what git says. */
function readRoom(
  workspace: Workspace,
  planned: readonly UnitPlan[],
  { observation }: PlanInput,
): Room & { readonly hardBefore: Quota | undefined } {
  const { apiVersion, kind } = resourceTypes.ResourceQuota;
  const key = refKey({ apiVersion, kind, namespace: workspace.namespace, name: "workspace-quota" });
  const live = observation.objects.get(key);
  const change = planned.flatMap(({ changes }) => changes).find(({ ref }) => refKey(ref) === key);
  const isWritten = change !== undefined && change.action !== "none" && change.action !== "prune";
  const written = isWritten ? hardOf(change.desired) : undefined;
  const hardBefore = hardOf(live);
  return { hard: written ?? hardBefore ?? workspace.quota, hardBefore, used: usedOf(live) };
}

function describeUse(
  workspace: Workspace,
  services: readonly ServiceUse[],
  { hard, hardBefore, used, facts }: Room & { hardBefore: Quota | undefined; facts: QuotaFacts },
): WorkspaceUse {
  const askedBefore = sumSizes(services.map(({ before }) => before ?? noSizes));
  return {
    workspace: workspace.id,
    costBefore: sumMoney(services.map(({ costBefore }) => costBefore)),
    costAfter: sumMoney(services.map(({ costAfter }) => costAfter)),
    quota: quotaKeys.map(({ key, name }) => ({
      resource: name,
      askedBefore: askedBefore[key],
      askedAfter: facts.asked[key],
      used: used?.[key],
      usedAfter: facts.inUse?.[key],
      hardBefore: hardBefore?.[key],
      hard: hard[key],
    })),
  };
}

function listNotes(
  services: readonly ServiceUse[],
  {
    facts,
    misfits,
    overQuota,
  }: {
    readonly facts: QuotaFacts;
    readonly misfits: readonly Misfit[];
    readonly overQuota: PlanInput["decisions"]["overQuota"];
  },
): string[] {
  const { workspace, asked, hard } = facts;
  if (misfits.length > 0) {
    if (overQuota !== "allow") return [];
    const { message } = misfitWords(misfits, facts);
    return [`--allow-over-quota: ${message}; Kubernetes refuses the pods and volumes that do not fit`];
  }
  const over = overWords(asked, hard);
  if (over !== "") {
    return [
      `${workspace} asks for more than its quota: ${over}. Nothing is added, so this goes on; pods that start anew may find no room until the quota is raised`,
    ];
  }
  return [...noteRemovals(services, facts), ...noteRenewals(services, facts)];
}

/** New services come before old ones go, so that what moves is there first: for a while both count. */
function noteRemovals(services: readonly ServiceUse[], { workspace, asked, hard }: QuotaFacts): string[] {
  const gone = services.filter(({ before, after }) => before !== undefined && after === undefined);
  const both = sumSizes([asked, ...gone.map(({ before }) => before ?? noSizes)]);
  const over = overWords(both, hard);
  if (over === "" || !services.some(isAdding)) return [];
  return [
    `what is new in ${workspace} fits only once ${listNames(gone.map(({ address }) => address))} ${gone.length === 1 ? "is" : "are"} gone (${over} until then): its pods wait for that; a chart that is refused a volume fails and needs woow retry. Applying the removal first avoids it`,
  ];
}

/** A Deployment starts the new pod before it ends the old one: without room for both, the roll-out stands still. */
function noteRenewals(services: readonly ServiceUse[], facts: QuotaFacts): string[] {
  const { workspace, asked, inUse, hard } = facts;
  const free = subtractSizes(hard, inUse ?? asked);
  const computed = quotaKeys.filter(({ key }) => key !== "persistentVolumeClaims" && key !== "storageGb");
  const tight = services.filter(
    ({ isChanged, after }) =>
      isChanged && after !== undefined && computed.some(({ key }) => after[key] > free[key]),
  );
  if (tight.length === 0) return [];
  return [
    `the quota of ${workspace} has no room for a second pod beside ${listNames(tight.map(({ address }) => address))}: where a chart starts the new pod before it ends the old one, the roll-out waits for room`,
  ];
}

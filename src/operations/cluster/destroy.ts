import { describeUser, findStrangeUsers } from "../../apply/volumes/claim-users.ts";
import { listNamespaceVolumes } from "../../apply/volumes/delete-volumes.ts";
import type { ApplyEvent } from "../../apply/event.ts";
import { findServiceVolumes } from "../../apply/volumes/find-volumes.ts";
import type { RemovalMode } from "../../apply/remove/removal.ts";
import type { ServiceAddress, Volume } from "../../apply/volumes/volume.ts";
import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { namespaceName, releaseName } from "../../model/names.ts";
import type { Plan } from "../../plan/change.ts";
import type { Inventory } from "../../plan/inventory.ts";
import { noDecisions } from "../../plan/plan-decisions.ts";
import { planForgetting } from "../domain/forget-workspace.ts";
import { overlayTree } from "../overlay-tree.ts";
import { applyPlatform } from "./apply.ts";
import type { ApplyOptions, ApplyReport, LockOptions } from "./apply.ts";
import type { ClusterDeps } from "./cluster-deps.ts";
import { checkCommitted, readFiles, withoutFiles } from "./destroy-files.ts";
import { openCluster } from "./open-cluster.ts";

export interface DestroyOptions {
  /** `WORKSPACE/REFERENCE_ID`, or a workspace with everything in it. */
  readonly unit: string;
  readonly cluster: string | undefined;
  readonly mode: RemovalMode;
  readonly lock: LockOptions;
  /** Asked once, with all that would go, before anything is written. */
  readonly confirm: (what: Destruction) => ReturnType<ApplyOptions["confirm"]>;
}

/** What a destroy would do. */
export interface Destruction {
  readonly unit: string;
  readonly mode: RemovalMode;
  /** Undefined when the cluster has nothing of it. */
  readonly plan: Plan | undefined;
  /** Volumes of the unit: kept or deleted, as the mode says. */
  readonly volumes: readonly Volume[];
  /** Definition files that go, relative to the repository. */
  readonly files: readonly string[];
  /** What a workspace has proven, taken out of domains.yaml. */
  readonly domains: readonly string[];
}

export interface DestroyReport {
  /** Undefined when the cluster had nothing of the unit. */
  readonly apply: ApplyReport | undefined;
  /** Definition files that were removed. */
  readonly files: readonly string[];
  /** Domains that were taken out of domains.yaml. */
  readonly domains: readonly string[];
}

/**
 * Removes a unit from git and from the cluster. The definition goes first, under the lock: whatever happens after
 * that, no apply and no reconcile of this repository makes the unit again, and as the cluster still knows it, the same
 * command goes on where it was stopped; an apply would go on too, keeping the data. A definition that cannot be read
 * is no obstacle.
 * Errors: `usage` for the platform unit; `refused` for files with edits that are not committed, and for data that is to go and that others use; `not-found` for a unit neither git nor the cluster knows; those of
 * applyPlatform and openCluster; `changed-meanwhile` when a definition changed after it was read.
 */
export async function* destroyUnit(
  deps: ClusterDeps,
  options: DestroyOptions,
): AsyncGenerator<ApplyEvent, DestroyReport> {
  const { unit, mode } = options;
  checkUnit(unit);
  const tree = deps.readTree();
  const removals = readFiles(tree, unit);
  const files = removals.map(({ path }) => path);
  const forgotten = unit.includes("/") ? undefined : planForgetting(tree, unit);
  const domains = forgotten?.domains ?? [];
  await checkCommitted(deps, { unit, files });
  const { client, platform, inventory } = await openCluster(deps, options.cluster);
  const known = [...inventory.parts.values()].flatMap((part) => part.units.map((one) => one.unit));
  const isKnown = known.some((one) => isPartOf(one, unit));
  if (files.length === 0 && !isKnown) throw notFound(unit, known);
  checkHolds(unit, inventory);
  const { volumes, claims } = await findData(unit, { client, platform: platform.name });
  if (mode === "delete-data") await checkUsers(unit, { client, platform: platform.name, claims });
  const confirm = async (plan: Plan | undefined) =>
    options.confirm({ unit, mode, plan, volumes, files, domains });
  const removeFiles = () => {
    if (forgotten !== undefined) deps.writer.replace([forgotten.edit]);
    deps.writer.remove(removals);
  };
  const removeOnlyFiles = async (): Promise<DestroyReport> => {
    if ((await confirm(undefined)) === "declined")
      return { apply: { type: "declined" }, files: [], domains: [] };
    removeFiles();
    return { apply: undefined, files, domains };
  };
  if (inventory.claim === undefined) return removeOnlyFiles();

  let isAsked = false;
  const apply = yield* applyPlatform(deps, {
    ...selectUnit(unit),
    cluster: options.cluster,
    command: "destroy",
    tree: overlayTree(
      withoutFiles(tree, files),
      new Map(forgotten === undefined ? [] : [[forgotten.edit.path, forgotten.edit.after]]),
    ),
    removal: { mode },
    wait: undefined,
    lock: options.lock,
    confirm: async (plan) => {
      isAsked = true;
      return confirm(plan);
    },
    beforeWork: removeFiles,
  });
  if (apply.type !== "done") return { apply, files: [], domains: [] };
  // never applied: the file is all there is
  return isAsked ? { apply, files, domains } : removeOnlyFiles();
}

function selectUnit(unit: string): Pick<ApplyOptions, "selection" | "decisions"> {
  const isService = unit.includes("/");
  return {
    selection: {
      clusters: [],
      workspaces: isService ? [] : [unit],
      services: isService ? [unit] : [],
      mayBeGone: true,
    },
    decisions: { ...noDecisions, removeUnits: [unit], removeWorkspaces: isService ? [] : [unit] },
  };
}

/** What is suspended is left alone, by destroy too: a person decides twice. */
function checkHolds(unit: string, { parts }: Inventory): void {
  const held = [...parts.values()]
    .flatMap(({ units }) => units)
    .find((one) => isPartOf(one.unit, unit) && one.hold?.type === "suspended");
  if (held === undefined) return;
  throw new OperationError("refused", `${held.unit} is suspended`, {
    subject: held.unit,
    hint: `\`woow resume ${held.unit}\` first; nothing was done`,
  });
}

function checkUnit(unit: string): void {
  if (unit !== "platform" && /^[a-z0-9]+(\/[a-z0-9-]+)?$/.test(unit)) return;
  throw new OperationError(
    "usage",
    unit === "platform" ? "the platform unit is not destroyed" : `${unit} is not a unit`,
    {
      subject: unit,
      hint:
        unit === "platform"
          ? "destroy its workspaces one by one; what is left then is a few objects in paas-system and paas-charts"
          : "say WORKSPACE/SERVICE, or WORKSPACE for everything in it",
    },
  );
}

function isPartOf(address: string, unit: string): boolean {
  return address === unit || address.startsWith(`${unit}/`);
}

interface DataPlace {
  readonly client: ClusterClient;
  readonly platform: string;
}

interface UnitData {
  readonly volumes: readonly Volume[];
  /** Claims of a service that are certainly its own; none for a workspace, in which everything goes. */
  readonly claims: readonly LiveObject[];
}

async function findData(unit: string, { client, platform }: DataPlace): Promise<UnitData> {
  const service = readAddress(unit, platform);
  if (service === undefined) {
    return { volumes: await listNamespaceVolumes(namespaceName(unit), { client }), claims: [] };
  }
  const { claims, detached } = await findServiceVolumes(client, service);
  const own = claims.filter(({ attribution }) => attribution === "own");
  return {
    volumes: [...own.flatMap(({ volume }) => volume ?? []), ...detached],
    claims: own.map(({ claim }) => claim),
  };
}

/** Undefined for a workspace. */
function readAddress(unit: string, platform: string): ServiceAddress | undefined {
  const [workspaceId = "", referenceId] = unit.split("/");
  if (referenceId === undefined) return undefined;
  const namespace = namespaceName(workspaceId);
  return {
    platform,
    workspaceId,
    referenceId,
    namespace,
    releaseName: releaseName(workspaceId, referenceId),
  };
}

/** Data that somebody else uses as well is not deleted: a person decides what becomes of that. */
async function checkUsers(
  unit: string,
  { client, platform, claims }: DataPlace & Pick<UnitData, "claims">,
): Promise<void> {
  const service = readAddress(unit, platform);
  if (service === undefined) return;
  const users = await findStrangeUsers(client, service, claims);
  if (users.length === 0) return;
  const described = users.map((user) => `${describeUser(user)} mounts ${user.claim}`).join(", ");
  throw new OperationError("refused", `the data of ${unit} is used by others: ${described}`, {
    subject: unit,
    hint: `nothing was done; end what uses it first, or keep the data: \`woow destroy ${unit} --keep-data\``,
  });
}

function notFound(unit: string, known: readonly string[]): OperationError {
  return new OperationError(
    "not-found",
    `there is no ${unit.includes("/") ? "service" : "workspace"} ${unit}`,
    {
      subject: unit,
      hint:
        suggestHint(unit, known) ??
        "neither git nor the cluster knows it; `woow volumes list` shows data that was kept",
    },
  );
}

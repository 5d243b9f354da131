import { suggestHint } from "../definitions/suggest.ts";
import { OperationError } from "../errors.ts";
import { listUnits, unitAddress } from "../manifests/unit.ts";
import type { Unit } from "../manifests/unit.ts";
import type { Platform } from "../model/platform.ts";

/** Which units a command is about; an empty selection is everything. */
export interface Selection {
  /** Names of clusters. */
  readonly clusters: readonly string[];
  /** Workspace ids; a workspace's services come with it. */
  readonly workspaces: readonly string[];
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly services: readonly string[];
  /** Catalog entries: of what else is selected, only the services made from these. Left out: all. */
  readonly templates?: readonly string[];
  /**
   * A workspace or service that is not defined any more may be named, so that it is removed: true, whatever it is;
   * `known`, when the cluster has it, which is looked at later.
   */
  readonly mayBeGone?: boolean | "known";
  /** True: workspaces are named without their services. */
  readonly withoutServices?: boolean;
}

export const everything: Selection = { clusters: [], workspaces: [], services: [] };

/**
 * The units a selection names. The platform unit and the workspaces of selected services are prerequisites: they
 * are listed apart, because a selection must not change what it does not name.
 * Errors: `not-found` for a name that is not defined, with the nearest one.
 */
export function selectUnits(
  platform: Platform,
  selection: Selection,
): { selected: Unit[]; prerequisites: Unit[] } {
  const units = [...listUnits(platform)];
  checkNames(units, platform, selection);
  const inCluster = (unit: Unit) =>
    selection.clusters.length === 0 || selection.clusters.includes(unit.cluster.name);
  const whole = selection.workspaces.length + selection.services.length === 0;
  const selected = units.filter(
    (unit) => inCluster(unit) && (whole || isNamed(unit, selection)) && isMadeFrom(unit, selection.templates),
  );
  const prerequisites = units.filter(
    (unit) => !selected.includes(unit) && selected.some((other) => isPrerequisite(unit, other)),
  );
  return { selected, prerequisites };
}

/** The workspaces a selection is about; undefined when it is about all. */
export function selectedWorkspaces({ workspaces, services }: Selection): readonly string[] | undefined {
  if (workspaces.length + services.length === 0) return undefined;
  return [...workspaces, ...services.map((unit) => unit.split("/", 1)[0] ?? "")];
}

/** True for the address of a unit that a selection covers, defined or gone. */
export function coversAddress(selection: Selection, address: string): boolean {
  // what is gone has no template any more, so a selection by template never reaches it
  if ((selection.templates ?? []).length > 0) return false;
  if (selection.workspaces.length + selection.services.length === 0) return true;
  const [workspace = ""] = address.split("/");
  if (selection.services.includes(address)) return true;
  return (
    selection.workspaces.includes(workspace) && !(selection.withoutServices === true && workspace !== address)
  );
}

function isNamed(unit: Unit, { workspaces, services, withoutServices }: Selection): boolean {
  if (unit.type === "platform") return false;
  if (workspaces.includes(unit.workspace.id) && (withoutServices !== true || unit.type === "workspace"))
    return true;
  return unit.type === "service" && services.includes(unit.service.unit);
}

function isMadeFrom(unit: Unit, templates: readonly string[] = []): boolean {
  return templates.length === 0 || (unit.type === "service" && templates.includes(unit.service.template.id));
}

function isPrerequisite(unit: Unit, of: Unit): boolean {
  if (unit.cluster.name !== of.cluster.name || of.type === "platform") return false;
  if (unit.type === "platform") return true;
  return unit.type === "workspace" && of.type === "service" && unit.workspace.id === of.workspace.id;
}

function checkNames(units: readonly Unit[], platform: Platform, selection: Selection): void {
  const addresses = units.map(unitAddress);
  const known = {
    cluster: platform.clusters.map(({ name }) => name),
    workspace: units.flatMap((unit) => (unit.type === "workspace" ? [unit.workspace.id] : [])),
    service: addresses.filter((address) => address.includes("/")),
    template: [...platform.templates.keys()],
  };
  const wanted = {
    cluster: selection.clusters,
    workspace: selection.workspaces,
    service: selection.services,
    template: selection.templates ?? [],
  };
  for (const what of ["cluster", "workspace", "service", "template"] as const) {
    for (const name of wanted[what]) {
      if (known[what].includes(name)) continue;
      if ((selection.mayBeGone ?? false) !== false && (what === "workspace" || what === "service")) continue;
      const hint = suggestHint(name, known[what]) ?? `woow validate shows what is defined`;
      throw new OperationError("not-found", `there is no ${what} ${name}`, { subject: name, hint });
    }
  }
}

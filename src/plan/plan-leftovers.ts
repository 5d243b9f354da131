import { labelRef, refKey, refOf } from "../cluster/object-ref.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import type { Change } from "./change.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import { ownerOfObject, unitOfObject } from "./ownership.ts";
import { describeLookalikes } from "./lookalikes.ts";
import { knownObjects, liveObjectsOf, namespacesOf, workspaceOf } from "./plan-index.ts";
import type { PlanIndex } from "./plan-index.ts";
import type { PlanInput } from "./plan-input.ts";
import { decideField } from "./compare/resolve-conflicts.ts";

export interface Leftovers {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** What a unit that is still defined has in the cluster and no longer wants. */
export function planDropped(unit: DesiredUnit, index: PlanIndex, input: PlanInput): Leftovers {
  const dropped = liveObjectsOf(unit.address, index, input).filter(
    (live) => !index.wanted.has(refKey(refOf(live))),
  );
  const strange = describeLookalikes(index.lookalikes.get(unit.address) ?? [], index.wanted);
  if (dropped.length === 0) return { changes: [], notes: strange };
  if (isSick(unit.address, input)) {
    return { changes: [], notes: ["nothing is removed here while the workspace has a problem"] };
  }
  const [copies, others] = [dropped.filter(holdsData), dropped.filter((live) => !holdsData(live))];
  const { changes, notes } = removeOurs(others, {
    address: unit.address,
    platform: input.platform,
    known: knownObjects(unit.address, index),
  });
  return { changes, notes: [...notes, ...copies.map(describeCopy), ...strange] };
}

/**
 * No unit ever drops its Namespace or HelmChart: one beside the wanted one is a copy that somebody made, labels and
 * all, and deleting it would delete the data behind it.
 */
function holdsData({ kind }: LiveObject): boolean {
  return kind === "HelmChart" || kind === "Namespace";
}

function describeCopy(live: LiveObject): string {
  return `${labelRef(refOf(live))} carries our labels, but no definition makes it; it is left alone, because deleting it would delete its data`;
}

export interface RemovalScope {
  readonly address: string;
  readonly platform: string;
  /** refKeys of what the inventory says the unit owns. */
  readonly known: ReadonlySet<string>;
}

/** Prunes of what is ours; what carries another unit's label or nobody's is left alone and told. */
export function removeOurs(
  objects: readonly LiveObject[],
  { address, platform, known }: RemovalScope,
): Leftovers {
  const changes: Change[] = [];
  const notes: string[] = [];
  for (const live of objects) {
    const ref = refOf(live);
    const named = unitOfObject(live);
    if (named !== undefined && named !== address) continue;
    if (ownerOfObject(live, platform, known.has(refKey(ref))) === "ours") {
      changes.push({ action: "prune", ref, reason: "undefined", fields: [], live });
    } else {
      notes.push(`${labelRef(ref)} was ours and is not any more; it is left alone`);
    }
  }
  return { changes, notes };
}

/** RoleBindings and NetworkPolicies that somebody added to a unit's namespace. */
export function planForeign(unit: DesiredUnit, index: PlanIndex, input: PlanInput): Leftovers {
  const namespaces = namespacesOf(unit.address);
  const found = input.observation.foreign.filter(
    (live) => namespaces.includes(live.metadata.namespace ?? "") && !index.wanted.has(refKey(refOf(live))),
  );
  const changes: Change[] = [];
  const notes: string[] = [];
  for (const live of found) {
    const ref = refOf(live);
    const decision = decideField({ ref, field: "metadata.name" }, input.decisions);
    const goes = decision === "take" || (decision === "open" && unit.drift === "repair");
    const isOther = typeof ownerOfObject(live, input.platform, false) === "object";
    if (goes && !isOther && !isSick(unit.address, input)) {
      changes.push({ action: "prune", ref, reason: "foreign", fields: [], live });
    } else notes.push(`${labelRef(ref)} is not ours and may open what is closed; it is left alone`);
  }
  return { changes, notes };
}

export function isSick(address: string, { sickWorkspaces }: PlanInput): boolean {
  const workspace = workspaceOf(address);
  return workspace === undefined ? sickWorkspaces.size > 0 : sickWorkspaces.has(workspace);
}

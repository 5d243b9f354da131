import { randomBytes } from "node:crypto";
import { readInventory, writeClaim, writeInventoryPart } from "../../src/apply/inventory/inventory-store.ts";
import { recordIntent } from "../../src/apply/inventory/inventory-changes.ts";
import type { ClusterClient } from "../../src/cluster/cluster-client.ts";
import { labelRef, refOf } from "../../src/cluster/object-ref.ts";
import { loadDesired } from "../../src/operations/cluster/load-desired.ts";
import type { DesiredCluster } from "../../src/operations/cluster/load-desired.ts";
import { planCluster } from "../../src/operations/cluster/plan-cluster.ts";
import type { PlannedCluster } from "../../src/operations/cluster/plan-cluster.ts";
import { everything } from "../../src/operations/select-units.ts";
import type { Selection } from "../../src/operations/select-units.ts";
import type { Change, Plan } from "../../src/plan/change.ts";
import { noDecisions } from "../../src/plan/plan-decisions.ts";
import type { PlanDecisions } from "../../src/plan/plan-decisions.ts";
import { identity } from "../secrets/fixtures.ts";
import { append, samplePlatform, sealedService } from "../support/builders.ts";
import type { Definitions } from "../support/builders.ts";
import { memoryTree } from "../support/memory-tree.ts";
import type { OddEntries } from "../support/memory-tree.ts";

export interface PlanRequest {
  readonly decisions?: Partial<PlanDecisions>;
  readonly selection?: Partial<Selection>;
  readonly odd?: OddEntries;
  readonly absentFiles?: readonly string[];
  /** Where there are several. */
  readonly cluster?: string;
  /** False: no key is at hand. */
  readonly withSecrets?: boolean;
  /** Sick workspaces do not stop the others. */
  readonly isolated?: boolean;
}

export interface Planned extends PlannedCluster {
  readonly desired: DesiredCluster;
}

/** The sample platform with a second service, `acme/orders`, that has a secret. */
export async function twoServices(): Promise<Record<string, string>> {
  return { ...samplePlatform(), "workspaces/acme/orders.yaml": await sealedService("acme/orders") };
}

/** Definitions planned against a cluster, the real way but for the apply. */
export async function planFiles(
  files: Definitions,
  client: ClusterClient,
  request: PlanRequest = {},
): Promise<Planned> {
  const { decisions, selection, odd, absentFiles = [], isolated = false, withSecrets = true } = request;
  const loaded = await loadDesired({
    tree: memoryTree(files, odd),
    selection: { ...everything, ...selection },
    cluster: request.cluster,
    identities: withSecrets ? () => [identity] : undefined,
    absentFiles,
    isolate: isolated ? { exclude: new Set() } : undefined,
    progress: () => undefined,
  });
  if (!loaded.ok)
    throw new Error(loaded.problems.map(({ file, message }) => `${file}: ${message}`).join("\n"));
  const planned = await planCluster({
    client,
    desired: loaded.desired,
    decisions: { ...noDecisions, ...decisions },
    deps: { memory: { recall: () => undefined, remember: () => undefined }, randomBytes },
  });
  return { ...planned, desired: loaded.desired };
}

/** Does what a plan says: the least an apply must do. The inventory comes first, as it does there. */
export async function carryOutPlan(
  { plan, desired, observation }: Planned,
  client: ClusterClient,
): Promise<void> {
  if (plan.refusals.length > 0) throw new Error(plan.refusals.map(({ message }) => message).join("\n"));
  const wanted = new Map(desired.units.map((unit) => [unit.address, unit]));
  const namespaces = plan.units
    .flatMap(({ changes }) => changes)
    .filter(({ ref }) => ref.kind === "Namespace");
  for (const change of namespaces) if (change.action !== "prune") await carryOutChange(change, client);
  const { platform } = desired;
  if (observation.inventory.claim === undefined) {
    await writeClaim(client, {
      platform: platform.name,
      clusterUid: observation.clusterUid,
      records: platform.records,
      lastDeploymentId: 0,
      resourceVersion: undefined,
      uid: undefined,
    });
  }
  const { parts } = recordIntent(await readInventory(client), plan, { desired: wanted });
  for (const part of parts) await writeInventoryPart(client, part);
  for (const unit of plan.units) {
    for (const change of unit.changes) {
      if (change.ref.kind !== "Namespace") await carryOutChange(change, client);
    }
  }
  for (const change of namespaces) if (change.action === "prune") await carryOutChange(change, client);
}

async function carryOutChange(change: Change, client: ClusterClient): Promise<void> {
  const { ref } = change;
  switch (change.action) {
    case "none":
      return;
    case "create": {
      const { type } = await client.apply(change.desired, { createOnly: true });
      if (type !== "written") throw new Error(`create ${labelRef(ref)}: ${type}`);
      return;
    }
    case "replace": {
      await client.delete(ref, { uid: change.live.metadata.uid });
      await client.apply(change.desired, { createOnly: true });
      return;
    }
    case "prune":
      await client.delete(ref, { uid: change.live.metadata.uid });
      return;
    case "update": {
      const { desired, live, force, removals } = change;
      const object = { ...desired, metadata: { ...desired.metadata, uid: live.metadata.uid } };
      const { type } = await client.apply(object, { force });
      if (type !== "written") throw new Error(`update ${labelRef(ref)}: ${type}`);
      if (removals.length > 0) await client.patch(refOf(live), removals);
    }
  }
}

/** Plans and applies until nothing is left to do, which must be after one time. */
export async function settle(
  files: Definitions,
  client: ClusterClient,
  request: PlanRequest = {},
): Promise<void> {
  await carryOutPlan(await planFiles(files, client, request), client);
}

/** `ACTION REASON Kind namespace/name: fields` of everything that is to be done. */
export function listWork({ units }: Plan): string[] {
  return units.flatMap(({ changes }) =>
    changes.flatMap(({ action, reason, ref, fields }) =>
      action === "none"
        ? []
        : [
            `${action} ${reason} ${labelRef(ref)}${fields.length === 0 ? "" : `: ${fields.map(({ path }) => path).join(", ")}`}`,
          ],
    ),
  );
}

/** `UNIT INTENT` of every unit with work, and codes of refusals. */
export function refusalCodes({ refusals }: Plan): string[] {
  return refusals.map(({ code, unit }) => `${code} ${unit ?? "-"}`);
}

export { append };

import type { ClusterClient, WritableObject, WriteResult } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef, refOf } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { labelPrefix } from "../../constructs/labels.ts";
import { OperationError } from "../../errors.ts";
import { systemNamespace } from "../../model/names.ts";
import type { ClusterClaim, Inventory, InventoryPart } from "../../plan/inventory.ts";
import { formatClaim, formatPart, parseClaim, parsePart, unreadable } from "./inventory-format.ts";

/** The ConfigMap that says whose cluster it is. */
export const claimName = "woow-platform";
const partPrefix = "woow-inventory-";
const partKey = "inventory.json";
const claimKey = "platform.json";
/** The API server takes 1 MiB with everything around it. */
const largestPart = 1_000_000;

/**
 * What the cluster knows of what we own, in one LIST. Known by name and not by label, so that taking a label off hides
 * nothing.
 * Errors: `unreadable` for a part that is not as we wrote it, and for parts without a claim; those of ClusterClient.
 */
export async function readInventory(client: ClusterClient): Promise<Inventory> {
  const { items } = await client.list({ type: resourceTypes.ConfigMap, namespace: systemNamespace });
  const parts = new Map<string, InventoryPart>();
  let claim: ClusterClaim | undefined;
  for (const object of items) {
    const { name, resourceVersion, uid } = object.metadata;
    const place = labelRef(refOf(object));
    if (name === claimName) claim = { ...parseClaim(textOf(object, claimKey), place), resourceVersion, uid };
    else if (name.startsWith(partPrefix)) {
      const part = parsePart(textOf(object, partKey), place);
      if (name !== partPrefix + part.owner) throw unreadable(place, `it is the inventory of ${part.owner}`);
      parts.set(part.owner, { ...part, resourceVersion, uid });
    }
  }
  if (claim === undefined && parts.size > 0) {
    throw unreadable(
      `ConfigMap ${systemNamespace}/${claimName}`,
      "it is gone although the inventory of units is there",
    );
  }
  return { claim, parts };
}

/**
 * Stores a part of the inventory and gives it back with the precondition of its next write; one without units is
 * deleted.
 * Errors: `changed-meanwhile` when it is not the one that was read.
 */
export async function writeInventoryPart(client: ClusterClient, part: InventoryPart): Promise<InventoryPart> {
  const name = partPrefix + part.owner;
  if (part.units.length === 0) {
    await deletePart(client, { name, part });
    return { ...part, resourceVersion: undefined, uid: undefined };
  }
  const text = formatPart(part);
  if (Buffer.byteLength(text) > largestPart) {
    throw new OperationError("refused", `the inventory of ${part.owner} is too large for a ConfigMap`, {
      subject: part.owner,
      hint: "split the workspace in two",
    });
  }
  const stored = await store(client, { name, key: partKey, text, was: part });
  return { ...part, ...versionOf(stored) };
}

/** Stores whose cluster it is. Errors: `changed-meanwhile`. */
export async function writeClaim(client: ClusterClient, claim: ClusterClaim): Promise<ClusterClaim> {
  const stored = await store(client, {
    name: claimName,
    key: claimKey,
    text: formatClaim(claim),
    was: claim,
  });
  return { ...claim, ...versionOf(stored) };
}

interface Entry {
  readonly name: string;
  readonly key: string;
  readonly text: string;
  /** What was read before. */
  readonly was: { readonly resourceVersion: string | undefined; readonly uid: string | undefined };
}

async function store(client: ClusterClient, entry: Entry): Promise<LiveObject> {
  const { name, key, text, was } = entry;
  const object: WritableObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: systemNamespace,
      // no label of the platform: what carries one is what synth makes, and is pruned when it does not
      labels: { "app.kubernetes.io/managed-by": "woow", [`${labelPrefix}/inventory`]: "true" },
    },
    data: { [key]: text },
  };
  const { resourceVersion, uid } = was;
  const result: WriteResult =
    resourceVersion === undefined
      ? await client.create(object)
      : await client.update({ ...object, metadata: { ...object.metadata, resourceVersion, uid } });
  if (result.type === "written") return result.object;
  // an answer that was lost is asked for again, and then it is we who were there
  const live = await client.get(refOf(object));
  if (live !== undefined && textOf(live, key) === text && (uid === undefined || live.metadata.uid === uid))
    return live;
  throw changedMeanwhile(labelRef(refOf(object)));
}

async function deletePart(
  client: ClusterClient,
  { name, part }: { readonly name: string; readonly part: InventoryPart },
): Promise<void> {
  const { uid, resourceVersion } = part;
  if (uid === undefined) return;
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: systemNamespace, name };
  const result = await client.delete(ref, { uid, resourceVersion });
  if (result === "changed") throw changedMeanwhile(labelRef(ref));
}

function changedMeanwhile(label: string): OperationError {
  return new OperationError("changed-meanwhile", `${label} was changed by somebody else`, {
    subject: label,
    hint: "another woow may be working there; run again",
  });
}

function versionOf({ metadata }: LiveObject): { resourceVersion: string; uid: string } {
  return { resourceVersion: metadata.resourceVersion, uid: metadata.uid };
}

function textOf(object: LiveObject, key: string): string | undefined {
  const value = (object["data"] as Readonly<Record<string, unknown>> | undefined)?.[key];
  return typeof value === "string" ? value : undefined;
}

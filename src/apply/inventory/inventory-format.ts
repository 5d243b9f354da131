import type { ObjectRef } from "../../cluster/object-ref.ts";
import { managedTypes } from "../../cluster/resource-types.ts";
import { OperationError } from "../../errors.ts";
import { ownerOf } from "./inventory-changes.ts";
import type { ClusterClaim, Hold, InventoryPart, UnitRecord } from "../../plan/inventory.ts";

/** Raised when an older woow could misread what a newer one wrote. */
const formatVersion = 1;

/** `apiVersion/Kind` -> `namespace/name`, or `name` for what is cluster-scoped: a third of the bytes of a list. */
type GroupedRefs = Readonly<Record<string, readonly string[]>>;

interface StoredUnit {
  readonly unit: string;
  readonly id?: string | undefined;
  readonly hold?: Hold | undefined;
  readonly secrets?: readonly string[] | undefined;
  readonly objects: GroupedRefs;
}

/** A part of the inventory as text. */
export function formatPart({ owner, units }: Pick<InventoryPart, "owner" | "units">): string {
  const stored: readonly StoredUnit[] = units.map(({ unit, deploymentId, hold, secretKeys, objects }) => ({
    unit,
    id: deploymentId,
    hold,
    secrets: secretKeys,
    objects: groupRefs(objects),
  }));
  return JSON.stringify({ version: formatVersion, owner, units: stored });
}

/** Errors: `unreadable` for what is not exactly such a part; it never counts as an empty one. */
export function parsePart(text: string | undefined, place: string): Pick<InventoryPart, "owner" | "units"> {
  const { owner, units } = parseVersioned(text, place);
  if (typeof owner !== "string" || !Array.isArray(units)) throw unreadable(place, "it has no owner or units");
  return { owner, units: units.map((unit) => parseUnit(unit, { owner, place })) };
}

/** Whose cluster it is, as text. */
export function formatClaim({ platform, clusterUid, records, lastDeploymentId }: ClusterClaim): string {
  return JSON.stringify({ version: formatVersion, platform, clusterUid, records, lastDeploymentId });
}

/** Errors: `unreadable`. */
export function parseClaim(
  text: string | undefined,
  place: string,
): Omit<ClusterClaim, "resourceVersion" | "uid"> {
  const { platform, clusterUid, records, lastDeploymentId } = parseVersioned(text, place);
  if (typeof platform !== "string" || platform === "") throw unreadable(place, "it names no platform");
  if (typeof clusterUid !== "string" || clusterUid === "") throw unreadable(place, "it names no cluster");
  if (records !== "local" && records !== "cluster")
    throw unreadable(place, "it does not say where records are");
  if (!Number.isSafeInteger(lastDeploymentId) || (lastDeploymentId as number) < 0)
    throw unreadable(place, "it has no deployment number");
  return { platform, clusterUid, records, lastDeploymentId: lastDeploymentId as number };
}

function parseVersioned(text: string | undefined, place: string): Record<string, unknown> {
  if (text === undefined) throw unreadable(place, "its content is gone");
  const value = parseJson(text);
  if (!isMap(value)) throw unreadable(place, "it is not the JSON that woow wrote");
  const { version } = value;
  if (typeof version === "number" && version > formatVersion) {
    throw new OperationError("unreadable", `${place} was written by a newer woow (format ${version})`, {
      subject: place,
      hint: "use that version of woow, or a newer one",
    });
  }
  if (version !== formatVersion) throw unreadable(place, "it does not say its format");
  return value;
}

function parseUnit(value: unknown, { owner, place }: { owner: string; place: string }): UnitRecord {
  if (!isMap(value)) throw unreadable(place, "a unit is not a map");
  const { unit, id, hold, secrets, objects } = value;
  if (typeof unit !== "string" || unit === "") throw unreadable(place, "a unit has no address");
  if (!unitPattern.test(unit) || ownerOf(unit) !== owner)
    throw unreadable(place, `it names a unit that is not one of ${owner}: ${JSON.stringify(unit)}`);
  if (id !== undefined && typeof id !== "string")
    throw unreadable(place, `${unit} has no sound deployment id`);
  if (secrets !== undefined && !isTexts(secrets)) throw unreadable(place, `${unit} has no sound secret keys`);
  if (!isMap(objects)) throw unreadable(place, `${unit} has no objects`);
  const refs = Object.entries(objects).flatMap(([type, names]) => {
    if (!isTexts(names) || !/.\/./.test(type)) throw unreadable(place, `${unit} names no sound objects`);
    return names.map((name) => {
      const ref = parseRef(type, name);
      if (isSound(ref)) return ref;
      throw unreadable(
        place,
        `${unit} names ${JSON.stringify(`${type} ${name}`)}, which this woow does not know`,
      );
    });
  });
  return {
    unit,
    objects: refs,
    deploymentId: id,
    hold: hold === undefined ? undefined : parseHold(hold, { unit, place }),
    ...(secrets === undefined ? {} : { secretKeys: secrets }),
  };
}

function parseHold(value: unknown, { unit, place }: { unit: string; place: string }): Hold {
  const { type, by, at, reason, revision, whileDefinition } = isMap(value) ? value : {};
  if (typeof by === "string" && typeof at === "string") {
    if (type === "suspended" && typeof reason === "string") return { type, by, at, reason };
    if (type === "rollback" && typeof revision === "number" && typeof whileDefinition === "string")
      return { type, by, at, revision, whileDefinition };
  }
  throw unreadable(place, `the hold of ${unit} is not one that woow writes`);
}

function groupRefs(refs: readonly ObjectRef[]): GroupedRefs {
  const groups: Record<string, string[]> = {};
  for (const { apiVersion, kind, namespace, name } of refs) {
    (groups[`${apiVersion}/${kind}`] ??= []).push(namespace === undefined ? name : `${namespace}/${name}`);
  }
  return groups;
}

function parseRef(type: string, name: string): ObjectRef {
  const kindAt = type.lastIndexOf("/");
  const nameAt = name.indexOf("/");
  return {
    apiVersion: type.slice(0, kindAt),
    kind: type.slice(kindAt + 1),
    namespace: nameAt === -1 ? undefined : name.slice(0, nameAt),
    name: name.slice(nameAt + 1),
  };
}

const unitPattern = /^(platform|[a-z0-9]+(\/[a-z0-9-]+)?)$/;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9.:_-]*$/;

/** An object of a kind that we write; anything else would be asked for under a path that nobody foresaw. */
function isSound({ apiVersion, kind, namespace, name }: ObjectRef): boolean {
  const type = managedTypes.find((one) => one.kind === kind);
  return (
    type !== undefined &&
    groupOf(type.apiVersion) === groupOf(apiVersion) &&
    type.namespaced === (namespace !== undefined) &&
    [namespace ?? "x", name].every((text) => namePattern.test(text))
  );
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** Nothing is planned on an inventory we cannot read: what it does not name would look like nobody's. */
export function unreadable(place: string, why: string): OperationError {
  return new OperationError("unreadable", `the inventory in ${place} cannot be read: ${why}`, {
    subject: place,
    hint: "somebody changed it by hand, or a newer woow wrote it: put back what it was (a backup, or the cluster's audit log); woow changes nothing until then",
  });
}

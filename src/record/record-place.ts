import { dnsLabelPattern, workspaceIdPattern } from "../definitions/id-patterns.ts";

/** Where a unit's history is kept: with its workspace's, under a short name of its own. */
export interface RecordPlace {
  /** `platform` or a workspace id. */
  readonly owner: string;
  /** `platform`, `workspace` or a reference id; reserved words keep them apart. */
  readonly name: string;
}

const workspaceId = new RegExp(workspaceIdPattern);
const referenceId = new RegExp(dnsLabelPattern);

/** The place of a unit's records; undefined for what cannot be the address of a unit. */
export function findRecordPlace(unit: string): RecordPlace | undefined {
  if (unit === "platform") return { owner: "platform", name: "platform" };
  const [owner = "", name, ...rest] = unit.split("/");
  if (rest.length > 0 || !workspaceId.test(owner) || owner === "platform") return undefined;
  if (name === undefined) return { owner, name: "workspace" };
  return referenceId.test(name) && name !== "workspace" ? { owner, name } : undefined;
}

/** The same for a unit that is known to be one. Errors: anything else is a bug. */
export function recordPlace(unit: string): RecordPlace {
  const place = findRecordPlace(unit);
  if (place === undefined) throw new Error(`${unit} is no unit`);
  return place;
}

/** The way back. */
export function unitOfPlace({ owner, name }: RecordPlace): string {
  if (owner === "platform") return "platform";
  return name === "workspace" ? owner : `${owner}/${name}`;
}

import type { Json } from "../definitions/convert.ts";
import { walkValues } from "./helm-values.ts";
import type { Platform } from "./platform.ts";

/** A value that names a host of another workspace. */
export interface ForeignHost {
  readonly path: readonly string[];
  readonly host: string;
}

/** Host -> the workspace it was allotted to. */
export type HostOwners = ReadonlyMap<string, string>;

/**
 * Texts that name a host of another workspace, or with `*.` every host below a name. In one pass over the characters:
 * the text comes from a tenant, and a pattern that looks back could be made to take minutes.
 */
export function findForeignHosts(
  values: Json,
  { owners, workspaceId }: { readonly owners: HostOwners; readonly workspaceId: string },
): ForeignHost[] {
  const found: ForeignHost[] = [];
  for (const { path, value } of walkValues(values)) {
    if (typeof value !== "string" || !value.includes(".")) continue;
    for (const word of value.toLowerCase().split(/[^a-z0-9.*-]+/)) {
      const host = foreignHost(word, { owners, workspaceId });
      if (host === undefined) continue;
      found.push({ path, host });
      break;
    }
  }
  return found;
}

function foreignHost(
  word: string,
  { owners, workspaceId }: { readonly owners: HostOwners; readonly workspaceId: string },
): string | undefined {
  if (word.length > 256) return undefined;
  const isForeign = (owner: string | undefined) => owner !== undefined && owner !== workspaceId;
  if (word.startsWith("*.")) {
    for (const [host, owner] of owners) if (isForeign(owner) && host.endsWith(word.slice(1))) return word;
    return undefined;
  }
  const host = word.replace(/^\.+/, "").replace(/\.+$/, "");
  return isForeign(owners.get(host)) ? host : undefined;
}

/** The hosts that are served, by the workspace they belong to. */
export function listHostOwners(platform: Platform): HostOwners {
  const owners = new Map<string, string>();
  for (const { workspaces } of platform.clusters) {
    for (const { id, hosts } of workspaces) for (const host of hosts) owners.set(host, id);
  }
  return owners;
}

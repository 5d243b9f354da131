import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One question of authorization: `verb` on a resource, `pods/log` with its subresource; the core group is "". */
export interface Cell {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/** What docs/roles.md says: who (a role, or `everybody`) -> the cells they hold, as `cellKey` writes them. */
export type RoleTable = ReadonlyMap<string, ReadonlySet<string>>;

const path = join(import.meta.dirname, "../../docs/roles.md");

/** `verb group/resource`. */
export function cellKey({ group, resource, verb }: Cell): string {
  return `${verb} ${group}/${resource}`;
}

/** The tables of docs/roles.md that begin with group and resource; a dash is no right. */
export function readRoleTable(): RoleTable {
  const table = new Map<string, Set<string>>();
  let holders: readonly string[] | undefined;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (!line.startsWith("|")) {
      holders = undefined;
      continue;
    }
    const [first = "", second = "", ...rest] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", ""));
    if (first === "group" && second === "resource") {
      holders = rest;
      for (const holder of rest) if (!table.has(holder)) table.set(holder, new Set());
    } else if (holders !== undefined && !first.startsWith("---")) {
      const group = first === "(core)" ? "" : first;
      for (const [index, verbs] of rest.entries()) {
        for (const verb of verbs === "–" ? [] : verbs.split(" ")) {
          table.get(holders[index] ?? "")?.add(cellKey({ group, resource: second, verb }));
        }
      }
    }
  }
  return table;
}

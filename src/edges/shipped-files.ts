import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { OperationError } from "../errors.ts";
import { fileError } from "./file-error.ts";

/** A folder that comes with the package, beside its code. */
export type ShippedFolder = "catalog" | "charts" | "schemas";

/** Reads what woow ships: the catalog, the charts of our own, the schemas for editors. */
export interface ShippedFiles {
  /** Path from the repository's root with `/` (`catalog/n8n.yaml`) -> text; sorted. Errors: `unreadable`. */
  list(folder: ShippedFolder): ReadonlyMap<string, string>;
}

/** Opens the files of the package that is running, be it bundled or from its sources. */
export function openShippedFiles(): ShippedFiles {
  const root = findPackageRoot();
  return {
    list: (folder) => {
      try {
        const found = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map(
            (path) =>
              [path.slice(root.length + 1).replaceAll("\\", "/"), readFileSync(path, "utf8")] as const,
          );
        return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
      } catch (error) {
        throw fileError(error, { subject: join(root, folder), doing: "read" });
      }
    },
  };
}

function findPackageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "catalog"))) return folder;
    if (dirname(folder) === folder) {
      throw new OperationError("unreadable", "the catalog that comes with woow is not there", {
        subject: import.meta.dirname,
        hint: "install woow again: its package is incomplete",
      });
    }
  }
}

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A package as package-lock.json has it. */
interface LockEntry {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package that `npm ci --omit=dev` installs on some platform, bundled ones included. */
export interface ProductionPackage {
  /** Where it lies, such as node_modules/cdk8s/node_modules/yaml. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** SPDX expression; undefined where the package gives none. */
  readonly licence: string | undefined;
  /** `sha512-...`; undefined for what lies inside another package. */
  readonly integrity: string | undefined;
  readonly isOptional: boolean;
  readonly hasInstallScript: boolean;
  /** `name@version` of what it depends on. */
  readonly dependsOn: readonly string[];
}

/** Every production package of the lock file, sorted; and what the program itself depends on. */
export function readProductionPackages(): {
  readonly packages: readonly ProductionPackage[];
  readonly root: { readonly name: string; readonly version: string; readonly dependsOn: readonly string[] };
} {
  const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
  const lock = JSON.parse(readFileSync(path, "utf8")) as {
    name: string;
    version: string;
    packages: Record<string, LockEntry>;
  };
  const find = (place: string, name: string): string | undefined => {
    for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
      const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      if (candidate in lock.packages) return candidate;
      if (folder === "") return undefined;
    }
  };
  const dependenciesOf = (place: string, entry: LockEntry): string[] => {
    const wanted = { ...entry.peerDependencies, ...entry.dependencies, ...entry.optionalDependencies };
    const found = Object.keys(wanted).flatMap((name) => {
      const target = find(place, name);
      const other = target === undefined ? undefined : lock.packages[target];
      return other === undefined || isDev(other) ? [] : [`${name}@${other.version}`];
    });
    return [...new Set(found)].sort();
  };
  const packages = Object.entries(lock.packages)
    .filter(([place, entry]) => place !== "" && !isDev(entry))
    .map(([place, entry]) => ({
      place,
      name: place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length),
      version: entry.version,
      licence: entry.license,
      integrity: entry.integrity,
      isOptional: entry.optional === true,
      hasInstallScript: entry.hasInstallScript === true,
      dependsOn: dependenciesOf(place, entry),
    }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  const top = lock.packages[""] ?? { version: lock.version };
  const root = { name: lock.name, version: lock.version, dependsOn: dependenciesOf("", top) };
  return { packages, root };
}

function isDev({ dev, devOptional }: LockEntry): boolean {
  return dev === true || devOptional === true;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

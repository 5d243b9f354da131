/**
 * Adds what npm leaves out of package-lock.json when a registry does not serve the builds of a tool for every
 * platform: `npm ci` elsewhere would refuse such a lock file. The entries say what the tool's own list of optional
 * dependencies says, and no more. Run after every change of the dependencies (`npm run lock`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Entry {
  version: string;
  dev?: boolean;
  optional?: boolean;
  cpu?: string[];
  os?: string[];
  optionalDependencies?: Record<string, string>;
}

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, Entry> };
const check = process.argv.includes("--check");
let added = 0;

for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, wanted] of Object.entries(entry.optionalDependencies ?? {})) {
    if (place === "" || isResolved(place, { name, wanted })) continue;
    const top = `node_modules/${name}`;
    const key = top in lock.packages ? `${place}/node_modules/${name}` : top;
    lock.packages[key] = describePlatform(name, {
      version: wanted.replace(/^[\^~]/, ""),
      dev: entry.dev === true,
    });
    added += 1;
  }
}
if (check) {
  if (added > 0)
    console.error(`package-lock.json lacks ${added} optional packages: run \`npm run lock\` and commit it`);
  process.exitCode = added > 0 ? 1 : 0;
} else if (added > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${added} optional packages to package-lock.json`);
}

/** True when the package is found from its place upwards, as Node finds it. */
function isResolved(place: string, { name, wanted }: { name: string; wanted: string }): boolean {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const found = lock.packages[folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found !== undefined && (found.version === wanted || /[\^~*x]/.test(wanted))) return true;
    if (folder === "") return false;
  }
}

/** Platform packages are named by what they run on: `@scope/binding-linux-x64-gnu`. */
function describePlatform(name: string, { version, dev }: { version: string; dev: boolean }): Entry {
  const words = (name.split("/").at(-1) ?? name).split("-");
  const systems = [
    "aix",
    "android",
    "darwin",
    "freebsd",
    "linux",
    "netbsd",
    "openbsd",
    "openharmony",
    "sunos",
    "win32",
  ];
  const at = words.findIndex((word) => systems.includes(word) || word === "wasm32");
  const [system = "wasm32", cpu = "x64"] = at < 0 ? [] : words.slice(at);
  const platform = system === "wasm32" ? { cpu: ["wasm32"] } : { cpu: [cpu], os: [system] };
  return { version, ...(dev ? { dev } : {}), optional: true, ...platform };
}

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import type { Plugin } from "rolldown";

/** Puts a hash of all that goes into the bundle in the place of src/cli/build-id.ts. */
export function writeBuildId(root: string): Plugin {
  return {
    name: "write-build-id",
    load(id) {
      if (!id.endsWith("/src/cli/build-id.ts")) return undefined;
      return { code: `export const buildId = ${JSON.stringify(hashSources(root))};`, moduleType: "js" };
    },
  };
}

function hashSources(root: string): string {
  const patterns = ["src/**/*.ts", "schemas/*.json", "scripts/*.ts", "package.json", "package-lock.json"];
  const hash = createHash("sha256");
  for (const file of globSync(patterns, { cwd: root }).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(`${root}${file}`))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 32);
}

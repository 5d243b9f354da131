import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDefinitionTree } from "../src/edges/definition-files.ts";
import { everything } from "../src/operations/select-units.ts";
import { synth } from "../src/operations/synth.ts";
import { parseAgeIdentities } from "../src/secrets/age-identity.ts";
import type { AgeIdentity } from "../src/secrets/age-identity.ts";
import { memoryFolder } from "./support/memory-tree.ts";

const root = join(import.meta.dirname, "golden");

/** A case is a folder; this one is the case `full` once more, as a pull-request check sees it. */
const withoutSecrets = "without-secrets";

function inputOf(name: string): string {
  return join(root, name === withoutSecrets ? "full" : name, "input");
}

function identitiesOf(name: string): readonly AgeIdentity[] {
  const path = join(root, name, "public-key-for-tests.txt");
  if (!existsSync(path)) return [];
  const parsed = parseAgeIdentities(readFileSync(path, "utf8"));
  return parsed.ok ? parsed.value : [];
}

function pathsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

describe.each(readdirSync(root))("golden %s", (name) => {
  test("dist/ is what it was", async () => {
    const folder = memoryFolder();
    const deps = {
      tree: openDefinitionTree(inputOf(name)),
      folder,
      identities: () => identitiesOf(name),
      progress: () => undefined,
    };
    const result = await synth(deps, { selection: everything, withSecrets: name !== withoutSecrets });
    const problems = result.problems.map(
      ({ file, line, column, severity, code }) => `${file}:${line}:${column} ${severity} ${code}\n`,
    );
    expect(result.ok, problems.join("")).toBe(true);
    await expect(problems.join("")).toMatchFileSnapshot(join(root, name, "problems.txt"));
    const manifests = join(root, name, "manifests");
    for (const [path, { text }] of folder.files)
      await expect(text).toMatchFileSnapshot(join(manifests, path));
    expect(pathsBelow(manifests)).toEqual(
      [...folder.files.keys()].map((path) => join(manifests, path)).sort(),
    );
  });
});

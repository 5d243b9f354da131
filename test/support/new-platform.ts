import type { DefinitionTree } from "../../src/definitions/definition-tree.ts";
import { openShippedFiles } from "../../src/edges/shipped-files.ts";
import { initPlatform } from "../../src/operations/create/init-platform.ts";
import type { InitPlatformOptions } from "../../src/operations/create/init-platform.ts";
import { identity, tools } from "../secrets/fixtures.ts";
import { memoryTree } from "./memory-tree.ts";
import { memoryWriter } from "./memory-writer.ts";

/** Everything that comes with woow: path -> text. */
export function shippedFiles(): Map<string, string> {
  const shipped = openShippedFiles();
  return new Map([...shipped.list("catalog"), ...shipped.list("charts"), ...shipped.list("schemas")]);
}

/** What `woow init` writes, sealed for the first test key. */
export async function newPlatform(
  options: Partial<InitPlatformOptions> = {},
): Promise<Record<string, string>> {
  const writer = memoryWriter({});
  const result = await initPlatform(
    { writer, tools },
    {
      name: "test-platform",
      domain: "apps.example.com",
      recipient: identity.recipient,
      version: "1.2.3",
      shipped: shippedFiles(),
      ...options,
    },
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return writer.written;
}

/** A tree as the disk shows it: .sops.yaml can be read and is not listed. */
export function treeOf(files: Readonly<Record<string, string>>): DefinitionTree {
  const { ".sops.yaml": config, ...definitions } = files;
  const tree = memoryTree(definitions);
  if (config === undefined) return tree;
  const bytes = new TextEncoder().encode(config);
  return { ...tree, read: (path) => (path === ".sops.yaml" ? { bytes } : tree.read(path)) };
}

/** The files of a platform that hold definitions, and .sops.yaml: what a tree on disk would show. */
export function definitionsOf(files: Readonly<Record<string, string>>): Record<string, string> {
  const isDefinition = (path: string) =>
    /^(catalog|charts|workspaces)\//.test(path) || path === "platform.yaml" || path === ".sops.yaml";
  return Object.fromEntries(Object.entries(files).filter(([path]) => isDefinition(path)));
}

import type { Definitions } from "../definitions/definition.ts";
import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { hasErrors, sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { readDefinitions } from "../definitions/read-definitions.ts";
import type { Platform } from "../model/platform.ts";
import { resolveModel } from "../model/resolve.ts";

/**
 * The resolved platform with every problem, sorted by place. `platform` is absent when an error stands in the way of
 * what was asked for.
 */
export interface LoadedPlatform {
  readonly definitions: Definitions;
  readonly platform: Platform | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads and resolves a repository. Reports everything that is wrong with it; never throws for bad input.
 * `workspaces` are those a run is about: then an error in another workspace's folder does not stop it, so that one
 * tenant's mistake is not everybody's. Undefined means all.
 */
export function loadPlatform(tree: DefinitionTree, workspaces?: readonly string[]): LoadedPlatform {
  const read = readDefinitions(tree);
  const resolved = resolveModel(read.definitions);
  const problems = sortProblems([...read.problems, ...resolved.problems]);
  const inTheWay = problems.filter(({ file }) => {
    const [top, workspace] = file.split("/");
    return workspaces === undefined || top !== "workspaces" || workspaces.includes(workspace ?? "");
  });
  return {
    definitions: read.definitions,
    platform: hasErrors(inTheWay) ? undefined : resolved.platform,
    problems,
  };
}

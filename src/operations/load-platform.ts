import type { Definitions } from "../definitions/definition.ts";
import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { hasErrors, sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { readDefinitions } from "../definitions/read-definitions.ts";
import type { Platform } from "../model/platform.ts";
import { resolveModel } from "../model/resolve.ts";

/** The resolved platform with every problem, sorted by place. `platform` is absent when any problem is an error. */
export interface LoadedPlatform {
  readonly definitions: Definitions;
  readonly platform: Platform | undefined;
  readonly problems: readonly Problem[];
}

/** Reads and resolves a repository. Reports everything that is wrong with it; never throws for bad input. */
export function loadPlatform(tree: DefinitionTree): LoadedPlatform {
  const read = readDefinitions(tree);
  const resolved = resolveModel(read.definitions);
  const problems = sortProblems([...read.problems, ...resolved.problems]);
  return {
    definitions: read.definitions,
    platform: hasErrors(problems) ? undefined : resolved.platform,
    problems,
  };
}

import type { Definitions } from "../definitions/definition.ts";
import type { DefinitionTree } from "../definitions/definition-tree.ts";
import { hasErrors, sortProblems } from "../definitions/problem.ts";
import type { Problem } from "../definitions/problem.ts";
import { listUnits } from "../manifests/unit.ts";
import { findUnverified } from "./charts/find-unverified.ts";
import { loadPlatform } from "./load-platform.ts";

/** What stands in a repository, and all that is wrong with it. */
export interface Validation {
  readonly definitions: Definitions;
  /** Sorted by place. */
  readonly problems: readonly Problem[];
  /** False: synth would write nothing. */
  readonly ok: boolean;
}

/** Everything that synth would refuse before it opens a secret; needs no key. Never throws for bad input. */
export async function validatePlatform(tree: DefinitionTree): Promise<Validation> {
  // a broken service does not hide that another one's chart is not verified
  const { definitions, platform, problems } = loadPlatform(tree, []);
  const unverified = platform === undefined ? [] : await findUnverified(platform, [...listUnits(platform)]);
  const all = sortProblems([...problems, ...unverified]);
  return { definitions, problems: all, ok: !hasErrors(all) };
}

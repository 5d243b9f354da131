import type { PlanDecisions } from "../../plan/plan-decisions.ts";
import { noDecisions } from "../../plan/plan-decisions.ts";

/** What a person decides where plan would refuse. */
export interface DecisionFlags {
  readonly take?: readonly string[];
  readonly keep?: readonly string[];
  readonly adopt?: boolean;
  readonly replace?: boolean;
  readonly pruneBudget?: number;
  readonly removeWorkspace?: readonly string[];
  readonly allowOverQuota?: boolean;
}

export function readDecisions(flags: DecisionFlags): PlanDecisions {
  return {
    ...noDecisions,
    take: flags.take ?? [],
    keep: flags.keep ?? [],
    adopt: flags.adopt === true,
    replace: flags.replace === true,
    pruneBudget: flags.pruneBudget,
    removeWorkspaces: flags.removeWorkspace ?? [],
    ...(flags.allowOverQuota === true ? { overQuota: "allow" as const } : {}),
  };
}

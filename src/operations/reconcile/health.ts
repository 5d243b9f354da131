import type { ReconcileEvent } from "./reconcile-event.ts";

/** What a probe wants to know, made from the events alone. */
export interface Health {
  readonly passes: number;
  readonly sourceFault: string | undefined;
  readonly clusterFault: string | undefined;
  /** True when the definitions as a whole cannot be applied. */
  readonly isBlocked: boolean;
}

export const initialHealth: Health = {
  passes: 0,
  sourceFault: undefined,
  clusterFault: undefined,
  isBlocked: false,
};

/** The health after an event. */
export function nextHealth(health: Health, event: ReconcileEvent): Health {
  switch (event.type) {
    case "source-read":
      return { ...health, sourceFault: undefined };
    case "source-failed":
      return { ...health, sourceFault: event.message };
    case "definition-problems":
      return { ...health, isBlocked: event.blocksAll };
    case "cluster-lost":
      return { ...health, clusterFault: event.message };
    case "cluster-back":
      return { ...health, clusterFault: undefined };
    case "pass-finished":
      if (event.outcome === "cancelled") return health;
      if (event.outcome !== "failed")
        return { ...health, passes: health.passes + 1, clusterFault: undefined };
      return isPassing(event.error?.code) ? health : { ...health, clusterFault: event.error?.message };
    default:
      return health;
  }
}

/** Another run is at work: a matter of time, and no fault. */
function isPassing(code: string | undefined): boolean {
  return code === "lock-held" || code === "lock-lost" || code === "stale-plan";
}

/** Why it is not ready; empty when it is. A workspace that fails alone does not count: the others are served. */
export function whyNotReady(health: Health): string[] {
  const why: string[] = [];
  if (health.sourceFault !== undefined) why.push(health.sourceFault);
  if (health.clusterFault !== undefined) why.push(health.clusterFault);
  if (health.isBlocked) why.push("the definitions have problems that concern every workspace");
  if (health.passes === 0) why.push("no pass is done yet");
  return why;
}

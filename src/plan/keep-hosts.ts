import type { LiveObject } from "../cluster/live-object.ts";
import { labelPrefix } from "../constructs/labels.ts";
import type { Manifest } from "../manifests/manifest.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import type { PlanInput } from "./plan-input.ts";

export const hostsAnnotation = `${labelPrefix}/hosts`;

/**
 * True when this run does not see all of a workspace: it is there only because a selected service needs it, or a file
 * in it cannot be read. Then what the namespace is allotted for the others must stay.
 */
export function isSeenInPart(
  { address }: DesiredUnit,
  { prerequisites, present, units }: PlanInput,
): boolean {
  if (address === "platform" || address.includes("/")) return false;
  if (prerequisites.has(address)) return true;
  const seen = new Set(units.map((unit) => unit.address));
  return [...present].some((other) => other.startsWith(`${address}/`) && !seen.has(other));
}

/** A namespace with the hosts it has, beside those it is to have. */
export function keepHosts(desired: Manifest, live: LiveObject | undefined): Manifest {
  const wanted = desired.metadata.annotations?.[hostsAnnotation];
  const given = live?.metadata.annotations?.[hostsAnnotation];
  if (desired.kind !== "Namespace" || given === undefined || given === "") return desired;
  const hosts = new Set(
    [wanted ?? "", given].flatMap((list) => list.split(",")).filter((host) => host !== ""),
  );
  const annotations = { ...desired.metadata.annotations, [hostsAnnotation]: [...hosts].sort().join(",") };
  return { ...desired, metadata: { ...desired.metadata, annotations } };
}

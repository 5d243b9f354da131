import type { LiveObject } from "../cluster/live-object.ts";
import { refKey } from "../cluster/object-ref.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { namespaceName } from "../model/names.ts";
import type { UnitPlan } from "./change.ts";
import type { DesiredUnit } from "./desired-unit.ts";
import { hostsAnnotation, hostsOf } from "./hosts-of.ts";
import type { Observation } from "./observation.ts";
import type { PlanIndex } from "./plan-index.ts";
import type { PlanInput } from "./plan-input.ts";

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

/** Hosts of the services that go in this run: nobody else's, because no two services may have the same. */
export function findReleasedHosts(
  removals: readonly UnitPlan[],
  index: Pick<PlanIndex, "byUnit" | "records">,
  { objects }: Pick<Observation, "objects">,
): ReadonlySet<string> {
  const going = removals
    .filter(({ address, hold }) => address.includes("/") && hold === undefined)
    .map(({ address }) => address);
  const released = new Set(going.flatMap((address) => liveHosts(address, index)));
  // a run died between: the Ingress is gone, and only the namespace still knows a host
  const cut = going.filter((address) => isCut(address, index));
  for (const workspace of new Set(cut.map((address) => address.split("/", 1)[0] ?? ""))) {
    const neighbours = [...index.byUnit.keys()].filter(
      (address) => address.startsWith(`${workspace}/`) && !going.includes(address),
    );
    const used = new Set(neighbours.flatMap((address) => liveHosts(address, index)));
    const name = namespaceName(workspace);
    const live = objects.get(refKey({ apiVersion: "v1", kind: "Namespace", namespace: undefined, name }));
    const allotted = live?.metadata.annotations?.[hostsAnnotation] ?? "";
    for (const host of allotted.split(",")) if (!used.has(host)) released.add(host);
  }
  return released;
}

/** True when the inventory knows an Ingress of a service that is not there any more. */
function isCut(address: string, { byUnit, records }: Pick<PlanIndex, "byUnit" | "records">): boolean {
  const isIngress = ({ kind }: { readonly kind: string }) => kind === "Ingress";
  return (
    records.get(address)?.objects.some(isIngress) === true && byUnit.get(address)?.some(isIngress) !== true
  );
}

function liveHosts(address: string, { byUnit }: Pick<PlanIndex, "byUnit">): string[] {
  const ingresses = (byUnit.get(address) ?? []).filter(({ kind }) => kind === "Ingress");
  return ingresses.flatMap(hostsOf);
}

/** A namespace with the hosts it has, but for those that are released, beside those it is to have. */
export function keepHosts(
  desired: Manifest,
  live: LiveObject | undefined,
  released: ReadonlySet<string>,
): Manifest {
  const wanted = desired.metadata.annotations?.[hostsAnnotation];
  const given = live?.metadata.annotations?.[hostsAnnotation];
  if (desired.kind !== "Namespace" || given === undefined || given === "") return desired;
  const hosts = new Set(
    [...(wanted ?? "").split(","), ...given.split(",").filter((host) => !released.has(host))].filter(
      (host) => host !== "",
    ),
  );
  const annotations = { ...desired.metadata.annotations, [hostsAnnotation]: [...hosts].sort().join(",") };
  return { ...desired, metadata: { ...desired.metadata, annotations } };
}

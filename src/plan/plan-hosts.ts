import type { LiveObject } from "../cluster/live-object.ts";
import { refKey, refOf } from "../cluster/object-ref.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { namespaceName } from "../model/names.ts";
import type { Change, Refusal, UnitPlan } from "./change.ts";
import { hostsOf } from "./hosts-of.ts";
import type { PlanInput } from "./plan-input.ts";

/** The units of a plan, with whom they take hosts from, and what is refused. */
export interface HostPlan {
  readonly units: readonly UnitPlan[];
  readonly refusals: readonly Refusal[];
}

/** Who has a host in the cluster. */
interface Holder {
  readonly namespace: string;
  readonly live: LiveObject;
}

/**
 * A host that another workspace has in the cluster is not given away before that one lets go of it, whatever the files
 * say: a file that cannot be read claims nothing, and the order of files must not choose between tenants. Where the
 * same plan takes it from there, the one who gets it waits for that.
 */
export function planHosts(
  units: readonly UnitPlan[],
  { observation }: Pick<PlanInput, "observation">,
): HostPlan {
  const holders = listHolders([...observation.objects.values()]);
  const changes = new Map(
    units
      .filter(isWorkedOn)
      .flatMap((unit) => unit.changes.map((change) => [refKey(change.ref), change] as const)),
  );
  const refusals: Refusal[] = [];
  const planned = units.map((unit): UnitPlan => {
    if (unit.workspaceId === undefined || unit.intent === "remove" || !isWorkedOn(unit)) return unit;
    const own = namespaceName(unit.workspaceId);
    const givers = new Set<string>();
    for (const host of new Set(unit.changes.flatMap(addedHosts))) {
      for (const { namespace, live } of holders.get(host) ?? []) {
        if (namespace === own) continue;
        if (!keeps(live, host, changes)) givers.add(namespace);
        else refusals.push(refuse(host, { unit, namespace, live }));
      }
    }
    return givers.size === 0 ? unit : { ...unit, takesHostsFrom: [...givers].sort() };
  });
  return { units: planned, refusals: onePerHost(refusals) };
}

function isWorkedOn({ hold, blocked }: UnitPlan): boolean {
  return hold === undefined && blocked === undefined;
}

function listHolders(objects: readonly LiveObject[]): ReadonlyMap<string, readonly Holder[]> {
  const holders = objects.flatMap((live) => {
    const namespace = live.kind === "Namespace" ? live.metadata.name : live.metadata.namespace;
    if (namespace === undefined) return [];
    return hostsOf(live).map((host) => ({ host, namespace, live }));
  });
  return Map.groupBy(holders, ({ host }) => host);
}

function addedHosts(change: Change): readonly string[] {
  if (change.action === "prune" || change.action === "none") return [];
  const before = change.action === "create" ? [] : hostsOf(change.live);
  return hostsOf(change.desired).filter((host) => !before.includes(host));
}

/** True when an object has the host after this plan as well. */
function keeps(live: LiveObject, host: string, changes: ReadonlyMap<string, Change>): boolean {
  const change = changes.get(refKey(refOf(live)));
  if (change === undefined || change.action === "none") return true;
  if (change.action === "prune") return false;
  const desired: Manifest = change.desired;
  return hostsOf(desired).includes(host);
}

function refuse(
  host: string,
  {
    unit,
    namespace,
    live,
  }: { readonly unit: UnitPlan; readonly namespace: string; readonly live: LiveObject },
): Refusal {
  const holder = namespace.slice(namespaceName("").length);
  return {
    code: "host-in-use",
    unit: unit.address,
    ref: refOf(live),
    message: `${unit.address} is to get the host ${host}, which the workspace ${holder} has in the cluster and does not let go of`,
    hint: `if it is to move, take it out of the file in workspaces/${holder}/ (and mend what is wrong there), and apply that first: woow apply -w ${holder}`,
  };
}

/** The namespace and the Ingress say the same of a host. */
function onePerHost(refusals: readonly Refusal[]): readonly Refusal[] {
  const seen = new Set<string>();
  return refusals.filter(({ unit, message }) => {
    const key = `${unit} ${message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

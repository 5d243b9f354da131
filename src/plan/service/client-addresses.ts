import type { DesiredUnit } from "../desired-unit.ts";
import type { Refusal, UnitPlan } from "../change.ts";

/** Traefik's own Service, in K3s' place for it. */
export const traefikService = {
  apiVersion: "v1",
  kind: "Service",
  namespace: "kube-system",
  name: "traefik",
} as const;

/** Whether Traefik sees who calls, which is what the allow-list of a private service goes by. */
export interface ClientAddresses {
  readonly seen:
    | { readonly type: "policy"; readonly policy: string }
    /** There is no such Service. */
    | { readonly type: "absent" }
    | { readonly type: "unreadable"; readonly message: string };
  /** True: the platform unit sets the policy (`traefik.manage`). */
  readonly isManaged: boolean;
}

/** Only its own Middleware stands before a private service. */
export function isPrivate({ service, manifests }: DesiredUnit): boolean {
  return service !== undefined && manifests.some(({ kind }) => kind === "Middleware");
}

/** True when an allow-list sees who calls; with any other policy it sees the address of a node. */
export function seesClients({ seen }: ClientAddresses): boolean {
  return seen.type === "policy" && seen.policy === "Local";
}

/** What is wrong, as the second half of a sentence; for plan, apply and doctor. */
export function clientAddressWords({ seen }: ClientAddresses): string {
  const name = `Service ${traefikService.namespace}/${traefikService.name}`;
  switch (seen.type) {
    case "absent":
      return `there is no ${name}, so nobody can tell whether Traefik sees who calls`;
    case "unreadable":
      return `the ${name} cannot be read (${seen.message}), so nobody can tell whether Traefik sees who calls`;
    case "policy":
      return `Traefik's ${name} has externalTrafficPolicy ${seen.policy}: an allow-list sees the address of a node in place of who calls, and lets in everybody or nobody`;
  }
}

/** What a person does about it. */
export function clientAddressHint({ seen, isManaged }: ClientAddresses): string {
  if (seen.type === "unreadable") return "docs/operator-role.yaml has the right to get services";
  const wait = "wait until K3s has rolled Traefik out with it";
  if (isManaged) return `woow apply sets externalTrafficPolicy: Local; ${wait}, and apply again`;
  return `write traefik: { manage: true } into platform.yaml, or set service.spec.externalTrafficPolicy: Local in a HelmChartConfig of your own; ${wait}`;
}

/**
 * A private service is refused while its allow-list would not work. Where the platform unit sets the policy it only
 * waits, since that comes first. What stays as it is, is told of.
 */
export function planClientAddresses(
  units: readonly UnitPlan[],
  {
    desired,
    addresses,
  }: { readonly desired: readonly DesiredUnit[]; readonly addresses: ClientAddresses | undefined },
): {
  readonly units: readonly UnitPlan[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
} {
  if (addresses === undefined || seesClients(addresses)) return { units, refusals: [], notes: [] };
  const guarded = new Set(desired.filter(isPrivate).map(({ address }) => address));
  const concerned = units.filter(
    ({ address, intent, hold, blocked }) =>
      guarded.has(address) && intent === "apply" && hold === undefined && blocked === undefined,
  );
  const moving = concerned.filter(
    ({ changes, recovery }) => recovery !== undefined || changes.some(({ action }) => action !== "none"),
  );
  const words = clientAddressWords(addresses);
  const isWaiting = addresses.isManaged && addresses.seen.type !== "unreadable";
  const told = units.map((unit): UnitPlan => {
    if (moving.includes(unit)) return isWaiting ? { ...unit, waitsFor: "client-addresses" } : unit;
    return concerned.includes(unit)
      ? { ...unit, notes: [...unit.notes, `it is private, and ${words}`] }
      : unit;
  });
  const names = moving.map(({ address }) => address);
  if (isWaiting) {
    const [is, wait] = names.length === 1 ? ["is", "waits"] : ["are", "wait"];
    const note = `${names.join(", ")} ${is} private and ${wait} until Traefik is rolled out with externalTrafficPolicy: Local, which the platform unit sets`;
    return { units: told, refusals: [], notes: names.length === 0 ? [] : [note] };
  }
  const refusals = names.map((address): Refusal => ({
    code: "client-addresses",
    unit: address,
    ref: traefikService,
    message: `${address} is private, and ${words}`,
    hint: clientAddressHint(addresses),
  }));
  return { units: told, refusals, notes: [] };
}

import type { Json } from "../definitions/convert.ts";
import { isMapValue } from "./helm-values.ts";

/** Keys of chart values that isolation depends on, and what of them is harmless. */
export interface IsolationRule {
  /** Matched against a normalized key: letters and digits only, lower case. */
  readonly pattern: RegExp;
  /** True when the value does no harm. */
  readonly allows: (value: Json, namespace: string) => boolean;
  readonly message: string;
  readonly hint: string;
}

/** Switched off, or empty; a map of such values too. */
function isOff(value: Json): boolean {
  if (value === false || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMapValue(value) && Object.values(value).every(isOff);
}

/**
 * The spellings that charts use. A list of spellings cannot be complete (decision 0006): the admission policies judge
 * what a chart makes, this tells the author before anything is deployed.
 */
export const isolationRules: readonly IsolationRule[] = [
  {
    pattern: /namespaces?(override)?$/,
    allows: (value, namespace) => value === namespace || value === "" || value === null || isMapValue(value),
    message: "would put objects into another namespace",
    hint: "remove it: a service lives in its workspace's namespace only",
  },
  {
    pattern: /nameoverride$/,
    allows: () => false,
    message: "would rename what the Ingress and the volumes are found by",
    hint: "remove it: names come from the release",
  },
  {
    pattern:
      /ingress|^(http|grpc|tcp|udp|tls)routes?$|^routes?$|^gateway(s|api|class|ref)?$|listenerset|virtualservice|^certificates?$/,
    allows: isOff,
    message: "would open a second way in beside the Ingress that woow makes",
    hint: "remove it and use subdomain or custom_domain",
  },
  {
    pattern: /networkpolic/,
    allows: () => false,
    message: "would change network policies, which add up and can only open the tenant",
    hint: "remove it: isolation is the workspace's, not the chart's",
  },
  {
    pattern:
      /^(extra|additional)(deploy|objects?|manifests?|resources?|templates?)$|^rawresources?$|^kubernetesobjects$|^dynamicresources$/,
    allows: isOff,
    message: "would create objects of any kind",
    hint: "remove it, or write a chart of your own under charts/",
  },
  {
    pattern: /hostnetwork|hostpid|hostipc|hostpath|hostport|(?<!un)privileged$/,
    allows: isOff,
    message: "would lift the pod out of its sandbox",
    hint: "remove it: tenants' pods must pass Pod Security baseline",
  },
  {
    pattern:
      /clusterrole|clusterwide|clusterscoped|extrarolerules|existingrole|rolebinding|^rbac$|^terminals$|webhookconfiguration|^crds?$|installcrds/,
    allows: isOff,
    message: "would create rights or kinds beyond the namespace",
    hint: "remove it",
  },
  {
    pattern: /externalips?$|loadbalancer|nodeports?$|externalname/,
    allows: isOff,
    message: "would expose the service beside Traefik",
    hint: "remove it: services are of type ClusterIP",
  },
  {
    pattern: /priorityclass/,
    allows: isOff,
    message: "would put the service before other tenants' when a node is full",
    hint: "remove it",
  },
  {
    pattern: /^(persistent)?volumename$/,
    allows: isOff,
    message: "would take a volume by its name, which may be another tenant's",
    hint: "remove it: a claim finds its volume by itself",
  },
];

/** The rule a key falls under. Charts spell the same key as hostNetwork, host_network or HostNetwork. */
export function findIsolationRule(key: string): IsolationRule | undefined {
  const normalized = normalizeKey(key);
  return isolationRules.find(({ pattern }) => pattern.test(normalized));
}

/** Letters and digits in lower case; compatibility forms of letters count as the letters. */
export function normalizeKey(key: string): string {
  return key
    .slice(0, 200)
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
}

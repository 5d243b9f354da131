import type { Json } from "../definitions/convert.ts";
import { isMapValue, walkValues } from "./helm-values.ts";

/** A value that would undo what isolation rests on. */
export interface IsolationFault {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

/**
 * Chart values that move objects out of the tenant's namespace, rename what the Ingress points at, open a second
 * way in, or lift the pod's limits. The admission policies of the platform refuse most of this in the cluster too;
 * here the author learns it before anything is deployed.
 */
export function findIsolationFaults(values: Json, namespace: string): IsolationFault[] {
  const faults: IsolationFault[] = [];
  const covered: (readonly string[])[] = [];
  for (const { path, value } of walkValues(values)) {
    if (covered.some((head) => head.every((step, index) => step === path[index]))) continue;
    const fault = faultAt(path, value, namespace);
    if (fault === undefined) continue;
    faults.push({ path, ...fault });
    covered.push(path);
  }
  return faults;
}

/** The same for a path whose value is not known yet, as in secret_values: any value there is refused. */
export function isIsolationPath(path: readonly string[]): boolean {
  return path.some((_, index) => {
    const key = normalize(path[index] ?? "");
    return guardedKeys.has(key) || isOurMark(path[index] ?? "");
  });
}

interface Rule {
  /** True when the value is harmless. */
  readonly allows: (value: Json, namespace: string) => boolean;
  readonly message: string;
  readonly hint: string;
}

const off = (value: Json): boolean =>
  value === false ||
  value === null ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (isMapValue(value) && Object.entries(value).every(([key, item]) => key === "enabled" && item === false));

const never = (): boolean => false;
const ownNamespace: Rule = {
  allows: (value, namespace) => value === namespace || isMapValue(value) || value === "" || value === null,
  message: "would put objects into another namespace",
  hint: "remove it: a service lives in its workspace's namespace only",
};
const ownNames: Rule = {
  allows: never,
  message: "would rename what the Ingress and the volumes are found by",
  hint: "remove it: names come from the release",
};
const ownIngress: Rule = {
  allows: off,
  message: "would open a second way in beside the Ingress that woow makes",
  hint: "remove it and use subdomain or custom_domain",
};
const ownPolicy: Rule = {
  allows: never,
  message: "would change network policies, which add up and can only open the tenant",
  hint: "remove it: isolation is the workspace's, not the chart's",
};
const ownObjects: Rule = {
  allows: off,
  message: "would create objects of any kind",
  hint: "remove it, or write a chart of your own under charts/",
};
const noHost: Rule = {
  allows: (value) => value === false || value === null,
  message: "would lift the pod out of its sandbox",
  hint: "remove it: tenants' pods must pass Pod Security baseline",
};
const noClusterRole: Rule = {
  allows: off,
  message: "would create rights beyond the namespace",
  hint: "remove it",
};
const noExposure: Rule = {
  allows: off,
  message: "would expose the service beside Traefik",
  hint: "remove it: services are of type ClusterIP",
};

const rules: ReadonlyMap<string, Rule> = new Map([
  ...[
    "namespace",
    "namespaceoverride",
    "targetnamespace",
    "releasenamespace",
    "namespaces",
    "watchnamespaces",
  ].map((key) => [key, ownNamespace] as const),
  ...["fullnameoverride", "nameoverride"].map((key) => [key, ownNames] as const),
  ...[
    "ingress",
    "ingresses",
    "ingressroute",
    "route",
    "httproute",
    "gateway",
    "gatewayapi",
    "virtualservice",
  ].map((key) => [key, ownIngress] as const),
  ...["networkpolicy", "networkpolicies", "ciliumnetworkpolicy"].map((key) => [key, ownPolicy] as const),
  ...[
    "extradeploy",
    "extraobjects",
    "extramanifests",
    "extraresources",
    "additionalobjects",
    "additionalmanifests",
    "rawresources",
    "kubernetesobjects",
    "dynamicresources",
  ].map((key) => [key, ownObjects] as const),
  ...["hostnetwork", "hostpid", "hostipc", "privileged", "hostpath", "hostport", "hostports"].map(
    (key) => [key, noHost] as const,
  ),
  ...[
    "clusterrole",
    "clusterroles",
    "clusterrolebinding",
    "clusterrolerules",
    "clusterwide",
    "clusterscoped",
  ].map((key) => [key, noClusterRole] as const),
  ...["externalips", "loadbalancerip", "loadbalancerclass", "nodeport", "nodeports", "externalname"].map(
    (key) => [key, noExposure] as const,
  ),
]);

/** Under these keys a secret has no business at all, whatever it says. */
const guardedKeys: ReadonlySet<string> = new Set(rules.keys());

function faultAt(
  path: readonly string[],
  value: Json,
  namespace: string,
): { message: string; hint: string } | undefined {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const dotted = path.join(".");
  const rule = rules.get(normalize(key));
  if (rule !== undefined && !rule.allows(value, namespace))
    return { message: `${dotted} ${rule.message}`, hint: rule.hint };
  if (isOurMark(key)) {
    return {
      message: `${dotted} uses a label or annotation that the platform reads`,
      hint: "remove it: only the platform sets it",
    };
  }
  if (
    normalize(key) === "type" &&
    typeof value === "string" &&
    /^(LoadBalancer|NodePort|ExternalName)$/i.test(value)
  ) {
    return { message: `${dotted} ${noExposure.message}`, hint: noExposure.hint };
  }
  if (
    isMapValue(value) &&
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    value["kind"] !== "PersistentVolumeClaim"
  ) {
    return { message: `${dotted} ${ownObjects.message}`, hint: ownObjects.hint };
  }
  return undefined;
}

/** Labels and annotations that woow, Traefik, cert-manager and the helm-controller act on. */
function isOurMark(key: string): boolean {
  return /(^|\.)(paas\.woowtech\.com|traefik\.io|traefik\.ingress\.kubernetes\.io|cert-manager\.io|cattle\.io)\//.test(
    key,
  );
}

/** Charts spell the same key as hostNetwork, host_network or HostNetwork. */
function normalize(key: string): string {
  return key.toLowerCase().replaceAll(/[-_]/g, "");
}

/**
 * Texts with `{{`: many charts run values through Helm's `tpl`, in a job that is cluster-admin, so a tenant's
 * `{{ lookup ... }}` would read any Secret of the cluster. The catalog's own default_values may use it.
 */
export function findTemplateText(values: Json): IsolationFault[] {
  const faults: IsolationFault[] = [];
  for (const { path, value } of walkValues(values)) {
    const texts = [value, path.at(-1)];
    if (!texts.some((text) => typeof text === "string" && text.includes("{{"))) continue;
    faults.push({
      path,
      message: `${path.join(".")} contains {{, which a chart may run as a template with the platform's rights`,
      hint: "write it without {{",
    });
  }
  return faults;
}

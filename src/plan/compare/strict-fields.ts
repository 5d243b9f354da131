import { labelPrefix } from "../../constructs/labels.ts";

/** Keys of a map that begin so are ours alone. */
interface StrictPrefixes {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

/**
 * What nobody but us may write, by kind: a field we did not write there is drift, because it opens what we closed,
 * changes what runs, or is a secret that reaches a chart (design: Plan). Everything the API server adds there by
 * itself we write too, else it would be seen as somebody's.
 */
const strictRoots: Readonly<Record<string, readonly string[]>> = {
  NetworkPolicy: ["spec"],
  ResourceQuota: ["spec"],
  LimitRange: ["spec"],
  RoleBinding: ["subjects", "roleRef"],
  ClusterRoleBinding: ["subjects", "roleRef"],
  Role: ["rules"],
  ClusterRole: ["rules", "aggregationRule"],
  ValidatingAdmissionPolicy: ["spec"],
  ValidatingAdmissionPolicyBinding: ["spec"],
  Ingress: ["spec"],
  Middleware: ["spec"],
  HelmChart: ["spec"],
  HelmChartConfig: ["spec"],
  Secret: ["data"],
};

const strictPrefixes: Readonly<Record<string, StrictPrefixes>> = {
  Namespace: {
    labels: ["pod-security.kubernetes.io/", `${labelPrefix}/`],
    annotations: [`${labelPrefix}/`],
  },
};

/** What the API server fills in where we say nothing, by kind and dotted path. */
const serverDefaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  HelmChart: { "spec.driver": "secret" },
};

/** True for a value that the API server puts there by itself. */
export function isServerDefault(
  kind: string,
  { path, value }: { readonly path: string; readonly value: unknown },
): boolean {
  const defaults = serverDefaults[kind];
  return defaults !== undefined && Object.hasOwn(defaults, path) && defaults[path] === value;
}

/** The top-level fields of a kind that are ours alone. */
export function strictFieldsOf(kind: string): readonly string[] {
  return strictRoots[kind] ?? [];
}

/** True for a label or annotation that nobody but us may put on an object of this kind. */
export function isStrictMetadata(
  kind: string,
  { map, key }: { readonly map: "labels" | "annotations"; readonly key: string },
): boolean {
  return (strictPrefixes[kind]?.[map] ?? []).some((prefix) => key.startsWith(prefix));
}

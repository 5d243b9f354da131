import type { Manifest } from "./manifest.ts";

/** Kinds in the order they must exist: walls before what stands behind them, secrets before who reads them. */
const kindOrder: readonly string[] = [
  "Namespace",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ClusterRole",
  "ResourceQuota",
  "LimitRange",
  "NetworkPolicy",
  "RoleBinding",
  "Secret",
  "HelmChartConfig",
  "HelmChart",
  "Middleware",
  "Ingress",
  "ClusterRoleBinding",
  "ServiceAccount",
  "Deployment",
];

/** Objects by kind, namespace and name: the same tree gives the same list, whatever order it was built in. */
export function orderManifests(manifests: readonly Manifest[]): Manifest[] {
  return [...manifests].sort(
    (a, b) =>
      rank(a.kind) - rank(b.kind) ||
      compare(a.kind, b.kind) ||
      compare(a.metadata.namespace ?? "", b.metadata.namespace ?? "") ||
      compare(a.metadata.name, b.metadata.name),
  );
}

/** apiVersion, kind and metadata first, every other key and every key below in code unit order. */
export function orderKeys(manifest: Manifest): Manifest {
  const { apiVersion, kind, metadata, ...rest } = manifest;
  return { apiVersion, kind, metadata: sortDeep(metadata), ...sortDeep(rest) } as Manifest;
}

function sortDeep<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortDeep) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortDeep(item as unknown)])) as T;
}

function rank(kind: string): number {
  const index = kindOrder.indexOf(kind);
  return index < 0 ? kindOrder.length : index;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { CheckContext } from "./check-context.ts";
import { serviceType } from "./check-service.ts";
import type { FindingDraft } from "./finding.ts";
import { describeObject, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

/** Kubernetes' own kinds outside namespaces, and those of operators that charts bring along most. */
const clusterScopedKinds: ReadonlySet<string> = new Set([
  "APIService",
  "CertificateSigningRequest",
  "ClusterIssuer",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterTrustBundle",
  "CSIDriver",
  "CSINode",
  "CustomResourceDefinition",
  "DeviceClass",
  "FlowSchema",
  "GatewayClass",
  "IngressClass",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "RuntimeClass",
  "SecurityContextConstraints",
  "StorageClass",
  "VolumeAttachment",
  "VolumeAttributesClass",
  "VolumeSnapshotClass",
  "VolumeSnapshotContent",
  "IPAddress",
  "ServiceCIDR",
  "StorageVersionMigration",
  "ResourceSlice",
]);

/** API groups whose other kinds all lie in namespaces: Kubernetes' own, and those a K3s of this platform serves. */
const namespacedGroups: ReadonlySet<string> = new Set([
  "",
  "acme.cert-manager.io",
  "apps",
  "autoscaling",
  "batch",
  "cert-manager.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "gateway.networking.k8s.io",
  "helm.cattle.io",
  "monitoring.coreos.com",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "traefik.containo.us",
  "traefik.io",
]);

/** What design 9 (a) keeps out of a tenant's namespace whatever a chart says. */
const forbiddenKinds: readonly (readonly [group: RegExp, kind: RegExp, why: string])[] = [
  [
    /^(networking\.k8s\.io|extensions)$/,
    /^Ingress$/,
    "the Ingress is woow's, for the hosts allotted to the tenant",
  ],
  [
    /^(networking\.k8s\.io|extensions|cilium\.io|projectcalico\.org|crd\.projectcalico\.org)$/,
    /NetworkPolicy$/,
    "network policies add up, so a chart's can only open the tenant",
  ],
  [/^(hub\.)?traefik\.(io|containo\.us)$/, /./, "it would open a way through Traefik beside the Ingress"],
  [/^gateway\.networking\.(k8s|x-k8s)\.io$/, /./, "it would open a way in beside the Ingress"],
  [/^helm\.cattle\.io$/, /./, "its job would be cluster-admin"],
  [/^$/, /^Endpoints$/, "Traefik would proxy to any address in it, past every policy"],
  [/^discovery\.k8s\.io$/, /^EndpointSlice$/, "Traefik would proxy to any address in it, past every policy"],
];

/** The one ClusterRole a chart may bind: the rights of any other may grow. As the admission policy has it. */
const weakRole = "view";

/** Everything a chart makes must lie in its own namespace, and must not open it. */
export function checkScope(context: CheckContext): void {
  for (const object of context.rendering.objects) {
    const draft = scopeFault(object, context) ?? kindFault(object);
    if (draft !== undefined) context.findings.add({ path: ["helm_chart"], ...draft });
  }
}

type Fault = Omit<FindingDraft, "path"> & { path?: FindingDraft["path"] };

function scopeFault(object: RenderedObject, { template, sample }: CheckContext): Fault | undefined {
  const what = describeObject(object);
  // admission policies cannot guard themselves, so these are refused even where they are declared
  if (groupOf(object) === "admissionregistration.k8s.io") {
    return {
      code: "forbidden-kind",
      message: `${what} would see or change every request to the cluster`,
      hint: "switch it off in default_values; such a chart is not for tenants",
    };
  }
  if (clusterScopedKinds.has(object.kind) || template.clusterScopedKinds.includes(object.kind)) {
    if (template.clusterScopedKinds.includes(object.kind)) return undefined;
    return {
      code: "cluster-scoped-object",
      path: ["cluster_scoped_kinds"],
      message: `${what} lies outside every namespace`,
      hint: `switch it off in default_values, or declare it: cluster_scoped_kinds: [${object.kind}]`,
    };
  }
  if (isUnknownScope(object)) {
    return {
      code: "unknown-scope",
      severity: object.kind.startsWith("Cluster") ? "error" : "note",
      message: `${what} is of a kind (${object.apiVersion}) that may lie outside every namespace`,
      hint: "look at its CustomResourceDefinition; cluster_scoped_kinds declares it",
    };
  }
  if (object.namespace !== undefined && object.namespace !== sample.namespace) {
    return {
      code: "foreign-namespace",
      message: `${what} goes into the namespace ${object.namespace}, not into the release's`,
      hint: "set the chart's namespace override in default_values, or choose another chart",
    };
  }
  return undefined;
}

function kindFault(object: RenderedObject): Fault | undefined {
  const what = describeObject(object);
  const group = groupOf(object);
  for (const [groups, kinds, why] of forbiddenKinds) {
    if (!groups.test(group) || !kinds.test(object.kind)) continue;
    return {
      code: "forbidden-kind",
      message: `${what}: ${why}`,
      hint: "switch it off in default_values",
    };
  }
  if (object.kind === "Service") return serviceFault(object);
  if (object.kind === "RoleBinding") {
    const role = mapAt(object.body, "roleRef");
    const name = textAt(role, "name") ?? "";
    if (textAt(role, "kind") === "ClusterRole" && name !== weakRole) {
      return {
        code: "strong-role",
        message: `${what} gives the ClusterRole ${name}`,
        hint: "switch the chart's RBAC off in default_values",
      };
    }
  }
  return undefined;
}

/** True for a kind of somebody's own that no group tells the scope of. A namespace of its own says it. */
function isUnknownScope(object: RenderedObject): boolean {
  return object.namespace === undefined && !namespacedGroups.has(groupOf(object));
}

function serviceFault(object: RenderedObject): Fault | undefined {
  const spec = mapAt(object.body, "spec");
  const type = serviceType(object);
  const fault =
    type !== "ClusterIP"
      ? `is of type ${type}`
      : Array.isArray(spec["externalIPs"]) && spec["externalIPs"].length > 0
        ? "has externalIPs"
        : Object.keys(mapAt(spec, "selector")).length === 0
          ? "has no selector, so its addresses would be hand-made"
          : undefined;
  if (fault === undefined) return undefined;
  return {
    code: "exposed-service",
    message: `${describeObject(object)} ${fault}`,
    hint: "set it in default_values; only Services of type ClusterIP with a selector are let into a workspace",
  };
}

/** "" for the core group. */
function groupOf({ apiVersion }: RenderedObject): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

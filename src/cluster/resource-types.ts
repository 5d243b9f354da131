/** One kind of object and where the API server keeps it. */
export interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const namespaced = (apiVersion: string, kind: string, plural: string): ResourceType => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
});

const clusterScoped = (apiVersion: string, kind: string, plural: string): ResourceType => ({
  apiVersion,
  kind,
  plural,
  namespaced: false,
});

/** Every kind we write or look at. */
export const resourceTypes = {
  Namespace: clusterScoped("v1", "Namespace", "namespaces"),
  ConfigMap: namespaced("v1", "ConfigMap", "configmaps"),
  Secret: namespaced("v1", "Secret", "secrets"),
  Pod: namespaced("v1", "Pod", "pods"),
  Service: namespaced("v1", "Service", "services"),
  ServiceAccount: namespaced("v1", "ServiceAccount", "serviceaccounts"),
  Event: namespaced("v1", "Event", "events"),
  Node: clusterScoped("v1", "Node", "nodes"),
  ResourceQuota: namespaced("v1", "ResourceQuota", "resourcequotas"),
  LimitRange: namespaced("v1", "LimitRange", "limitranges"),
  PersistentVolume: clusterScoped("v1", "PersistentVolume", "persistentvolumes"),
  PersistentVolumeClaim: namespaced("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  Deployment: namespaced("apps/v1", "Deployment", "deployments"),
  StatefulSet: namespaced("apps/v1", "StatefulSet", "statefulsets"),
  DaemonSet: namespaced("apps/v1", "DaemonSet", "daemonsets"),
  ReplicaSet: namespaced("apps/v1", "ReplicaSet", "replicasets"),
  Job: namespaced("batch/v1", "Job", "jobs"),
  CronJob: namespaced("batch/v1", "CronJob", "cronjobs"),
  Lease: namespaced("coordination.k8s.io/v1", "Lease", "leases"),
  EndpointSlice: namespaced("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
  Ingress: namespaced("networking.k8s.io/v1", "Ingress", "ingresses"),
  IngressClass: clusterScoped("networking.k8s.io/v1", "IngressClass", "ingressclasses"),
  NetworkPolicy: namespaced("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  Role: namespaced("rbac.authorization.k8s.io/v1", "Role", "roles"),
  RoleBinding: namespaced("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
  ClusterRole: clusterScoped("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
  ClusterRoleBinding: clusterScoped(
    "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding",
    "clusterrolebindings",
  ),
  StorageClass: clusterScoped("storage.k8s.io/v1", "StorageClass", "storageclasses"),
  CustomResourceDefinition: clusterScoped(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
  ),
  HelmChart: namespaced("helm.cattle.io/v1", "HelmChart", "helmcharts"),
  HelmChartConfig: namespaced("helm.cattle.io/v1", "HelmChartConfig", "helmchartconfigs"),
  Addon: namespaced("k3s.cattle.io/v1", "Addon", "addons"),
  Middleware: namespaced("traefik.io/v1alpha1", "Middleware", "middlewares"),
  ValidatingAdmissionPolicy: clusterScoped(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
  ),
  ValidatingAdmissionPolicyBinding: clusterScoped(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
  ),
  Certificate: namespaced("cert-manager.io/v1", "Certificate", "certificates"),
  CertificateRequest: namespaced("cert-manager.io/v1", "CertificateRequest", "certificaterequests"),
  Order: namespaced("acme.cert-manager.io/v1", "Order", "orders"),
  Challenge: namespaced("acme.cert-manager.io/v1", "Challenge", "challenges"),
  ClusterIssuer: clusterScoped("cert-manager.io/v1", "ClusterIssuer", "clusterissuers"),
} as const satisfies Readonly<Record<string, ResourceType>>;

/** The kinds synth can emit, in the order they are applied: what plan compares and prunes. */
export const managedTypes: readonly ResourceType[] = [
  resourceTypes.Namespace,
  resourceTypes.ValidatingAdmissionPolicy,
  resourceTypes.ValidatingAdmissionPolicyBinding,
  resourceTypes.ClusterRole,
  resourceTypes.ResourceQuota,
  resourceTypes.LimitRange,
  resourceTypes.NetworkPolicy,
  resourceTypes.RoleBinding,
  resourceTypes.Secret,
  resourceTypes.HelmChartConfig,
  resourceTypes.HelmChart,
  resourceTypes.Middleware,
  resourceTypes.Ingress,
  resourceTypes.ClusterRoleBinding,
  resourceTypes.ServiceAccount,
  resourceTypes.Deployment,
];

/** The type of an object by its kind. Errors: a kind we do not know is a bug. */
export function resourceTypeOf({ kind }: { readonly kind: string }): ResourceType {
  const types: Readonly<Record<string, ResourceType>> = resourceTypes;
  const found = Object.hasOwn(types, kind) ? types[kind] : undefined;
  if (found === undefined) throw new Error(`${kind} is not in resource-types.ts`);
  return found;
}

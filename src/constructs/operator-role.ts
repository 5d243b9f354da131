import type { k8s } from "cdk8s-plus-28";
import { roles } from "../model/workspace.ts";
import { clusterRoleName } from "./tenant-roles.ts";

/** Name of the ClusterRole that apply and reconcile need, of its binding, and of reconcile's ServiceAccount. */
export const operatorName = "woow-reconciler";

const look = ["get", "list", "watch"];
const write = ["create", "delete", "patch"];

const core = "";
const rbac = "rbac.authorization.k8s.io";

/**
 * What `woow apply` and `woow reconcile` ask the API server for, and no more; docs/reconcile.md says what follows
 * from it. A test runs both with exactly these rights on a real API server.
 */
export const operatorRules: readonly k8s.PolicyRule[] = [
  // what synth emits
  {
    apiGroups: [core],
    resources: ["limitranges", "namespaces", "resourcequotas", "secrets", "serviceaccounts"],
    verbs: [...look, ...write],
  },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: [...look, ...write] },
  {
    apiGroups: ["networking.k8s.io"],
    resources: ["ingresses", "networkpolicies"],
    verbs: [...look, ...write],
  },
  {
    apiGroups: ["helm.cattle.io"],
    resources: ["helmchartconfigs", "helmcharts"],
    verbs: [...look, ...write],
  },
  { apiGroups: ["traefik.io"], resources: ["middlewares"], verbs: [...look, ...write] },
  {
    apiGroups: [rbac],
    resources: ["clusterrolebindings", "clusterroles", "rolebindings"],
    verbs: [...look, ...write],
  },
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
    verbs: [...look, ...write],
  },
  // the tenants' roles hold rights that nobody has, and members are bound to them
  {
    apiGroups: [rbac],
    resources: ["clusterroles"],
    resourceNames: roles.map(clusterRoleName).sort(),
    verbs: ["bind", "escalate"],
  },
  // inventory, lock and records in paas-system
  {
    apiGroups: [core],
    resources: ["configmaps"],
    verbs: ["create", "delete", "get", "list", "patch", "update"],
  },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "list", "update"] },
  // how services stand, what a chart job said, and the volumes that are kept
  { apiGroups: [core], resources: ["events", "nodes", "pods", "services"], verbs: look },
  { apiGroups: [core], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: [core], resources: ["persistentvolumeclaims"], verbs: [...look, ...write] },
  { apiGroups: [core], resources: ["persistentvolumes"], verbs: [...look, "delete", "patch"] },
  { apiGroups: ["apps"], resources: ["daemonsets", "statefulsets"], verbs: [...look, "patch"] },
  // a chart job that does not end is stopped before its release goes
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...look, "delete", "patch"] },
  // what would be lost with a workspace's namespace
  { apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["get", "list"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: look },
  { apiGroups: ["cert-manager.io"], resources: ["certificates"], verbs: look },
  // why a certificate is not there
  { apiGroups: ["cert-manager.io"], resources: ["certificaterequests"], verbs: ["list"] },
  { apiGroups: ["acme.cert-manager.io"], resources: ["challenges", "orders"], verbs: ["list"] },
  // what doctor looks at
  { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["get"] },
  { apiGroups: ["cert-manager.io"], resources: ["clusterissuers"], verbs: ["get"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: ["list"] },
  { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["list"] },
];

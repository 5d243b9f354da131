import type { AdmissionRule, Matches } from "./admission-policy.ts";
import { boundUsers, chartAccountPrefix } from "./who.ts";

const kind = (resource: string): Matches => ({
  apiGroups: ["rbac.authorization.k8s.io"],
  apiVersions: ["v1"],
  operations: ["CREATE", "UPDATE"],
  resources: [resource],
});

/** A ClusterRole that a template declares stays one: it does not grow into the roles that others are bound to. */
const clusterRoleRule: AdmissionRule = {
  name: "woow-cluster-roles",
  where: "everywhere",
  matches: [kind("clusterroles")],
  matchConditions: boundUsers,
  validations: [
    {
      expression:
        "!has(object.aggregationRule) && object.metadata.?labels.orValue({})" +
        ".all(key, !key.startsWith('rbac.authorization.k8s.io/aggregate-to-'))",
      message: "a chart's ClusterRole neither joins other roles nor gathers them (aggregation)",
    },
  ],
};

/** A ClusterRoleBinding that a template declares gives rights to the release's own accounts, and no strong ones. */
const clusterRoleBindingRule: AdmissionRule = {
  name: "woow-cluster-role-bindings",
  where: "everywhere",
  matches: [kind("clusterrolebindings")],
  matchConditions: boundUsers,
  validations: [
    {
      expression:
        "!(object.roleRef.name in ['cluster-admin', 'admin', 'edit']) && !object.roleRef.name.startsWith('system:')",
      message:
        "a chart's ClusterRoleBinding leads to a ClusterRole of its own, not to one of Kubernetes' strong ones",
    },
    {
      expression:
        "object.?subjects.orValue([]).all(subject, subject.kind == 'ServiceAccount' && " +
        `request.userInfo.username.startsWith('${chartAccountPrefix}helm-' + subject.?namespace.orValue('(none)') + '-'))`,
      message: "a chart's ClusterRoleBinding gives rights to ServiceAccounts of its release's namespace only",
    },
  ],
};

/** What templates that declare ClusterRoles and ClusterRoleBindings may make of them. */
export const clusterRoleRules: readonly AdmissionRule[] = [clusterRoleRule, clusterRoleBindingRule];

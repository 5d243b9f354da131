import type { AdmissionRule } from "./admission-policy.ts";
import { boundUsers } from "./who.ts";

/** A chart may give rights to its own ServiceAccounts, by a Role that stands beside them. */
export const roleBindingRule: AdmissionRule = {
  name: "woow-role-bindings",
  where: "tenant namespaces",
  matches: [
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["rolebindings"],
    },
  ],
  matchConditions: boundUsers,
  validations: [
    {
      // the rights of any other ClusterRole are not the chart's to know: they may grow
      expression: "object.roleRef.kind == 'Role' || object.roleRef.name == 'view'",
      message: "a RoleBinding in a tenant's namespace names a Role of it, or the ClusterRole view",
    },
    {
      expression:
        "object.?subjects.orValue([]).all(subject, subject.kind == 'ServiceAccount' && " +
        "subject.?namespace.orValue('') in ['', request.namespace])",
      message: "rights in a tenant's namespace are given to its own ServiceAccounts only",
    },
  ],
};

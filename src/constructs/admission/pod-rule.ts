import type { AdmissionRule } from "./admission-policy.ts";

/**
 * No pod of a tenant pushes the system's own off a node. Binds everybody: pods are made by controllers. The rest of
 * what a pod may not be is Pod Security's.
 */
export const podRule: AdmissionRule = {
  name: "woow-pods",
  where: "tenant namespaces",
  matches: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
  validations: [
    {
      expression: "!object.spec.?priorityClassName.orValue('').startsWith('system-')",
      message: "priority classes system-* are the cluster's own: tenants' pods do without",
    },
  ],
};

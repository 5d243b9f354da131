import type { AdmissionRule } from "./admission-policy.ts";
import { isTenantAccount } from "./who.ts";

/**
 * A ServiceAccount of a tenant writes in its own namespace, whatever rights somebody gave it elsewhere, and nothing for
 * the whole cluster: a PersistentVolume of its own would be the node's disk. Asking who one is and what one may is no
 * write.
 */
export const tenantAccountRule: AdmissionRule = {
  name: "woow-tenant-accounts",
  where: "everywhere",
  matches: [
    {
      apiGroups: ["*"],
      apiVersions: ["*"],
      operations: ["CREATE", "UPDATE", "DELETE", "CONNECT"],
      resources: ["*/*"],
    },
  ],
  matchConditions: { "tenant-accounts": isTenantAccount },
  validations: [
    {
      expression:
        "request.resource.group in ['authentication.k8s.io', 'authorization.k8s.io'] || " +
        "request.resource.resource != 'namespaces' && has(request.namespace) && " +
        "request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')",
      message: "a ServiceAccount of a tenant writes in its own namespace only",
    },
  ],
};

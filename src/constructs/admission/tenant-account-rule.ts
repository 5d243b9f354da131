import type { AdmissionRule } from "./admission-policy.ts";
import { isTenantAccount } from "./who.ts";

/** A ServiceAccount of a tenant writes in its own namespace, whatever rights somebody gave it elsewhere. */
export const tenantAccountRule: AdmissionRule = {
  name: "woow-tenant-accounts",
  where: "everywhere",
  matches: [
    {
      apiGroups: ["*"],
      apiVersions: ["*"],
      operations: ["CREATE", "UPDATE", "DELETE", "CONNECT"],
      resources: ["*/*"],
      scope: "Namespaced",
    },
  ],
  matchConditions: { "tenant-accounts": isTenantAccount },
  validations: [
    {
      expression: "request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')",
      message: "a ServiceAccount of a tenant writes in its own namespace only",
    },
  ],
};

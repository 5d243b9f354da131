import { chartsNamespace, namespaceName } from "../../model/names.ts";
import { userPrefix } from "../member-bindings.ts";

/** Names of ServiceAccounts of the charts' namespace begin so; a chart's own is `helm-` and the release. */
export const chartAccountPrefix = `system:serviceaccount:${chartsNamespace}:`;

/** Names of ServiceAccounts of every tenant's namespace begin so. */
export const tenantAccountPrefix = `system:serviceaccount:${namespaceName("")}`;

const startsWith = (prefix: string) => `request.userInfo.username.startsWith('${prefix}')`;

/** CEL: the request is a chart job's. */
export const isChartAccount = startsWith(chartAccountPrefix);

/** CEL: the request is of a ServiceAccount in a tenant's namespace. */
export const isTenantAccount = startsWith(tenantAccountPrefix);

/**
 * Whom most rules bind: chart jobs, ServiceAccounts of tenants, users of the platform. A policy that named whom it
 * spares would bind the namespace controller, and one it forgot would be held up in the middle of its work.
 */
export const boundUsers = {
  "bound-users": `${isChartAccount} || ${isTenantAccount} || ${startsWith(userPrefix)}`,
} as const;

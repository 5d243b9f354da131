/** Namespace of HelmChart objects and their value Secrets; never a tenant's, its jobs are cluster-admin. */
export const chartsNamespace = "paas-charts";
/** Namespace of inventory, records and locks. */
export const systemNamespace = "paas-system";

/** `helm-install-` + name must fit the 63 characters of a label value, so a release name has 50. */
export const maxReleaseNameLength = 50;
/** A StatefulSet name longer than this gets no pod: the controller's own suffix must fit too. */
export const maxWorkloadNameLength = 52;

/** Names a reference id may not take: `workspace.yaml` is the workspace itself. */
export const reservedReferenceIds: ReadonlySet<string> = new Set(["workspace"]);

/** The namespace of a workspace. */
export function namespaceName(workspaceId: string): string {
  return `paas-ws-${workspaceId}`;
}

/** The Helm release, its HelmChart and its Ingress all carry this name. */
export function releaseName(workspaceId: string, referenceId: string): string {
  return `${namespaceName(workspaceId)}-${referenceId}`;
}

/** How people and records address a service. */
export function serviceUnit(workspaceId: string, referenceId: string): string {
  return `${workspaceId}/${referenceId}`;
}

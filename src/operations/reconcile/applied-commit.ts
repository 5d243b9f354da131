import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { ObjectRef } from "../../cluster/object-ref.ts";
import { OperationError } from "../../errors.ts";
import { systemNamespace } from "../../model/names.ts";

/** What the cluster remembers of the branch it was brought to, so that a new process notices a rewritten one. */
export interface AppliedCommit {
  /** Name of the source: a branch of a repository. */
  readonly source: string;
  readonly commit: string;
}

/** The ConfigMap it stands in; deleting it is a way to accept a rewritten branch. */
export const appliedCommitRef: ObjectRef = {
  apiVersion: "v1",
  kind: "ConfigMap",
  namespace: systemNamespace,
  name: "woow-reconcile",
};

/** Undefined before the first. Errors: see ClusterClient. */
export async function readAppliedCommit(client: ClusterClient): Promise<AppliedCommit | undefined> {
  const live = await client.get(appliedCommitRef);
  const { source, commit } = (live?.["data"] ?? {}) as Partial<AppliedCommit>;
  return source === undefined || commit === undefined ? undefined : { source, commit };
}

/** Remembers a commit. Errors: see ClusterClient. */
export async function writeAppliedCommit(client: ClusterClient, applied: AppliedCommit): Promise<void> {
  const { apiVersion, kind, name, namespace } = appliedCommitRef;
  const data = { source: applied.source, commit: applied.commit };
  const result = await client.apply(
    { apiVersion, kind, metadata: { name, namespace }, data },
    { force: true },
  );
  if (result.type === "written") return;
  throw new OperationError("changed-meanwhile", `ConfigMap ${namespace}/${name} could not be written`, {
    subject: name,
  });
}

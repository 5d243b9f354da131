import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import type { ResourceType } from "../../cluster/resource-types.ts";
import { listReleases } from "../volumes/find-volumes.ts";

/** What people make; what only controllers make from it is not looked at. */
const types: readonly ResourceType[] = [
  resourceTypes.Deployment,
  resourceTypes.StatefulSet,
  resourceTypes.DaemonSet,
  resourceTypes.CronJob,
  resourceTypes.Job,
  resourceTypes.Pod,
  resourceTypes.PersistentVolumeClaim,
  resourceTypes.Secret,
  resourceTypes.ConfigMap,
  resourceTypes.Service,
  resourceTypes.Ingress,
];

/** Secrets that Helm and Kubernetes write for themselves. */
const personalSecrets = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token";

/** Kubernetes puts it into every namespace. */
const rootCertificate = "kube-root-ca.crt";

/**
 * What a person would lose with a namespace beside what is ours: releases, workloads, and objects that nothing makes
 * again. One LIST per kind. Errors: those of ClusterClient.
 */
export async function findStrangers(
  client: ClusterClient,
  { namespace, own }: { readonly namespace: string; readonly own: readonly LiveObject[] },
): Promise<readonly string[]> {
  const [releases, ...lists] = await Promise.all([
    listReleases(client, namespace),
    ...types.map(async (type) =>
      client.list({
        type,
        namespace,
        fieldSelector: type.kind === "Secret" ? personalSecrets : undefined,
        metadataOnly: true,
      }),
    ),
  ]);
  const names = new Set(releases.flatMap(({ metadata }) => metadata.labels?.["name"] ?? []));
  const uids = new Set(own.map(({ metadata }) => metadata.uid));
  const objects = lists.flatMap(({ items }) =>
    items.filter((object) => !uids.has(object.metadata.uid) && !isMadeAgain(object)),
  );
  return [
    ...[...names].sort().map((name) => `Helm release ${name}`),
    ...objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  ];
}

/** What goes by itself, or is made from something that is looked at, or can be had again at any time. */
function isMadeAgain({ kind, metadata }: LiveObject): boolean {
  const { name, annotations = {}, ownerReferences = [], deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined || ownerReferences.length > 0) return true;
  if (kind === "ConfigMap" && name === rootCertificate) return true;
  // a certificate is issued anew; a hook's objects are no part of its release, and often outlive it
  const isMachines =
    annotations["cert-manager.io/certificate-name"] !== undefined ||
    annotations["helm.sh/hook"] !== undefined;
  return isMachines && annotations["helm.sh/resource-policy"] !== "keep";
}

import type { ClusterClient, ListQuery } from "../cluster/cluster-client.ts";
import type { LiveObject } from "../cluster/live-object.ts";
import { refKey } from "../cluster/object-ref.ts";
import { resourceTypes } from "../cluster/resource-types.ts";
import { labelPrefix } from "../constructs/labels.ts";
import { chartsNamespace } from "../model/names.ts";
import { observeCertificates } from "./observe-certificates.ts";
import { listAt, textAt, timeAt } from "./read-fields.ts";
import { changedMs, chartLabel, reduceChart, reduceJob, reduceRelease } from "./reduce-release.ts";
import { reduceEndpoints, releaseOf, reduceWorkload } from "./reduce-workload.ts";
import type {
  EndpointFacts,
  JobFacts,
  NamespaceFacts,
  ReleaseFacts,
  ServiceObservation,
} from "./service-observation.ts";

export interface ObserveServicesOptions {
  /**
   * Objects that somebody has read just now, complete for the kinds named (of these: Namespace, HelmChart, Ingress,
   * Secret, and the workloads' kinds); those kinds are not listed again.
   */
  readonly known?: { readonly kinds: ReadonlySet<string>; readonly objects: Iterable<LiveObject> };
  /** True: certificates too; they are a column of their own and no part of being ready. */
  readonly certificates: boolean;
}

const ours = `${labelPrefix}/platform`;
const workloadKinds: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet"]);
const listLimit = { own: ours, release: "owner=helm,status!=superseded" };

/**
 * What runs, in at most 11 LIST requests however many services there are (7 with what plan has read), and three more where a
 * certificate is not as it should be. Release Secrets
 * and values Secrets are read as metadata only, so no value leaves the server. Errors: see ClusterClient.
 */
export async function observeServices(
  client: ClusterClient,
  { known, certificates }: ObserveServicesOptions,
): Promise<ServiceObservation> {
  // an iterator can be walked through once only
  const read = [...(known?.objects ?? [])];
  const list = async (query: ListQuery): Promise<readonly LiveObject[]> => {
    const { kind } = query.type;
    const isWhole = query.labelSelector === listLimit.own || workloadKinds.has(kind);
    if (isWhole && known?.kinds.has(kind) === true) {
      return read.filter((object) => object.kind === kind);
    }
    return (await client.list(query)).items;
  };
  const { Namespace, HelmChart, Ingress, Secret, Job, Deployment, StatefulSet, DaemonSet, EndpointSlice } =
    resourceTypes;
  const own = listLimit.own;
  const charts = { namespace: chartsNamespace };
  const [
    namespaces,
    helmCharts,
    ingresses,
    secrets,
    jobs,
    releases,
    deployments,
    statefulSets,
    daemonSets,
    endpoints,
    certificateMap,
  ] = await Promise.all([
    list({ type: Namespace, labelSelector: own }).then((items) => new Map(items.map(toNamespace))),
    list({ type: HelmChart, ...charts, labelSelector: own }).then((items) => items.map(reduceChart)),
    list({ type: Ingress, labelSelector: own }).then((items) => new Map(items.map(listTlsHosts))),
    list({ type: Secret, ...charts, labelSelector: own, metadataOnly: true }).then(
      (items) => new Map(items.map((one) => [one.metadata.name, changedMs(one, "f:data")] as const)),
    ),
    list({ type: Job, ...charts, labelSelector: chartLabel }).then((items) =>
      items.flatMap((object) => reduceJob(object) ?? []),
    ),
    listReleases(client),
    list({ type: Deployment }),
    list({ type: StatefulSet }),
    list({ type: DaemonSet }),
    list({ type: EndpointSlice }).then(sumEndpoints),
    certificates ? observeCertificates(client) : undefined,
  ]);
  const workloads = [...deployments, ...statefulSets, ...daemonSets].map((object) => ({
    release: releaseOf(object),
    facts: reduceWorkload(object),
  }));
  return {
    charts: new Map(helmCharts.map((chart) => [chart.ref.name, chart])),
    installJobs: jobsByRelease(jobs, false),
    deleteJobs: jobsByRelease(jobs, true),
    releases,
    workloads: group(
      workloads.flatMap(({ release, facts }) => (release === undefined ? [] : [[release, facts] as const])),
    ),
    workloadsByRef: new Map(workloads.map(({ facts }) => [refKey(facts.ref), facts] as const)),
    contents: new Map(),
    endpoints,
    ingresses: new Set(ingresses.keys()),
    valuesSecrets: secrets,
    namespaces,
    certificates: certificateMap,
    tlsHosts: ingresses,
    details: undefined,
  };
}

/** Every release record that is not superseded, newest first, by `NAMESPACE/RELEASE`. */
async function listReleases(client: ClusterClient): Promise<ReadonlyMap<string, readonly ReleaseFacts[]>> {
  const { items } = await client.list({
    type: resourceTypes.Secret,
    fieldSelector: "type=helm.sh/release.v1",
    labelSelector: listLimit.release,
    metadataOnly: true,
  });
  const found = items.flatMap((object) => reduceRelease(object) ?? []);
  const groups = group(found.map((one) => [`${one.namespace}/${one.release}`, one] as const));
  for (const releases of groups.values()) releases.sort((a, b) => b.revision - a.revision);
  return groups;
}

/** The hosts of every entry that names a Secret: for these cert-manager makes a Certificate. */
function listTlsHosts(ingress: LiveObject): readonly [string, readonly string[]] {
  const entries = listAt(ingress, "spec.tls").filter((one) => textAt(one, "secretName") !== undefined);
  const hosts = entries.flatMap((one) => listAt(one, "hosts"));
  return [nameOf(ingress), hosts.filter((host) => typeof host === "string")];
}

function toNamespace(object: LiveObject): readonly [string, NamespaceFacts] {
  const conditions = (object["status"] as { conditions?: readonly unknown[] } | undefined)?.conditions ?? [];
  const remaining = conditions
    .filter((one) => textAt(one, "status") === "True")
    .flatMap((one) => textAt(one, "message") ?? []);
  return [
    object.metadata.name,
    {
      deletedMs: timeAt(object, "metadata.deletionTimestamp"),
      remaining: remaining.length === 0 ? undefined : remaining.join("; "),
    },
  ];
}

function sumEndpoints(slices: readonly LiveObject[]): ReadonlyMap<string, EndpointFacts> {
  const sums = new Map<string, EndpointFacts>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.["kubernetes.io/service-name"];
    if (service === undefined) continue;
    const key = `${slice.metadata.namespace ?? ""}/${service}`;
    const { ready, notReady } = reduceEndpoints(slice);
    const sum = sums.get(key) ?? { ready: 0, notReady: 0 };
    sums.set(key, { ready: sum.ready + ready, notReady: sum.notReady + notReady });
  }
  return sums;
}

function jobsByRelease(jobs: readonly JobFacts[], isDelete: boolean): ReadonlyMap<string, JobFacts> {
  return new Map(jobs.filter((job) => job.isDelete === isDelete).map((job) => [job.release, job]));
}

function nameOf({ metadata }: LiveObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function group<T>(entries: readonly (readonly [string, T])[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of entries) {
    const found = groups.get(key);
    if (found === undefined) groups.set(key, [value]);
    else found.push(value);
  }
  return groups;
}

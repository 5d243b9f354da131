import type { AccessQuestion, ClusterClient } from "../../../cluster/cluster-client.ts";
import { managedTypes, resourceTypes } from "../../../cluster/resource-types.ts";
import type { ResourceType } from "../../../cluster/resource-types.ts";
import { systemNamespace } from "../../../model/names.ts";
import { ok, problem } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** What commands do with kinds that are not applied; everything else is read, patched and deleted. */
const others: readonly (readonly [
  ResourceType,
  readonly string[],
  { subresource?: string; namespace?: string },
])[] = [
  [resourceTypes.ConfigMap, ["list", "create", "update", "delete"], { namespace: systemNamespace }],
  [resourceTypes.Lease, ["get", "create", "update"], { namespace: systemNamespace }],
  [resourceTypes.Job, ["list", "delete"], {}],
  [resourceTypes.Pod, ["list"], {}],
  [resourceTypes.Pod, ["get"], { subresource: "log" }],
  [resourceTypes.PersistentVolume, ["list", "patch", "delete"], {}],
  [resourceTypes.PersistentVolumeClaim, ["list", "create", "patch", "delete"], {}],
  [resourceTypes.Deployment, ["list", "patch"], {}],
  [resourceTypes.StatefulSet, ["list", "patch"], {}],
  [resourceTypes.DaemonSet, ["list", "patch"], {}],
  [resourceTypes.Event, ["list"], {}],
  [resourceTypes.EndpointSlice, ["list"], {}],
];

/** What apply, reconcile and the rest need; one question where we may do everything. */
export async function checkRights(client: ClusterClient): Promise<readonly Finding[]> {
  if (await client.mayI({ verb: "*", group: "*", resource: "*" }))
    return [ok("rights", "all rights in the cluster")];
  const questions = [
    ...managedTypes.flatMap((type) => ask(type, ["list", "create", "patch", "delete"], {})),
    ...others.flatMap(([type, verbs, rest]) => ask(type, verbs, rest)),
  ];
  const answers = await Promise.all(questions.map((question) => client.mayI(question)));
  const missing = questions.filter((_, index) => answers[index] === false);
  if (missing.length === 0) return [ok("rights", "all rights that woow needs")];
  const names = missing.map(describe);
  const some = names.slice(0, 6).join(", ");
  const more = names.length > 6 ? ` and ${names.length - 6} more` : "";
  return [
    problem(
      "rights",
      `not allowed to ${some}${more}`,
      "bind the ClusterRole of docs/reconcile.md to this user, or use another context",
    ),
  ];
}

function ask(
  { apiVersion, plural }: ResourceType,
  verbs: readonly string[],
  rest: { readonly subresource?: string; readonly namespace?: string },
): readonly AccessQuestion[] {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return verbs.map((verb) => ({ verb, group, resource: plural, ...rest }));
}

function describe({ verb, resource, subresource, namespace }: AccessQuestion): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${namespace === undefined ? "" : ` in ${namespace}`}`;
}

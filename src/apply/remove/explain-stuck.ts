import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef, refOf } from "../../cluster/object-ref.ts";
import { resourceTypes } from "../../cluster/resource-types.ts";
import { usedClaims } from "../volumes/attribute-claims.ts";
import { explainFinalizers } from "./explain-finalizers.ts";
import type { Cause } from "./explain-finalizers.ts";
import { explainStuckChart } from "./explain-stuck-chart.ts";
import type { Stuck } from "./removal.ts";
import { readVolume } from "../volumes/volume.ts";

/**
 * Why an object that was deleted is still there: since when, which finalizer holds it, who should take that away and
 * whether it seems to be at work, and a next command that does no harm.
 */
export async function explainStuck(client: ClusterClient, object: LiveObject, nowMs: number): Promise<Stuck> {
  const { cause, hint } = await explainKind(client, object);
  const { deletionTimestamp } = object.metadata;
  const since = deletionTimestamp === undefined ? undefined : Date.parse(deletionTimestamp);
  const age =
    since === undefined || Number.isNaN(since) ? "" : ` ${describeAge(nowMs - since)} after its deletion`;
  return { message: `${labelRef(refOf(object))} is still there${age}: ${cause}`, hint };
}

async function explainKind(client: ClusterClient, object: LiveObject): Promise<Cause> {
  switch (object.kind) {
    case "HelmChart":
      return explainStuckChart(client, object);
    case "Namespace":
      return explainNamespace(object);
    case "PersistentVolumeClaim":
      return explainClaim(client, object);
    case "PersistentVolume":
      return explainVolume(object);
    default:
      return explainFinalizers(object);
  }
}

interface NamespaceBody {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** The namespace controller says itself what it waits for. */
function explainNamespace(object: LiveObject): Cause {
  const { status } = object as NamespaceBody & LiveObject;
  const reasons = (status?.conditions ?? []).filter(
    (one) => one.status === "True" && one.message !== undefined,
  );
  const { name } = object.metadata;
  const hint = `\`kubectl api-resources --verbs=list --namespaced -o name | xargs -n 1 kubectl get -n ${name} --ignore-not-found\` lists what is left; run the command again when it is gone`;
  if (reasons.length === 0) {
    return { cause: "Kubernetes (kube-controller-manager) has not said yet what is left in it", hint };
  }
  return { cause: reasons.map(({ message = "" }) => message.trim()).join("; "), hint };
}

async function explainClaim(client: ClusterClient, claim: LiveObject): Promise<Cause> {
  const { namespace, name } = claim.metadata;
  const { items } = await client.list({ type: resourceTypes.Pod, namespace });
  const users = items.filter((pod) => usedClaims(pod).includes(name));
  if (users.length === 0) return explainFinalizers(claim);
  const pods = users.map(describePod).join(", ");
  const first = users[0]?.metadata.name ?? "";
  return {
    cause: `finalizer kubernetes.io/pvc-protection holds it as long as pods use it: ${pods}`,
    hint: `\`kubectl describe pod ${first} -n ${namespace ?? ""}\` says why the pod stays; run the command again when it is gone`,
  };
}

interface PodBody {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

function describePod(pod: LiveObject): string {
  const { spec, status, metadata } = pod as PodBody & LiveObject;
  const { finalizers = [], deletionTimestamp, name } = metadata;
  const state = deletionTimestamp === undefined ? (status?.phase ?? "unknown") : "terminating";
  const node = spec?.nodeName === undefined ? "" : ` on ${spec.nodeName}`;
  const held = finalizers.length === 0 ? "" : `, finalizer ${finalizers.join(", ")}`;
  return `${name} (${state}${node}${held})`;
}

function explainVolume(object: LiveObject): Cause {
  const volume = readVolume(object);
  const where = volume.node === undefined ? "" : ` on node ${volume.node}`;
  const place = volume.path === undefined ? "" : `; its data lies in ${volume.path}${where}`;
  const why = volume.message === undefined ? "" : ` (${volume.message})`;
  if (volume.provisioner === undefined) {
    return {
      cause: `it is ${volume.phase}${why}, and no provisioner made it, so none wipes it${place}`,
      hint: `wipe the data yourself, then \`kubectl delete pv ${volume.name}\``,
    };
  }
  return {
    cause: `it is ${volume.phase} with reclaim policy ${volume.policy}${why}; its provisioner ${volume.provisioner} should wipe it${place}`,
    hint: `see that the provisioner runs (K3s' own: \`kubectl -n kube-system get pods -l app=local-path-provisioner\`), then run the command again`,
  };
}

/** `40 s`, `12 min`, `3 h`, `5 days`. */
export function describeAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

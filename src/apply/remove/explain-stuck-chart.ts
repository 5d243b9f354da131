import type { ClusterClient } from "../../cluster/cluster-client.ts";
import type { LiveObject } from "../../cluster/live-object.ts";
import { labelRef } from "../../cluster/object-ref.ts";
import { chartJobRef, isJobFinished, listJobPods } from "../chart-job.ts";
import { explainFinalizers } from "./explain-finalizers.ts";
import type { Cause } from "./explain-finalizers.ts";

/** The finalizer of K3s' helm-controller on every HelmChart it takes care of. */
export const chartFinalizer = "wrangler.cattle.io/on-helm-chart-remove";
/** The helm-controller leaves a HelmChart with this annotation alone, also when it is being deleted. */
export const unmanagedAnnotation = "helmcharts.helm.cattle.io/unmanaged";

const controllerHint =
  "K3s' server runs the helm-controller: `systemctl status k3s` and `journalctl -u k3s | grep -i helm` on a control-plane node (it may be off: --disable-helm-controller); run the command again when it works";

interface ChartBody {
  readonly spec?: { readonly chart?: string; readonly chartContent?: string };
}

interface PodBody {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

/** Why a HelmChart that was deleted is still there, told from its uninstall job. */
export async function explainStuckChart(client: ClusterClient, chart: LiveObject): Promise<Cause> {
  const { finalizers = [], annotations, name } = chart.metadata;
  if (!finalizers.includes(chartFinalizer)) return explainFinalizers(chart);
  const { spec } = chart as ChartBody & LiveObject;
  const held = `finalizer ${chartFinalizer} of K3s' helm-controller holds it`;
  if (annotations?.[unmanagedAnnotation] !== undefined) {
    return {
      cause: `${held}, and annotation ${unmanagedAnnotation} tells the controller to leave it alone`,
      hint: `take the annotation off, the chart is then uninstalled: \`kubectl -n ${chart.metadata.namespace ?? ""} annotate helmchart ${name} ${unmanagedAnnotation}-\``,
    };
  }
  if ((spec?.chart ?? "") === "" && (spec?.chartContent ?? "") === "") {
    return {
      cause: `${held}, and the controller ignores a HelmChart with neither chart nor chartContent`,
      hint: `name any chart, it is only uninstalled: \`kubectl -n ${chart.metadata.namespace ?? ""} patch helmchart ${name} --type=merge -p '{"spec":{"chart":"none"}}'\``,
    };
  }
  const ref = chartJobRef("delete", name);
  const job = await client.get(ref);
  if (job === undefined) {
    return {
      cause: `${held}, and no ${labelRef(ref)} was made: the controller does not seem to run`,
      hint: controllerHint,
    };
  }
  const logs = `\`kubectl -n ${ref.namespace ?? ""} logs job/${ref.name}\` shows what Helm says`;
  if (isJobFinished(job)) {
    return {
      cause: `${held} although ${labelRef(ref)} has ended: the controller does not seem to run`,
      hint: controllerHint,
    };
  }
  const pods = await listJobPods(client, ref.name);
  const [pod] = pods;
  if (pod === undefined) {
    return {
      cause: `${held} until ${labelRef(ref)} is complete, and that has no pod`,
      hint: `\`kubectl -n ${ref.namespace ?? ""} describe job ${ref.name}\` says why; run the command again afterwards`,
    };
  }
  return {
    cause: `${held} until ${labelRef(ref)} is complete; its pod ${pod.metadata.name} is ${describePodState(pod)}`,
    hint: `Helm waits up to five minutes until every object of the release is gone; ${logs}; run the command again afterwards`,
  };
}

function describePodState(pod: LiveObject): string {
  const { status } = pod as PodBody & LiveObject;
  const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting?.reason !== undefined)?.state
    ?.waiting;
  if (waiting !== undefined) {
    return `waiting: ${waiting.reason ?? ""}${waiting.message === undefined ? "" : ` (${waiting.message})`}`;
  }
  const unscheduled = status?.conditions?.find(
    (one) => one.type === "PodScheduled" && one.status === "False",
  );
  if (unscheduled !== undefined) return `not scheduled: ${unscheduled.message ?? "no reason given"}`;
  return status?.phase ?? "unknown";
}

import type { ApiClient } from "./api-client.ts";
import type { ChartPod } from "./chart-pod.ts";
import { nodeName } from "./k3s-objects.ts";

interface Ended {
  readonly restarts: number;
  readonly startedAt: Date;
  readonly exitCode: number;
  readonly message: string;
}

/** Writes what a kubelet writes about a pod with one container. */
export class PodWriter {
  readonly #client: ApiClient;
  readonly #lastStates = new Map<string, object>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async running(
    pod: ChartPod,
    options: { readonly restarts: number; readonly startedAt: Date },
  ): Promise<void> {
    const { restarts, startedAt } = options;
    await this.#patch(pod, {
      phase: "Running",
      ...(restarts === 0 && { startTime: toTime(startedAt) }),
      conditions: conditions({ ready: true }),
      containerStatuses: [
        {
          ...this.#container(pod),
          ready: true,
          started: true,
          restartCount: restarts,
          state: { running: { startedAt: toTime(startedAt) } },
          lastState: this.#lastStates.get(pod.metadata.uid) ?? {},
        },
      ],
    });
  }

  async succeeded(pod: ChartPod, ended: Ended): Promise<void> {
    await this.#patch(pod, {
      phase: "Succeeded",
      conditions: conditions({ ready: false, reason: "PodCompleted" }),
      containerStatuses: [
        {
          ...this.#container(pod),
          ready: false,
          started: false,
          restartCount: ended.restarts,
          state: terminated(ended, "Completed"),
        },
      ],
    });
  }

  /** A container that will be run again after a pause. */
  async failed(pod: ChartPod, ended: Ended): Promise<void> {
    const last = terminated(ended, "Error");
    this.#lastStates.set(pod.metadata.uid, last);
    const { name, namespace, uid } = pod.metadata;
    const pause = `${Math.min(300, 10 * 2 ** ended.restarts)}s`;
    await this.#patch(pod, {
      phase: "Running",
      conditions: conditions({ ready: false, reason: "ContainersNotReady" }),
      containerStatuses: [
        {
          ...this.#container(pod),
          ready: false,
          started: false,
          restartCount: ended.restarts,
          lastState: last,
          state: {
            waiting: {
              reason: "CrashLoopBackOff",
              message: `back-off ${pause} restarting failed container=helm pod=${name}_${namespace}(${uid})`,
            },
          },
        },
      ],
    });
  }

  /** A pod whose volumes cannot be mounted: its container waits, and an event says why. */
  async cannotMount(pod: ChartPod, message: string): Promise<void> {
    await this.#patch(pod, {
      phase: "Pending",
      containerStatuses: [
        {
          ...this.#container(pod),
          ready: false,
          started: false,
          restartCount: 0,
          state: { waiting: { reason: "ContainerCreating" } },
        },
      ],
    });
    const { name, namespace, uid } = pod.metadata;
    const now = toTime(new Date());
    await this.#client.request({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/events`,
      user: "runner",
      body: {
        apiVersion: "v1",
        kind: "Event",
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
        reason: "FailedMount",
        message,
        type: "Warning",
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: "kubelet", host: nodeName },
      },
    });
  }

  /** Takes a deleted pod away, as a kubelet does when its containers have ended. */
  async remove(pod: ChartPod): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    await this.#client.request({
      method: "DELETE",
      path: `/api/v1/namespaces/${namespace}/pods/${name}`,
      user: "runner",
      body: { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0, preconditions: { uid } },
    });
  }

  /** A token of the pod's ServiceAccount, bound to the pod. */
  async tokenOf(pod: ChartPod): Promise<string> {
    const { name, namespace, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName ?? "default";
    const { status } = await this.#client.ask<{ status: { token: string } }>({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      user: "runner",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid } },
      },
    });
    return status.token;
  }

  #container(pod: ChartPod): object {
    const { name = "helm", image = "" } = pod.spec.containers[0] ?? {};
    return { name, image, imageID: "" };
  }

  async #patch(pod: ChartPod, status: object): Promise<void> {
    const { name, namespace } = pod.metadata;
    // a pod that has gone meanwhile is nobody's concern any more
    await this.#client.request({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      contentType: "application/merge-patch+json",
      user: "runner",
      body: { metadata: { uid: pod.metadata.uid }, status },
    });
  }
}

function terminated({ exitCode, message, startedAt }: Ended, reason: string): object {
  return {
    terminated: {
      exitCode,
      reason,
      ...(message !== "" && { message }),
      startedAt: toTime(startedAt),
      finishedAt: toTime(new Date()),
    },
  };
}

function conditions({ ready, reason = "" }: { readonly ready: boolean; readonly reason?: string }): object[] {
  const lastTransitionTime = toTime(new Date());
  const status = ready ? "True" : "False";
  const why = reason === "" ? {} : { reason };
  return [
    { type: "PodScheduled", status: "True", lastTransitionTime },
    { type: "Initialized", status: "True", lastTransitionTime },
    { type: "Ready", status, lastTransitionTime, ...why },
    { type: "ContainersReady", status, lastTransitionTime, ...why },
  ];
}

/** Kubernetes' times have no fractions of a second. */
function toTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

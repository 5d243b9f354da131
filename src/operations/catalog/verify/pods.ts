import { listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

type Body = RenderedObject["body"];

/** A pod that an object makes, directly or through its template. */
export interface RenderedPod {
  readonly owner: RenderedObject;
  readonly spec: Body;
}

/** A container, init container or ephemeral one, with its pod. */
export interface RenderedContainer {
  readonly pod: RenderedPod;
  readonly name: string;
  readonly body: Body;
}

/** The pods of workloads Kubernetes itself knows. */
export function listPods(objects: readonly RenderedObject[]): RenderedPod[] {
  return objects.flatMap((owner) => {
    const spec = podSpec(owner);
    return spec === undefined ? [] : [{ owner, spec }];
  });
}

function podSpec({ kind, body }: RenderedObject): Body | undefined {
  switch (kind) {
    case "Pod":
      return mapAt(body, "spec");
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
    case "ReplicaSet":
    case "Job":
      return mapAt(mapAt(mapAt(body, "spec"), "template"), "spec");
    case "CronJob":
      return mapAt(mapAt(mapAt(mapAt(mapAt(body, "spec"), "jobTemplate"), "spec"), "template"), "spec");
    default:
      return undefined;
  }
}

export function listContainers(objects: readonly RenderedObject[]): RenderedContainer[] {
  return listPods(objects).flatMap((pod) =>
    ["initContainers", "containers"].flatMap((key) =>
      listAt(pod.spec, key).map((body) => ({ pod, name: textAt(body, "name") ?? "", body })),
    ),
  );
}

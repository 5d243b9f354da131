import type { CheckContext } from "./check-context.ts";
import { listPods } from "./pods.ts";
import type { RenderedPod } from "./pods.ts";
import { describeObject, listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

/**
 * pod_port must be where the Service leads: NetworkPolicies know ports of pods, not of Services, so Traefik would be
 * let in at another one.
 */
export function checkPodPort({ template, sample, rendering, findings }: CheckContext): void {
  if (!template.ingressEnabled) return;
  const { podPort, servicePort } = template;
  const service = rendering.objects.find(
    ({ kind, name }) => kind === "Service" && name === sample.serviceName,
  );
  const spec = mapAt(service?.body, "spec");
  const port = listAt(spec, "ports").find((one) => textAt(one, "port") === String(servicePort));
  // both are check-service's findings
  if (service === undefined || port === undefined) return;
  const target = textAt(port, "targetPort") ?? String(servicePort);
  const pods = listPods(rendering.objects).filter((pod) => isSelected(pod, mapAt(spec, "selector")));
  const numbers = new Set(isNumber(target) ? [target] : pods.flatMap((pod) => numbersOf(pod, target)));
  const [number] = numbers;
  if (number === undefined) {
    findings.add({
      code: "wrong-pod-port",
      path: ["service_port"],
      message: `no pod of the chart has the port ${target} that ${describeObject(service)} leads to`,
      hint: "check the chart's service and container ports in default_values",
    });
    return;
  }
  const said = isNumber(String(podPort))
    ? new Set([String(podPort)])
    : new Set(pods.flatMap((pod) => numbersOf(pod, String(podPort))));
  if (numbers.size === 1 && said.size === 1 && said.has(number)) return;
  findings.add({
    code: "wrong-pod-port",
    path: ["pod_port"],
    message: `the Service ${service.name} leads to port ${number} of the pods, not to ${podPort}: Traefik would not get through`,
    hint: `write pod_port: ${[...numbers].join(" or ")}`,
  });
}

function isNumber(port: string): boolean {
  return /^[0-9]+$/.test(port);
}

/** The numbers of the containers' ports with that name. */
function numbersOf({ spec }: RenderedPod, name: string): string[] {
  return listAt(spec, "containers").flatMap((container) =>
    listAt(container, "ports").flatMap((one) =>
      textAt(one, "name") === name ? [textAt(one, "containerPort") ?? ""] : [],
    ),
  );
}

/** Whether a Service's selector takes the pods of an object; one without a selector takes none. */
function isSelected({ owner }: RenderedPod, selector: RenderedObject["body"]): boolean {
  const wanted = Object.entries(selector);
  const labels = labelsOf(owner);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

function labelsOf({ kind, body }: RenderedObject): RenderedObject["body"] {
  // a Job's pods end: no Service means them
  if (kind === "Job" || kind === "CronJob") return {};
  const pod = kind === "Pod" ? body : mapAt(mapAt(body, "spec"), "template");
  return mapAt(mapAt(pod, "metadata"), "labels");
}

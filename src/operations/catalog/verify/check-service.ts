import type { CheckContext } from "./check-context.ts";
import { describeObject, listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

/** service_name and service_port must be those of a Service the chart makes, or the Ingress points at nothing. */
export function checkService({ template, sample, rendering, findings }: CheckContext): void {
  const services = rendering.objects.filter(({ kind }) => kind === "Service");
  const service = services.find(({ name }) => name === sample.serviceName);
  if (service === undefined) {
    const known = services.map(({ name }) => asPattern(name, sample.releaseName));
    findings.add({
      code: "wrong-service-name",
      path: ["service_name"],
      message: `for the release ${sample.releaseName} the chart makes no Service ${sample.serviceName}`,
      hint: known.length === 0 ? "it makes none at all" : `it makes ${known.join(", ")}`,
    });
    return;
  }
  const ports = listAt(mapAt(service.body, "spec"), "ports");
  if (!ports.some((port) => textAt(port, "port") === String(template.servicePort))) {
    findings.add({
      code: "wrong-service-port",
      path: ["service_port"],
      message: `the Service ${service.name} has no port ${template.servicePort}`,
      hint: `it has ${ports.map(describePort).join(", ") || "none"}`,
    });
  }
  const type = serviceType(service);
  if (type !== "ClusterIP") {
    findings.add({
      code: "wrong-service-type",
      path: ["service_name"],
      message: `${describeObject(service)} is of type ${type}, not ClusterIP`,
      hint: "set the chart's service type in default_values; Traefik is the only way in",
    });
  }
}

/** The type Kubernetes gives a Service that names none is ClusterIP. */
export function serviceType(service: RenderedObject): string {
  return textAt(mapAt(service.body, "spec"), "type") ?? "ClusterIP";
}

function asPattern(name: string, release: string): string {
  return name.startsWith(release) ? `{release_name}${name.slice(release.length)}` : name;
}

function describePort(port: RenderedObject["body"]): string {
  const name = textAt(port, "name");
  return `${textAt(port, "port") ?? "?"}${name === undefined ? "" : ` (${name})`}`;
}

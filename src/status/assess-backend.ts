import { workloadState } from "./verdict.ts";
import type { ServiceCase, Verdict } from "./verdict.ts";

/** Endpoints follow ready pods within a second or two. */
const followMs = 15_000;

/** The way in: an Ingress whose Service has endpoints. */
export function assessBackend(subject: ServiceCase): Verdict | undefined {
  const { facts, observation, newest, nowMs } = subject;
  const { backend, namespace, releaseName, unit } = facts;
  if (backend === undefined) return undefined;
  if (!observation.ingresses.has(`${namespace}/${releaseName}`)) {
    return {
      state: "error",
      isFinal: true,
      reason: {
        code: "ingress-missing",
        message: `Ingress ${namespace}/${releaseName} is not there, so nobody reaches it`,
        ref: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace, name: releaseName },
        hint: `run woow apply -s ${unit} to make it again`,
      },
    };
  }
  const key = `${namespace}/${backend.service}`;
  const endpoints = observation.endpoints.get(key);
  if (endpoints !== undefined && endpoints.ready > 0) return undefined;
  const isMissing = endpoints === undefined && observation.details?.services.has(key) !== true;
  const isEarly = nowMs - (newest?.changedMs ?? 0) < followMs;
  const ref = { apiVersion: "v1", kind: "Service", namespace, name: backend.service };
  if (isMissing) {
    return {
      state: isEarly ? workloadState(subject) : "error",
      isFinal: !isEarly,
      reason: {
        code: "backend-missing",
        message: `its Ingress leads to Service ${key}, which the chart did not make`,
        ref,
        hint: "correct service_name of the template (or the name in helm_values), then woow apply",
      },
    };
  }
  return {
    state: isEarly ? workloadState(subject) : "error",
    isFinal: false,
    reason: {
      code: "backend-without-endpoints",
      message: `Service ${key} behind its Ingress has no ready endpoint`,
      ref,
      hint: "compare the Service's selector with the pods' labels; woow status -o wide shows the pods",
    },
  };
}

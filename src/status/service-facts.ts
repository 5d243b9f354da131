import type { Service } from "../model/service.ts";

/** What status must know of a service beside what the cluster says. */
export interface ServiceFacts {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  readonly workspaceId: string;
  readonly releaseName: string;
  readonly namespace: string;
  /** The Service behind the Ingress; undefined for a service without a host. */
  readonly backend: { readonly service: string; readonly port: number } | undefined;
  /** False: it runs in the cluster although no file defines it any more. */
  readonly isDefined: boolean;
}

/** The facts of a service as the model has it. */
export function serviceFacts(service: Service): ServiceFacts {
  const { unit, workspaceId, releaseName, namespace, ingress } = service;
  return {
    unit,
    workspaceId,
    releaseName,
    namespace,
    backend:
      ingress === undefined ? undefined : { service: ingress.backendService, port: ingress.backendPort },
    isDefined: true,
  };
}

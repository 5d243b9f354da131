import type { ServiceFacts } from "./service-facts.ts";
import type { ServiceObservation } from "./service-observation.ts";
import type { CertificateStatus } from "./service-status.ts";

/** The certificates of a service's hosts: the one that ends first, or the first that is not there yet. */
export function assessCertificate(
  { certificates }: ServiceObservation,
  { backend, namespace, releaseName }: ServiceFacts,
): CertificateStatus {
  if (backend === undefined) return { type: "none" };
  if (certificates === undefined) return { type: "unknown" };
  const own = certificates.get(`${namespace}/${releaseName}`) ?? [];
  const missing = own.find(({ isReady }) => !isReady);
  if (missing !== undefined) return { type: "pending", message: missing.message ?? "not issued yet" };
  // a wildcard certificate is the platform's, not the service's
  if (own.length === 0) return { type: "none" };
  const ends = own.flatMap(({ notAfter }) => notAfter ?? []).sort();
  return { type: "ready", notAfter: ends[0] };
}

import { explainCertificate } from "./explain-certificate.ts";
import type { ServiceFacts } from "./service-facts.ts";
import type { CertificateFacts, ServiceObservation } from "./service-observation.ts";
import type { CertificateStatus, HostCertificate } from "./service-status.ts";
import type { Finding } from "./verdict.ts";

/** The certificates of a service's hosts: the one that ends first, or the first that is not there yet. */
export function assessCertificate(
  { certificates, tlsHosts }: ServiceObservation,
  { backend, namespace, releaseName }: ServiceFacts,
): CertificateStatus {
  if (backend === undefined) return { type: "none" };
  if (certificates === undefined) return { type: "unknown" };
  const key = `${namespace}/${releaseName}`;
  const own = certificates.get(key) ?? [];
  // a wildcard certificate is the platform's, not the service's
  if (own.length === 0) return { type: "none" };
  const covered = new Set(own.flatMap((one) => one.hosts));
  const hosts = [
    ...own.map(assessHost),
    ...(tlsHosts.get(key) ?? []).filter((host) => !covered.has(host)).map(assessMissing),
  ];
  const missing = hosts.find(({ state }) => state !== "ready" && state !== "renewal-failed");
  if (missing !== undefined) return { type: "pending", message: missing.message ?? "not issued yet", hosts };
  const ends = own.flatMap(({ notAfter }) => notAfter ?? []).sort();
  return { type: "ready", notAfter: ends[0], hosts };
}

/** What is told beside the state: nothing of this keeps a service from running. */
export function warnOfCertificates(status: CertificateStatus): readonly Finding[] {
  if (status.type !== "ready" && status.type !== "pending") return [];
  return status.hosts.flatMap(({ state, message, hint, ref }) =>
    state === "ready" || message === undefined || hint === undefined
      ? []
      : [{ code: state === "pending" ? "certificate-pending" : "certificate-failed", message, ref, hint }],
  );
}

function assessHost(certificate: CertificateFacts): HostCertificate {
  const { hosts, isReady, notAfter, failure, issue, ref } = certificate;
  const host = hosts[0] ?? ref.name;
  if (isReady && failure === undefined) return { host, state: "ready", notAfter };
  const { hasFailed, message, hint } = explainCertificate(certificate, host);
  const about = issue?.challenge?.ref ?? issue?.order?.ref ?? ref;
  if (isReady) {
    return {
      host,
      state: "renewal-failed",
      notAfter,
      message: `the certificate of ${host} is good until ${notAfter ?? "an unknown time"}, and could not be renewed: ${message}`,
      hint,
      ref: about,
    };
  }
  return { host, state: hasFailed ? "failed" : "pending", notAfter: undefined, message, hint, ref: about };
}

function assessMissing(host: string): HostCertificate {
  return {
    host,
    state: "pending",
    notAfter: undefined,
    message: `cert-manager has not begun with the certificate of ${host}`,
    hint: "it takes a few seconds; then look at the events of the Ingress and at cert-manager's own pods",
  };
}

import type { ServiceFile } from "../../../definitions/definition.ts";
import type { Service } from "../../../model/service.ts";
import type { Hold } from "../../../plan/inventory.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import type { HostCertificate, Reason, ServiceState, ServiceStatus } from "../../../status/service-status.ts";

/** The specification's CloudService as it stands, and what we say beside it. Snake case, as YAML and API have it. */
export interface ServiceReport {
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  readonly workspace_id: string;
  readonly reference_id: string;
  /** Null for a service that no readable file defines. */
  readonly name: string | null;
  readonly template_id: string | null;
  /** `#12`; null before the first apply. */
  readonly deployment_id: string | null;
  readonly state: ServiceState;
  /** Why it is in error, and what to do; null in every other state. */
  readonly error_message: string | null;
  readonly subdomain: string | null;
  readonly custom_domain: string | null;
  readonly internal_port: number | null;
  readonly is_private_network: boolean | null;
  readonly helm_release_name: string;
  readonly helm_namespace: string;
  readonly helm_revision: number | null;
  /** Of the release that is deployed; null before the first, and while nobody can say. */
  readonly helm_chart_version: string | null;
  readonly allocated_vcpu: number | null;
  readonly allocated_ram_gb: number | null;
  readonly allocated_storage_gb: number | null;
  readonly k8s_cluster: string;
  readonly region: string;
  /** RFC 3339. */
  readonly deployed_at: string | null;
  readonly last_upgraded_at: string | null;
  readonly url: string | null;
  readonly certificate: CertificateReport;
  readonly ready_pods: number;
  readonly wanted_pods: number;
  /** Null exactly when it runs. */
  readonly reason: Reason | null;
  /** True: waiting alone changes nothing. */
  readonly is_final: boolean;
  readonly warnings: readonly Reason[];
  readonly hold: Hold | null;
}

/** The certificates of a service's hosts. */
export interface CertificateReport {
  readonly type: ServiceStatus["certificate"]["type"];
  /** RFC 3339: when the first of them ends; null while any is missing. */
  readonly not_after: string | null;
  readonly hosts: readonly {
    readonly host: string;
    readonly state: HostCertificate["state"];
    readonly not_after: string | null;
    /** Why it is not there or will end, and what to do; null when all is well. */
    readonly message: string | null;
    readonly hint: string | null;
  }[];
}

export interface ReportParts {
  readonly facts: ServiceFacts;
  readonly status: ServiceStatus;
  readonly service: Service | undefined;
  readonly file: ServiceFile | undefined;
  readonly deploymentId: string | undefined;
  readonly hold: Hold | undefined;
  readonly cluster: { readonly name: string; readonly region: string };
}

/** Model, definition, inventory and cluster put together. */
export function reportService(parts: ReportParts): ServiceReport {
  const { facts, status, service, file, cluster } = parts;
  const { reason, state } = status;
  return {
    unit: facts.unit,
    workspace_id: facts.workspaceId,
    reference_id: facts.unit.slice(facts.workspaceId.length + 1),
    name: service?.name ?? file?.value.name ?? null,
    template_id: service?.template.id ?? file?.value.template_id ?? null,
    deployment_id: parts.deploymentId ?? null,
    state,
    error_message: state === "error" && reason !== undefined ? `${reason.message} (${reason.hint})` : null,
    subdomain: file?.value.subdomain ?? null,
    custom_domain: file?.value.custom_domain ?? null,
    internal_port: service?.internalPort ?? null,
    is_private_network: service?.isPrivate ?? null,
    helm_release_name: facts.releaseName,
    helm_namespace: facts.namespace,
    helm_revision: status.helmRevision ?? null,
    helm_chart_version: status.chartVersion ?? null,
    allocated_vcpu: service?.allocated.vcpu ?? null,
    allocated_ram_gb: service?.allocated.ramGb ?? null,
    allocated_storage_gb: service?.allocated.storageGb ?? null,
    k8s_cluster: cluster.name,
    region: cluster.region,
    deployed_at: status.deployedAt ?? null,
    last_upgraded_at: status.lastUpgradedAt ?? null,
    url: service?.ingress === undefined ? null : `https://${service.ingress.primaryHost}`,
    certificate: reportCertificate(status.certificate),
    ready_pods: status.readyPods,
    wanted_pods: status.wantedPods,
    reason: reason ?? null,
    is_final: status.isFinal,
    warnings: status.warnings,
    hold: parts.hold ?? null,
  };
}

function reportCertificate(certificate: ServiceStatus["certificate"]): CertificateReport {
  const hosts = "hosts" in certificate ? certificate.hosts : [];
  return {
    type: certificate.type,
    not_after: certificate.type === "ready" ? (certificate.notAfter ?? null) : null,
    hosts: hosts.map(({ host, state, notAfter, message, hint }) => ({
      host,
      state,
      not_after: notAfter ?? null,
      message: message ?? null,
      hint: hint ?? null,
    })),
  };
}

import type { SopsMetadata } from "../definitions/schema/cloud-service.ts";
import type { Source } from "../definitions/source.ts";
import type { HelmValues } from "./helm-values.ts";
import type { Template } from "./template.ts";

/** One running app: one Helm release in its workspace's namespace. */
export interface Service {
  readonly workspaceId: string;
  readonly referenceId: string;
  /** `WORKSPACE/REFERENCE_ID`, how people and records address it. */
  readonly unit: string;
  readonly name: string;
  readonly releaseName: string;
  readonly namespace: string;
  readonly template: Template;
  readonly chartVersion: string;
  /** What comes from the catalog: default_values and the specs' defaults. Goes into valuesContent. */
  readonly catalogValues: HelmValues;
  /** What the service file says, without its secrets. Goes into the values Secret. */
  readonly serviceValues: HelmValues;
  /** The encrypted map and its trailer, when the file has secrets. */
  readonly secrets: EncryptedSecrets | undefined;
  readonly allocated: Allocation;
  /** Absent when the service has no host. */
  readonly ingress: ServiceIngress | undefined;
  readonly isPrivate: boolean;
  /** The port people think of as the app's: the port of the chart's Service. */
  readonly internalPort: number;
  /** For places in problems that only show when secrets are opened. */
  readonly source: Source;
}

/** `secret_values` and `sops` as they stand in the file. */
export interface EncryptedSecrets {
  readonly values: { readonly [key: string]: unknown };
  readonly sops: SopsMetadata;
  /** Dotted Helm paths of the encrypted values, sorted; the hidden `_bind` is not among them. */
  readonly paths: readonly string[];
}

/** What the service asks for in total; vCPU and Gi. */
export interface Allocation {
  readonly vcpu: number;
  readonly ramGb: number;
  readonly storageGb: number;
  readonly limitsVcpu: number;
  readonly limitsRamGb: number;
  /** Volumes the template is known to claim. */
  readonly persistentVolumeClaims: number;
}

/** How the service is reached from outside. */
export interface ServiceIngress {
  /** The host people are given: the verified custom domain, else the subdomain. */
  readonly primaryHost: string;
  /** Hosts below the platform's domain first, aliases next, the verified custom domain last. */
  readonly hosts: readonly IngressHost[];
  readonly backendService: string;
  readonly backendPort: number;
  /** The pods' port behind the backend: the one Traefik must reach. A number, or a container port's name. */
  readonly podPort: number | string;
}

export interface IngressHost {
  readonly host: string;
  /** `platform`: below the domain or an alias, so a wildcard certificate covers it. */
  readonly kind: "platform" | "custom";
}

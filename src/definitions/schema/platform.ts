import Type from "typebox";
import { Cidr, DnsLabel, Drift, HostName, Quota } from "./parts.ts";

const positive = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1024, description });

export const ClusterDefinition = Type.Object(
  {
    context: Type.Optional(
      Type.String({ minLength: 1, description: "the kubeconfig context, for example k3s-prod" }),
    ),
    k3s_version: Type.String({
      pattern: "^v[0-9]+\\.[0-9]+\\.[0-9]+\\+k3s[0-9]+$",
      description: "the K3s version the servers run, for example v1.35.8+k3s1",
    }),
    region: Type.Optional(Type.String({ minLength: 1, description: "a name for the place, e.g. us-east-1" })),
    pod_cidr: Type.Optional(Cidr),
    service_cidr: Type.Optional(Cidr),
    node_cidrs: Type.Optional(
      Type.Array(Cidr, { description: "address ranges of the nodes, which tenants must not reach" }),
    ),
  },
  { additionalProperties: false, description: "one K3s cluster" },
);

/** platform.yaml: one per repository. */
export const PlatformDefinition = Type.Object(
  {
    kind: Type.Literal("Platform"),
    name: Type.String({
      pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
      description: "name of the platform, written into a label on everything, for example woow-prod",
    }),
    domain: HostName,
    domain_aliases: Type.Optional(
      Type.Array(HostName, { uniqueItems: true, description: "further domains that are served as well" }),
    ),
    cluster_issuer: Type.String({
      pattern: "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
      description: "name of cert-manager's ClusterIssuer, for example letsencrypt-prod",
    }),
    tls: Type.Optional(
      Type.Enum(["per_service", "wildcard"], {
        description: "per_service (a certificate per host) or wildcard (Traefik's default certificate)",
      }),
    ),
    reserved_subdomains: Type.Optional(
      Type.Array(DnsLabel, { uniqueItems: true, description: "subdomains no service may take" }),
    ),
    private_network: Type.Optional(
      Type.Object(
        { source_ranges: Type.Array(Cidr, { minItems: 1, description: "addresses of the VPN" }) },
        { additionalProperties: false, description: "who may reach services with is_private_network" },
      ),
    ),
    traefik: Type.Optional(
      Type.Object(
        {
          manage: Type.Optional(Type.Boolean({ description: "true: woow writes Traefik's HelmChartConfig" })),
          redirect_https: Type.Optional(Type.Boolean({ description: "redirect plain HTTP to HTTPS" })),
          external_traffic_policy: Type.Optional(
            Type.Enum(["Local", "Cluster"], {
              description: "Local (Traefik sees the caller's address) or Cluster",
            }),
          ),
        },
        { additionalProperties: false, description: "K3s' packaged Traefik" },
      ),
    ),
    records: Type.Optional(
      Type.Enum(["local", "cluster"], {
        description: "where revisions are kept: local or cluster",
      }),
    ),
    charts: Type.Optional(
      Type.Enum(["any", "verified"], {
        description: "any, or verified (only charts whose digest is in the lock file)",
      }),
    ),
    drift: Type.Optional(Drift),
    currency: Type.Optional(
      Type.String({ pattern: "^[A-Z]{3}$", description: "an ISO 4217 code, for example USD" }),
    ),
    default_quota: Type.Optional(Quota),
    container_defaults: Type.Optional(
      Type.Object(
        {
          vcpu: Type.Optional(positive("CPU request of a container nobody sized, in vCPU")),
          ram_gb: Type.Optional(positive("memory request of a container nobody sized, in Gi")),
          limits_vcpu: Type.Optional(positive("CPU limit of a container nobody sized, in vCPU")),
          limits_ram_gb: Type.Optional(positive("memory limit of a container nobody sized, in Gi")),
        },
        { additionalProperties: false, description: "the LimitRange, for containers nobody sized" },
      ),
    ),
    clusters: Type.Record(
      Type.String({ pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" }),
      ClusterDefinition,
      {
        minProperties: 1,
        additionalProperties: false,
        description: "the clusters by name; workspaces without `cluster` run on the one called default",
      },
    ),
  },
  { additionalProperties: false, description: "Platform: one per repository" },
);

export type PlatformDefinition = Type.Static<typeof PlatformDefinition>;
export type ClusterDefinition = Type.Static<typeof ClusterDefinition>;

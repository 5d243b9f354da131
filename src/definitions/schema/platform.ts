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

const secretName = (description: string) =>
  Type.String({ pattern: "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description });

/** `woow reconcile` as a Deployment on every cluster. */
export const ReconcileDefinition = Type.Object(
  {
    image: Type.String({
      pattern: "^[a-z0-9][A-Za-z0-9._:/@-]*[:@][A-Za-z0-9._:-]+$",
      description: "the image with woow in it, with a tag or digest, e.g. registry.example.com/woow:0.1.0",
    }),
    git: Type.String({
      // no password in it: the Deployment's arguments are no secret
      pattern:
        "^(https://[^\\s:@/]+(:[0-9]+)?/\\S+|ssh://([A-Za-z0-9._-]+@)?[^\\s:@/]+(:[0-9]+)?/\\S+|[A-Za-z0-9._-]+@[^\\s:@/]+:\\S+)$",
      description: "the repository's address: https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH",
    }),
    branch: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_./+-]*$",
        description: "the branch that is followed; default main",
      }),
    ),
    interval: Type.Optional(
      Type.String({ pattern: "^[1-9][0-9]*(s|m|h)$", description: "how often it is looked at, e.g. 1m" }),
    ),
    git_secret: Type.Optional(
      secretName("a Secret in paas-system: ssh_key and known_hosts for ssh, token for https"),
    ),
    age_secret: Type.Optional(
      secretName("a Secret in paas-system with the age key that opens the definitions: age.agekey"),
    ),
    metrics_namespace: Type.Optional(
      Type.String({
        pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description: "the namespace whose pods may read the metrics",
      }),
    ),
  },
  { additionalProperties: false, description: "woow reconcile as a Deployment that follows a branch" },
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
    reconcile: Type.Optional(ReconcileDefinition),
    default_quota: Type.Optional(Quota),
    max_quota: Type.Optional({ ...Quota, description: "the most a workspace may give itself; _gb means Gi" }),
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
export type ReconcileDefinition = Type.Static<typeof ReconcileDefinition>;
export type ClusterDefinition = Type.Static<typeof ClusterDefinition>;

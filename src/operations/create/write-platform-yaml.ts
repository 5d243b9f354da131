import { formatText } from "./write-yaml-text.ts";

/**
 * Stands where only a person knows the value. `woow validate` and `woow synth` work with it; what writes to a cluster
 * must refuse it.
 */
export const unfilledMark = "CHANGE-ME";

/** What a new platform is called and where it lives. */
export interface PlatformText {
  readonly name: string;
  readonly domain: string;
  /** The kubeconfig context; left out, a mark stands in its place. */
  readonly context?: string | undefined;
}

/** platform.yaml with every setting: live where there is something to say, a comment with its default elsewhere. */
export function writePlatformYaml({ name, domain, context }: PlatformText): string {
  return `# yaml-language-server: $schema=schemas/platform.schema.json
# The platform: one per repository. Lines that are comments show the default; _gb means Gi.
kind: Platform
name: ${formatText(name)} # who owns a cluster; a label on everything, so keep it
domain: ${domain} # subdomain x becomes x.${domain}: point *.${domain} at the cluster
# domain_aliases: [] # served as well, for a change of domain
# Staging certificates work at once and browsers do not trust them. When the address works, write the name of
# cert-manager's production issuer here.
cluster_issuer: letsencrypt-staging
# tls: per_service # or wildcard: Traefik's default certificate serves every subdomain
reserved_subdomains: [www, api, admin, console] # no service may take them
# Who reaches a service with is_private_network: the addresses of your VPN. Without it there are no private services.
# private_network: { source_ranges: [10.8.0.0/24] }
# With manage: true woow writes the HelmChartConfig of K3s' Traefik.
# traefik: { manage: false, redirect_https: true, external_traffic_policy: Local }
# records: cluster # where revisions are kept: in the cluster, for a team; the default is local, in .woow/
# charts: any # or verified: only charts whose digest stands in the lock file
# drift: repair # or report; a workspace may say otherwise
# A Deployment of \`woow reconcile\` that follows a branch.
# reconcile: { image: "registry.example.com/woow:0.1.0", git: "https://git.example.com/acme/platform.git" }
currency: USD # of monthly_price in the catalog
# What a workspace may use in total, unless its own quota says otherwise.
default_quota:
  vcpu: 8
  ram_gb: 16
  limits_vcpu: 16
  limits_ram_gb: 32
  persistent_volume_claims: 10
  storage_gb: 100
# The most a workspace may give itself, for when others than you edit workspaces/.
# max_quota: { vcpu: 32, ram_gb: 64, limits_vcpu: 64, limits_ram_gb: 128, persistent_volume_claims: 50, storage_gb: 500 }
# For containers that nobody sized.
# container_defaults: { vcpu: 0.05, ram_gb: 0.0625, limits_vcpu: 0.5, limits_ram_gb: 0.5 }
clusters:
  default: # workspaces that name no cluster run here
    ${
      context === undefined
        ? `context: ${unfilledMark} # TODO the kubeconfig context: kubectl config get-contexts`
        : `context: ${formatText(context)} # the kubeconfig context`
    }
    k3s_version: v1.35.8+k3s1 # TODO compare: kubectl version
    # region: us-east-1 # a name for the place
    # pod_cidr: 10.42.0.0/16 # K3s' default
    # service_cidr: 10.43.0.0/16 # K3s' default
    # TODO the addresses of the nodes, public ones too: tenants must not reach them.
    # node_cidrs: [${unfilledMark}] # for example [192.0.2.10/32, 192.0.2.11/32]
`;
}

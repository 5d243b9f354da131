import { load } from "js-yaml";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { everything } from "../../src/operations/select-units.ts";
import { synth } from "../../src/operations/synth.ts";
import { memoryFolder, memoryTree } from "../support/memory-tree.ts";

/** A NetworkPolicy as synth writes it, or as a test changed it. */
export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}
export interface Rule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
}
export interface PolicyPeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
export interface PolicyPort {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

const template = (chart: string, rest: string): string => `kind: CloudAppTemplate
name: ${chart}
description: Made up for the network's matrix
category: web
helm_chart:
  repository: REPOSITORY
  chart_name: ${chart}
  chart_version: "1.0.0"
${rest}`;

/**
 * Three tenants: acme publishes a service, bolt a private one whose port has a name, cafe has the same template as acme
 * without a host. A chart repository and the git server have ports of their own; no range is a default of K3s.
 */
export const threeTenants: Readonly<Record<string, string>> = {
  "platform.yaml": `kind: Platform
name: three-tenants
domain: apps.example.com
cluster_issuer: letsencrypt-staging
records: cluster
private_network: { source_ranges: [10.8.0.0/24] }
reconcile:
  image: registry.example.com/woow:0.1.0
  git: ssh://git@git.example.com:2222/team/platform.git
  git_secret: woow-git
  metrics_namespace: monitoring
clusters:
  default:
    k3s_version: v1.35.8+k3s1
    pod_cidr: 10.52.0.0/16
    service_cidr: 10.53.0.0/16
    node_cidrs: [198.51.100.0/28, "2001:db8::/64"]
`,
  "catalog/web.yaml": template("web", "default_port: 80\npod_port: 8080\n").replace(
    "REPOSITORY",
    "https://charts.example.com:8443",
  ),
  "catalog/named.yaml": template("named", "default_port: 80\npod_port: main\n").replace(
    "REPOSITORY",
    "oci://registry.example.com/charts",
  ),
  "catalog/cache.yaml": template("cache", "default_port: 6379\ningress_enabled: false\n").replace(
    "REPOSITORY",
    "oci://registry.example.com/charts",
  ),
  "workspaces/acme/workspace.yaml": "kind: Workspace\nname: Acme\n",
  "workspaces/acme/web-01.yaml": service("web", "subdomain: shop"),
  "workspaces/acme/cache-01.yaml": service("cache"),
  "workspaces/bolt/workspace.yaml": "kind: Workspace\nname: Bolt\n",
  "workspaces/bolt/named-01.yaml": service("named", "subdomain: tools\nis_private_network: true"),
  "workspaces/cafe/workspace.yaml": "kind: Workspace\nname: Cafe\n",
  "workspaces/cafe/web-01.yaml": service("web"),
};

function service(id: string, more = ""): string {
  return `kind: CloudService\ntemplate_id: ${id}\nname: ${id}\nchart_version: "1.0.0"\n${more}\n`;
}

/** Every object that synth writes for these definitions. */
export async function synthesize(files: Readonly<Record<string, string>>): Promise<readonly Manifest[]> {
  const folder = memoryFolder();
  const deps = { tree: memoryTree(files), folder, identities: () => [], progress: () => undefined };
  const result = await synth(deps, { selection: everything, withSecrets: true });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return [...folder.files.values()].flatMap(({ text = "" }) =>
    text
      .split(/^---$/m)
      .map((part) => load(part) as Manifest | null | undefined)
      .filter((object) => object !== null && object !== undefined),
  );
}

/** The NetworkPolicies among them, with nothing that the engine need not know. */
export function policiesOf(objects: readonly Manifest[]): Policy[] {
  return objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .map((object) => {
      const { metadata, spec } = object as unknown as Policy;
      return { metadata: { name: metadata.name, namespace: metadata.namespace }, spec };
    });
}

import { writeSopsConfig } from "../../src/secrets/sops-config.ts";
import { identity, seal, textOf } from "../secrets/fixtures.ts";

/** Texts by their path in a platform repository. */
export type Definitions = Readonly<Record<string, string>>;

/**
 * The least that is a whole platform without problems or warnings: two templates (`web` speaks HTTP, `database` does
 * not and wants a password), one workspace, one service, and the rule that secrets are sealed for the first test key.
 */
export function samplePlatform(): Record<string, string> {
  return {
    ".sops.yaml": sopsConfigFor([identity.recipient]),
    "platform.yaml": platformText,
    "catalog/web.yaml": webTemplateText,
    "catalog/database.yaml": databaseTemplateText,
    "workspaces/acme/workspace.yaml": workspaceText,
    "workspaces/acme/web-01.yaml": serviceText,
  };
}

/** A `.sops.yaml` with one rule for every workspace. */
export function sopsConfigFor(recipients: readonly string[]): string {
  const config = writeSopsConfig({ recipients });
  if (!config.ok) throw new Error(config.error.message);
  return config.value;
}

/** The same files with the first `from` in one of them replaced; throws when it is not there. */
export function edit(
  files: Definitions,
  path: string,
  [from, to]: readonly [string, string],
): Record<string, string> {
  const text = files[path];
  if (text === undefined) throw new Error(`no file ${path}`);
  if (!text.includes(from)) throw new Error(`${path} does not hold ${JSON.stringify(from)}`);
  return { ...files, [path]: text.replace(from, () => to) };
}

/** The same files with text added at the end of one of them; a new file when there is none. */
export function append(files: Definitions, path: string, text: string): Record<string, string> {
  return { ...files, [path]: `${files[path] ?? ""}${text}` };
}

/** The line (from 1) of the first occurrence of a text in a file; throws when it is not there. */
export function lineOf(files: Definitions, path: string, text: string): number {
  const offset = files[path]?.indexOf(text) ?? -1;
  if (offset < 0) throw new Error(`${path} does not hold ${JSON.stringify(text)}`);
  return (files[path] ?? "").slice(0, offset).split("\n").length;
}

const platformText = `kind: Platform
name: test-platform
domain: apps.example.com
cluster_issuer: letsencrypt-staging
reserved_subdomains: [www, admin]
private_network: { source_ranges: [10.8.0.0/24] }
clusters:
  default:
    k3s_version: v1.35.8+k3s1
    node_cidrs: [192.0.2.0/28]
`;

const webTemplateText = `kind: CloudAppTemplate
name: Web
description: A small web application
category: web
monthly_price: 3
helm_chart:
  repository: https://charts.example.com
  chart_name: web
  chart_version: "1.2.3"
  default_values:
    fullnameOverride: "{release_name}"
default_port: 8080
min_resources: { vcpu: 1, ram_gb: 0.5, storage_gb: 0 }
resource_keys:
  containers: [{ path: resources }]
optional_values:
  - { key: ui.message, label: Message, type: text }
  - { key: ui.color, label: Colour, type: select, default_value: blue, options: [blue, green] }
  - { key: replicas, label: Copies, type: number, default_value: 1 }
  - { key: debug, label: Debug, type: boolean, default_value: false }
`;

const databaseTemplateText = `kind: CloudAppTemplate
name: Database
description: A small database
category: database
helm_chart:
  repository: oci://registry.example.com/charts
  chart_name: database
  chart_version: "2.0.0"
  default_values:
    fullnameOverride: "{release_name}"
default_port: 5432
ingress_enabled: false
min_resources: { vcpu: 1, ram_gb: 1, storage_gb: 5 }
resource_keys:
  containers: [{ path: primary.resources }]
  storage: [{ path: primary.persistence.size }]
longest_name_suffix: "-primary"
required_values:
  - { key: auth.password, label: Password, type: password, generate: { length: 24 } }
  - { key: auth.database, label: Database, type: text }
`;

const workspaceText = `kind: Workspace
name: Acme
members:
  - { user: alice@acme.example, role: owner }
`;

const serviceText = `kind: CloudService
template_id: web
name: Shop
chart_version: "1.2.3"
subdomain: shop
`;

const databaseServiceText = `kind: CloudService
template_id: database
name: Orders
chart_version: "2.0.0"
helm_values:
  auth.database: orders
`;

/** The password in every sealed file of `sealedService`. */
export const madeUpPassword = "made-up-password-1";

/** A service of the template `database` with its password sealed for the first test key and bound to `unit`. */
export async function sealedService(
  unit: string,
  text: string = databaseServiceText,
  password: string = madeUpPassword,
): Promise<string> {
  return textOf(await seal(text, { bind: unit, set: { "auth.password": password } }));
}

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { madeUpPassword, sealedService, sopsConfigFor } from "../support/builders.ts";
import { identity, keyFile } from "../secrets/fixtures.ts";
import type { TestCluster } from "./test-cluster.ts";

/** What the platform is to hold. */
export interface TestPlatformOptions {
  /** The repository's root; made when it is not there. */
  readonly dir: string;
  readonly cluster: Pick<TestCluster, "chartsUrl">;
  /** How many web applications each workspace has: `web-01`, `web-02`, ... */
  readonly workspaces: Readonly<Record<string, number>>;
  /** Workspaces that have a database as well, `db-01`, with a sealed password. */
  readonly databases?: readonly string[];
  /** The platform's name; `test-platform` unless given. */
  readonly name?: string;
  /** Lines added to platform.yaml. */
  readonly more?: string;
}

/** A platform repository on disk. */
export interface TestPlatform {
  readonly dir: string;
  /** What a command needs in its environment to read the secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Helm release, namespace and file of every service, in the order of their files. */
  readonly services: readonly TestService[];
}

export interface TestService {
  readonly workspace: string;
  readonly id: string;
  readonly release: string;
  readonly namespace: string;
  /** Below the repository's root. */
  readonly file: string;
}

/** The password of every database, as it stands sealed in the files. */
export const databasePassword = madeUpPassword;

/**
 * Writes a whole platform repository for a test cluster: context `test`, templates `web` and `db` whose charts come from
 * the cluster's own repository, and as many services as asked for.
 */
export async function writeTestPlatform(options: TestPlatformOptions): Promise<TestPlatform> {
  const { dir, cluster, workspaces, databases = [], name = "test-platform", more = "" } = options;
  const repository = cluster.chartsUrl || "http://127.0.0.1:1/";
  const files: Record<string, string> = {
    ".sops.yaml": sopsConfigFor([identity.recipient]),
    "age-key.txt": keyFile,
    "platform.yaml": platformText(name, more),
    "catalog/web.yaml": webTemplateText(repository),
    "catalog/db.yaml": databaseTemplateText(repository),
  };
  const services: TestService[] = [];
  const add = (workspace: string, id: string, text: string) => {
    const file = `workspaces/${workspace}/${id}.yaml`;
    files[file] = text;
    const namespace = `paas-ws-${workspace}`;
    services.push({ workspace, id, release: `${namespace}-${id}`, namespace, file });
  };
  for (const [workspace, count] of Object.entries(workspaces)) {
    files[`workspaces/${workspace}/workspace.yaml`] = workspaceText(workspace);
    if (databases.includes(workspace)) {
      add(workspace, "db-01", await sealedService(`${workspace}/db-01`, databaseText));
    }
    for (let number = 1; number <= count; number++) {
      const id = `web-${String(number).padStart(2, "0")}`;
      add(workspace, id, webText(workspace, id));
    }
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return { dir, env: { WOOW_AGE_KEY_FILE: join(dir, "age-key.txt") }, services };
}

const platformText = (name: string, more: string) => `kind: Platform
name: ${name}
domain: apps.example.com
cluster_issuer: letsencrypt-staging
private_network: { source_ranges: [10.8.0.0/24] }
default_quota:
  { vcpu: 512, ram_gb: 512, limits_vcpu: 1024, limits_ram_gb: 1024, persistent_volume_claims: 500, storage_gb: 1000 }
clusters:
  default:
    context: test
    k3s_version: v1.35.8+k3s1
    node_cidrs: [192.0.2.0/28]
${more}`;

const workspaceText = (workspace: string) => `kind: Workspace
name: Workspace ${workspace}
members:
  - { user: owner@${workspace}.example, role: owner }
`;

const webText = (workspace: string, id: string) => `kind: CloudService
template_id: web
name: Web application ${id} of ${workspace}
chart_version: "1.0.0"
subdomain: ${workspace}-${id}
helm_values:
  message: hello
`;

const databaseText = `kind: CloudService
template_id: db
name: Database
chart_version: "1.0.0"
helm_values:
  auth.database: orders
`;

const webTemplateText = (repository: string) => `kind: CloudAppTemplate
name: Web
description: A web application whose every way of going wrong is a value
category: web
monthly_price: 3
helm_chart:
  repository: ${repository}
  chart_name: web
  chart_version: "1.0.0"
  default_values:
    fullnameOverride: "{release_name}"
default_port: 8080
service_port: 80
min_resources: { vcpu: 1, ram_gb: 0.5 }
resource_keys:
  containers: [{ path: resources }]
  storage: [{ path: persistence.size }]
optional_values:
  - { key: message, label: Message, type: text }
  - { key: color, label: Colour, type: select, default_value: blue, options: [blue, green] }
  - { key: replicas, label: Copies, type: number, default_value: 1 }
  - { key: password, label: Password, type: password }
  - { key: persistence.enabled, label: Volume, type: boolean, default_value: false }
  - { key: pod, label: What its pods do, type: text }
  - { key: podMessage, label: Last words of its pods, type: text }
  - { key: reachable, label: Endpoints, type: boolean, default_value: true }
  - { key: hooks.preInstall, label: Hook before the installation, type: text }
  - { key: hooks.preUpgrade, label: Hook before an upgrade, type: text }
  - { key: hooks.preDelete, label: Hook before the removal, type: text }
`;

const databaseTemplateText = (repository: string) => `kind: CloudAppTemplate
name: Database
description: A database with a volume and a password
category: database
monthly_price: 5
helm_chart:
  repository: ${repository}
  chart_name: db
  chart_version: "1.0.0"
  default_values:
    fullnameOverride: "{release_name}"
default_port: 5432
ingress_enabled: false
min_resources: { vcpu: 1, ram_gb: 0.5, storage_gb: 1 }
resource_keys:
  containers: [{ path: primary.resources }]
  storage: [{ path: primary.persistence.size }]
required_values:
  - { key: auth.password, label: Password, type: password, lifecycle: create_only, generate: { length: 24 } }
  - { key: auth.database, label: Database, type: text }
optional_values:
  - { key: pod, label: What its pod does, type: text }
`;

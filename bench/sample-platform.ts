import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateAgeIdentity, parseAgeIdentities } from "../src/secrets/age-identity.ts";
import type { AgeIdentity } from "../src/secrets/age-identity.ts";
import { defaultPasswordOptions, generatePassword } from "../src/secrets/generate-password.ts";
import { writeSopsConfig } from "../src/secrets/sops-config.ts";
import { sealSecrets } from "../src/secrets/seal-secrets.ts";

/** A platform to measure with. */
export interface SampleOptions {
  readonly services: number;
  readonly workspaces: number;
  /**
   * `each`: every file holds a secret of its own, sealed with woow's codec. `copied`: one sealed block stands in all
   * files, which is quick to make and has the same size, but can only be read `--without-secrets`.
   */
  readonly secrets: "each" | "copied";
}

/** Where the sample lies. */
export interface Sample {
  readonly root: string;
  readonly keyFile: string;
  /** Path of a service file, for runs after an edit. */
  readonly oneServiceFile: string;
}

const repository = fileURLToPath(new URL("..", import.meta.url));

/** Templates in turn: all have a host, and all are private, so that a service makes four objects. */
const apps = [
  {
    template: "n8n",
    version: "1.1.0",
    secret: "main.secret.n8n.encryption_key",
    values: ["main.config.generic.timezone: Asia/Taipei", "main.config.n8n.log.level: warn"],
  },
  {
    template: "vaultwarden",
    version: "0.43.1",
    secret: "adminToken.value",
    values: ["signupsAllowed: false", "smtp.host: smtp.example.com", "smtp.port: 587"],
  },
  {
    template: "qdrant",
    version: "1.19.0",
    secret: "apiKey",
    values: [],
  },
  {
    template: "podinfo",
    version: "6.14.1",
    secret: "backend",
    values: ["ui.message: Hello from the benchmark", "replicaCount: 2"],
  },
] as const;

/** Writes a platform repository as people write it: comments, defaults left out, shipped templates. */
export async function writeSample(root: string, options: SampleOptions): Promise<Sample> {
  const key = generateAgeIdentity((size) => randomBytes(size));
  const keyFile = join(root, "bench-only.agekey");
  write(keyFile, `${key.secretKey}\n`);
  const parsed = parseAgeIdentities(key.secretKey);
  if (!parsed.ok) throw new Error("the key just made is not readable");
  cpSync(join(repository, "catalog"), join(root, "catalog"), { recursive: true });
  cpSync(join(repository, "charts"), join(root, "charts"), { recursive: true });
  write(join(root, "platform.yaml"), platformText);
  const config = writeSopsConfig({ recipients: [key.recipient] });
  if (!config.ok) throw new Error(config.error.message);
  write(join(root, ".sops.yaml"), config.value);

  let copied: string | undefined;
  let oneServiceFile = "";
  for (let index = 0; index < options.services; index += 1) {
    const workspace = `tenant${index % options.workspaces}`;
    const number = Math.floor(index / options.workspaces);
    if (number === 0) {
      write(join(root, "workspaces", workspace, "workspace.yaml"), workspaceText(workspace, options));
    }
    const app = apps[number % apps.length];
    if (app === undefined) throw new Error("no app");
    const reference = `${app.template}-${String(number + 1).padStart(3, "0")}`;
    const text = serviceText({ app, reference, index });
    const path = join(root, "workspaces", workspace, `${reference}.yaml`);
    const seal = () => sealText({ text, app, bind: `${workspace}/${reference}`, identities: parsed.value });
    if (options.secrets === "each") write(path, await seal());
    else {
      copied ??= (await seal()).slice(text.length);
      write(path, text + copied.replace(/^ {2}\S+: ENC/m, `  ${app.secret}: ENC`));
    }
    if (index === Math.floor(options.services / 2)) oneServiceFile = path;
  }
  return { root, keyFile, oneServiceFile };
}

type SampleApp = (typeof apps)[number];

function serviceText({
  app,
  reference,
  index,
}: {
  app: SampleApp;
  reference: string;
  index: number;
}): string {
  return `# yaml-language-server: $schema=../../schemas/cloud-service.schema.json
# ${reference} was ordered in ticket ${1000 + index}.
kind: CloudService
template_id: ${app.template}
name: "Application ${index}" # what the customer calls it
# Pinned: a newer chart in the catalog changes nothing here until somebody writes its number.
chart_version: "${app.version}"
subdomain: app-${index}
is_private_network: true
resources: { vcpu: 1, ram_gb: 2, storage_gb: 10 }
${helmValuesText(app)}raw_values: # the chart's own keys
  podAnnotations:
    example.com/owner: team-${index % 7}
    example.com/ticket: "${1000 + index}"
  nodeSelector: { disk: ssd }
`;
}

function helmValuesText({ values }: SampleApp): string {
  if (values.length === 0) return "";
  return `helm_values: # keys as the template names them\n${values.map((line) => `  ${line}\n`).join("")}`;
}

async function sealText(from: {
  readonly text: string;
  readonly app: SampleApp;
  readonly bind: string;
  readonly identities: readonly AgeIdentity[];
}): Promise<string> {
  const password = generatePassword(defaultPasswordOptions, (size) => randomBytes(size));
  const sealed = await sealSecrets({
    text: from.text,
    set: { [from.app.secret]: password },
    bind: from.bind,
    recipients: from.identities.map(({ recipient }) => recipient),
    identities: from.identities,
    tools: { randomBytes: (size) => randomBytes(size), now: () => new Date("2026-01-31T12:00:00Z") },
  });
  if (!sealed.ok) throw new Error(`sealing failed: ${sealed.error.message}`);
  return sealed.text;
}

function workspaceText(id: string, options: SampleOptions): string {
  const perWorkspace = Math.ceil(options.services / options.workspaces);
  return `# yaml-language-server: $schema=../../schemas/workspace.schema.json
kind: Workspace
name: Tenant ${id}
quota: # room for ${perWorkspace} services
  vcpu: ${perWorkspace}
  ram_gb: ${perWorkspace * 2}
  limits_vcpu: ${perWorkspace * 2}
  limits_ram_gb: ${perWorkspace * 4}
  persistent_volume_claims: ${perWorkspace * 2}
  storage_gb: ${perWorkspace * 10}
members:
  - { user: owner@${id}.example, role: owner }
  - { user: dev@${id}.example, role: member }
`;
}

const platformText = `# yaml-language-server: $schema=schemas/platform.schema.json
kind: Platform
name: woow-bench
domain: apps.example.com
cluster_issuer: letsencrypt-staging
private_network: { source_ranges: [10.8.0.0/24] }
clusters:
  default:
    k3s_version: v1.35.8+k3s1
    node_cidrs: [192.0.2.0/24]
`;

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

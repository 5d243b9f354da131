import type { Json } from "../../definitions/convert.ts";
import { readDomainName } from "../../definitions/domain-name.ts";
import { releaseName, namespaceName, serviceUnit } from "../../model/names.ts";
import { fillText } from "../../model/placeholders.ts";
import type { Placeholders } from "../../model/placeholders.ts";
import type { Template } from "../../model/template.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { formatKey } from "../../secrets/definition-text.ts";
import { formatComment, formatScalar, formatText, joinOr } from "./write-yaml-text.ts";

/** What a new service's file says. */
export interface ServiceText {
  readonly template: Template;
  readonly workspaceId: string;
  readonly referenceId: string;
  readonly name: string;
  /** The platform's domain, for examples in comments. */
  readonly domain: string;
  readonly subdomain?: string | undefined;
  readonly customDomain?: string | undefined;
  readonly isPrivate: boolean;
  /** Chosen values by spec key. */
  readonly values: ReadonlyMap<string, Json>;
  /** Passwords that are encrypted into the file afterwards, by spec key. */
  readonly sealedKeys: readonly string[];
}

/** A commented definition in the order the documentation shows; everything optional stands in it as a comment. */
export function writeServiceYaml(service: ServiceText): string {
  const { template, name } = service;
  return [
    "# yaml-language-server: $schema=../../schemas/cloud-service.schema.json\n",
    formatComment(`${template.name}: ${template.description}`),
    "kind: CloudService\n",
    `template_id: ${formatText(template.id)}\n`,
    `name: ${formatText(name)}\n`,
    `chart_version: ${JSON.stringify(template.chart.version)} # the pin: a newer catalog changes it only through woow upgrade\n`,
    writeAddress(service),
    "\n",
    writeResources(template),
    "\n",
    writeHelmValues(service),
    "\n# Any other value of the chart, deep-merged last; it cannot override what isolation depends on.\n# raw_values: {}\n",
    writeSecretNotes(service),
  ].join("");
}

/** The placeholders of a service that has no host, or none yet. */
export function namePlaceholders(workspaceId: string, referenceId: string): Placeholders {
  return {
    release_name: releaseName(workspaceId, referenceId),
    namespace: namespaceName(workspaceId),
    workspace_id: workspaceId,
    reference_id: referenceId,
  };
}

function writeAddress({
  template,
  workspaceId,
  referenceId,
  domain,
  subdomain,
  customDomain,
  isPrivate,
}: ServiceText): string {
  const inside = `${fillText(template.serviceName, namePlaceholders(workspaceId, referenceId))}:${template.servicePort}`;
  if (!template.ingressEnabled) {
    return formatComment(
      `Speaks no HTTP, so it has no address outside: its workspace reaches it at ${inside}`,
    );
  }
  return [
    subdomain === undefined
      ? `# subdomain: ${referenceId} # ${referenceId}.${domain}; without a host it is reached inside its workspace only, at ${inside}\n`
      : `subdomain: ${formatScalar(subdomain)} # ${subdomain}.${domain}\n`,
    customDomain === undefined
      ? "# custom_domain: www.customer.example # served once domains.yaml says that it is verified\n"
      : `custom_domain: ${formatText(customDomain)} # ${readable(customDomain)}served once domains.yaml says that it is verified\n`,
    `${isPrivate ? "" : "# "}is_private_network: true # reached only from private_network in platform.yaml\n`,
  ].join("");
}

/** How a name in punycode reads. */
function readable(domain: string): string {
  const name = readDomainName(domain);
  return name.ok && name.unicode !== domain ? `${name.unicode}, ` : "";
}

function writeResources({ minResources: { vcpu, ramGb, storageGb } }: Template): string {
  return [
    "# What the service asks for, _gb in Gi; limits are twice that. These are the least the app runs with.\n",
    `# resources: { vcpu: ${vcpu}, ram_gb: ${ramGb}, storage_gb: ${storageGb} }\n`,
  ].join("");
}

function writeHelmValues(service: ServiceText): string {
  const specs = service.template.specs.filter(({ type }) => type !== "password");
  if (specs.length === 0) return "";
  const placeholders = namePlaceholders(service.workspaceId, service.referenceId);
  const lines = specs.map((spec) => writeValue(spec, { chosen: service.values.get(spec.key), placeholders }));
  const isLive = lines.some((line) => line.isLive);
  const indent = isLive ? "  " : "";
  const body = lines.map(({ comment, entry, isLive: live }) =>
    live
      ? formatComment(comment, indent) + `  ${entry}\n`
      : formatComment(comment, indent) + (isLive ? `  # ${entry}\n` : `#   ${entry}\n`),
  );
  return [
    "# Values of the app; a line that is a comment shows the default, or an example where it says so.\n",
    isLive ? "helm_values:\n" : "# helm_values:\n",
    ...body,
  ].join("");
}

function writeValue(
  spec: ValueSpec,
  { chosen, placeholders }: { chosen: Json | undefined; placeholders: Placeholders },
): { comment: string; entry: string; isLive: boolean } {
  const usual =
    typeof spec.defaultValue === "string" ? fillText(spec.defaultValue, placeholders) : spec.defaultValue;
  const value = chosen ?? usual ?? exampleOf(spec);
  const isLive = chosen !== undefined || (spec.required && usual !== undefined);
  const notes = [
    ...(spec.required && !isLive ? ["required"] : []),
    ...(spec.options === undefined ? [] : [joinOr(spec.options)]),
    ...(lifecycleNotes[spec.lifecycle] ?? []),
  ];
  const isExample = chosen === undefined && usual === undefined && spec.placeholder !== undefined;
  const isPlain = notes.length === 0 && spec.helpText === undefined;
  const comment = [
    spec.label,
    notes.length === 0 ? "" : ` (${notes.join("; ")})`,
    spec.helpText === undefined ? "" : `. ${spec.helpText}`,
    isExample ? (isPlain ? ", for example:" : " For example:") : "",
  ].join("");
  return { comment, entry: `${formatKey(spec.key)}: ${formatScalar(value)}`, isLive };
}

const lifecycleNotes: Readonly<Record<ValueSpec["lifecycle"], readonly string[]>> = {
  any: [],
  create_only: ["fixed once the service runs"],
  expand_only: ["can only grow"],
};

function exampleOf(spec: ValueSpec): Json {
  switch (spec.type) {
    case "number": {
      const number = Number(spec.placeholder ?? "1");
      return Number.isFinite(number) ? number : 1;
    }
    case "boolean":
      return true;
    case "select":
      return spec.options?.[0] ?? "";
    case "text":
    case "password":
      return spec.placeholder ?? "";
  }
}

/** Passwords never stand in helm_values: what there is, and the command for each that is not set. */
function writeSecretNotes({ template, workspaceId, referenceId, sealedKeys }: ServiceText): string {
  const passwords = template.specs.filter(({ type }) => type === "password");
  if (passwords.length === 0) return "";
  const unit = serviceUnit(workspaceId, referenceId);
  return [
    "\n# Passwords are encrypted (SOPS, age) and read or changed with woow secrets, never by hand.\n",
    ...passwords.map((spec) => {
      const { key, label, required, helpText } = spec;
      const state = sealedKeys.includes(key) ? `${key} below` : secretCommand(unit, spec);
      const help = helpText === undefined ? "" : `. ${helpText}`;
      return formatComment(`${label}${required ? " (required)" : ""}: ${state}${help}`);
    }),
  ].join("");
}

/** The command that gives a service one of its passwords. */
export function secretCommand(unit: string, { key, generate }: ValueSpec): string {
  return `woow secrets ${generate === undefined ? "set" : "regenerate"} ${unit} ${key}`;
}

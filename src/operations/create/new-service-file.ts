import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { dnsLabelPattern } from "../../definitions/id-patterns.ts";
import { hasErrors } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { reservedReferenceIds, serviceUnit } from "../../model/names.ts";
import type { Service, ServiceIngress } from "../../model/service.ts";
import type { Template } from "../../model/template.ts";
import { generatePassword } from "../../secrets/generate-password.ts";
import { sealSecrets } from "../../secrets/seal-secrets.ts";
import type { SealTools } from "../../secrets/sops-text.ts";
import { isLocked } from "../charts/find-unverified.ts";
import { loadPlatform } from "../load-platform.ts";
import { overlayTree } from "../overlay-tree.ts";
import { findNewProblems } from "../new-problems.ts";
import type { ServiceChoices } from "./service-choices.ts";
import { requireRecipients, sealError } from "./workspace-recipients.ts";
import { secretCommand } from "./write-service-yaml.ts";

/** A required value that the new file does not have, and how to give it. */
export interface OpenValue {
  readonly key: string;
  readonly label: string;
  readonly hint: string;
}

/** Where a new service's file goes. Errors: `usage` for an id nobody can use, `already-exists`. */
export function placeNewFile(
  tree: DefinitionTree,
  { workspaceId, referenceId }: { workspaceId: string; referenceId: string },
): { readonly unit: string; readonly path: string } {
  if (!new RegExp(dnsLabelPattern).test(referenceId) || reservedReferenceIds.has(referenceId)) {
    throw new OperationError("usage", `${JSON.stringify(referenceId)} is not a usable reference id`, {
      subject: referenceId,
      hint: "lower-case letters, digits and hyphens, not starting or ending with a hyphen; workspace is reserved",
    });
  }
  const unit = serviceUnit(workspaceId, referenceId);
  const path = `workspaces/${unit}.yaml`;
  requireFree(tree, path);
  return { unit, path };
}

/** Refuses to write over anything. Errors: `already-exists`. */
function requireFree(tree: DefinitionTree, path: string): void {
  if (!tree.entries.some((entry) => entry.path === path)) return;
  throw new OperationError("already-exists", `${path} is already there`, {
    subject: path,
    hint: "choose another reference id, or edit the file; nothing was written",
  });
}

/** Checks a file in its place before it is written: only values that are still open may be missing. */
export function checkNewFile(
  tree: DefinitionTree,
  { choices, path, text }: { choices: ServiceChoices; path: string; text: string },
):
  | { readonly ok: true; readonly warnings: readonly Problem[]; readonly ingress: ServiceIngress | undefined }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const after = loadPlatform(overlayTree(tree, new Map([[path, text]])));
  const found = findNewProblems(choices.problems, after.problems).filter(
    ({ file, code }) => file !== path || code !== "missing-value",
  );
  if (hasErrors(found)) return { ok: false, problems: found };
  const services = after.platform?.clusters.flatMap(({ workspaces }) =>
    workspaces.flatMap((w) => w.services),
  );
  const ingress = services?.find((service) => service.source.file === path)?.ingress;
  return { ok: true, warnings: found, ingress };
}

/** Required values that stand neither in helm_values nor among the secrets. */
export function listOpenValues(
  template: Template,
  { unit, path, has }: { unit: string; path: string; has: (key: string) => boolean },
): OpenValue[] {
  return template.specs
    .filter((spec) => spec.required && spec.defaultValue === undefined && !has(spec.key))
    .map((spec) => ({
      key: spec.key,
      label: spec.label,
      hint: spec.type === "password" ? secretCommand(unit, spec) : `write it below helm_values in ${path}`,
    }));
}

/** True where only verified charts run and the service's is not in the lock file: then nobody would run it. */
export async function needsChartLock(
  { platform }: ServiceChoices,
  service: Pick<Service, "template" | "chartVersion">,
): Promise<boolean> {
  return platform.charts === "verified" && !(await isLocked(platform, service));
}

/** Encrypts a draft's passwords, for whom .sops.yaml says; a draft without any stays as it is. */
export async function seal(
  tree: DefinitionTree,
  draft: {
    readonly draft: string;
    readonly path: string;
    readonly unit: string;
    readonly secrets: Readonly<Record<string, string>>;
    readonly tools: SealTools;
  },
): Promise<string> {
  const { path, unit: bind, secrets: set, tools } = draft;
  if (Object.keys(set).length === 0) return draft.draft;
  const recipients = requireRecipients(tree, path);
  const sealed = await sealSecrets({ text: draft.draft, set, bind, recipients, identities: [], tools });
  if (!sealed.ok) throw sealError(sealed.error, path);
  return sealed.text;
}

/** Passwords for every required spec that says how they are made, beside those that are given. */
export function makeSecrets(
  template: Template,
  given: Readonly<Record<string, string>>,
  tools: SealTools,
): { readonly secrets: Readonly<Record<string, string>>; readonly generated: readonly string[] } {
  const secrets: Record<string, string> = { ...given };
  const generated: string[] = [];
  for (const { key, required, generate } of template.specs) {
    if (!required || generate === undefined || secrets[key] !== undefined) continue;
    secrets[key] = generatePassword(generate, tools.randomBytes);
    generated.push(key);
  }
  return { secrets, generated };
}

/** What a person says about a service's address. */
export interface AddressOptions {
  readonly subdomain?: string | undefined;
  readonly customDomain?: string | undefined;
  readonly isPrivate?: boolean | undefined;
}

/** Refuses an address for an app that speaks no HTTP, and none for one that builds its own links. Errors: `usage`. */
export function requireHost(
  template: Template,
  { subdomain, customDomain, isPrivate = false }: AddressOptions,
): void {
  const hasHost = subdomain !== undefined || customDomain !== undefined;
  if (!template.ingressEnabled && (hasHost || isPrivate)) {
    throw new OperationError("usage", `${template.name} speaks no HTTP, so it has no address outside`, {
      subject: template.id,
      hint: "leave out --subdomain, --custom-domain and --private; its workspace reaches it by its name",
    });
  }
  if (!template.needsHost || hasHost) return;
  throw new OperationError("usage", `${template.name} must know its own address, so it needs a host`, {
    subject: template.id,
    hint: "add --subdomain NAME (NAME.<the platform's domain>)",
  });
}

/** Refuses a host that another service has, naming that one. Errors: `already-exists`. */
export function requireFreeHost(
  { definitions, platform }: ServiceChoices,
  { subdomain, customDomain }: AddressOptions,
): void {
  for (const { workspaceId, id, value } of definitions.services) {
    const isTaken = subdomain !== undefined && value.subdomain === subdomain;
    if (!isTaken && (customDomain === undefined || value.custom_domain !== customDomain)) continue;
    const host = isTaken ? `${subdomain}.${platform.domain}` : (customDomain ?? "");
    throw new OperationError(
      "already-exists",
      `the host ${host} is already used by ${serviceUnit(workspaceId, id)}`,
      { subject: host, hint: "choose another one; nothing was written" },
    );
  }
}

/** The address people are given; `subdomain` counts while an open value keeps the model from being resolved. */
export function urlOf(
  ingress: ServiceIngress | undefined,
  { subdomain, domain }: { subdomain: string | undefined; domain: string },
): string | undefined {
  if (ingress !== undefined) return `https://${ingress.primaryHost}`;
  return subdomain === undefined ? undefined : `https://${subdomain}.${domain}`;
}

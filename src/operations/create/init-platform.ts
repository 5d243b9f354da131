import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { hostNamePattern } from "../../definitions/id-patterns.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { checkRecipients } from "../../secrets/age-identity.ts";
import type { SealTools } from "../../secrets/sops-text.ts";
import { sopsConfigFile, writeSopsConfig } from "../../secrets/sops-config.ts";
import { createService } from "./create-service.ts";
import { createWorkspace } from "./create-workspace.ts";
import { emptyTree, overlayTree } from "../overlay-tree.ts";
import { sealError } from "./workspace-recipients.ts";
import { writePlatformYaml } from "./write-platform-yaml.ts";
import { writeRepositoryFiles } from "./write-repository-files.ts";

export interface InitPlatformOptions {
  readonly name: string;
  readonly domain: string;
  readonly context?: string | undefined;
  /** The public half of the platform's key. */
  readonly recipient: string;
  /** The public half of a key that is kept offline. */
  readonly recoveryRecipient?: string | undefined;
  /** woow's own version. */
  readonly version: string;
  /** The catalog, charts and schemas that come with woow: path -> text. */
  readonly shipped: ReadonlyMap<string, string>;
}

/** The repository that was written; `files` is sorted. */
export type InitPlatformResult =
  | { readonly ok: true; readonly files: readonly string[]; readonly demoUnit: string }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Writes a platform repository of one's own, whole or not at all: every file is made in memory first.
 * Errors: `usage` for a name or domain nobody can use, `secrets` for a recipient, and those of the writer.
 */
export async function initPlatform(
  { writer, tools }: { readonly writer: DefinitionWriter; readonly tools: SealTools },
  options: InitPlatformOptions,
): Promise<InitPlatformResult> {
  const { name, domain, context, recipient, recoveryRecipient, version, shipped } = options;
  checkPlatformName(name);
  checkDomain(domain);
  const recipients = [recipient, ...(recoveryRecipient === undefined ? [] : [recoveryRecipient])];
  checkRecovery(recoveryRecipient);
  const sops = writeSopsConfig({ recipients });
  if (!sops.ok) throw sealError(sops.error, sopsConfigFile);

  const files = new Map<string, string>([
    ...[...shipped].filter(([path]) => !path.startsWith("schemas/")),
    ["platform.yaml", writePlatformYaml({ name, domain, context })],
    [sopsConfigFile, sops.value],
  ]);
  const memory = collectWrites(files);
  const workspace = createWorkspace(
    { tree: overlayTree(emptyTree, files), writer: memory },
    { id: "demo", name: "Demo" },
  );
  if (!workspace.ok) return workspace;
  const service = await createService(
    { tree: overlayTree(emptyTree, files), writer: memory, tools },
    { templateId: "podinfo", workspaceId: "demo", name: "Hello", subdomain: "demo" },
  );
  if (!service.ok) return service;

  const isUnfilled = context === undefined;
  const all = new Map([
    ...files,
    ...[...shipped].filter(([path]) => path.startsWith("schemas/")),
    ...writeRepositoryFiles({ name, domain, version, isUnfilled }),
  ]);
  writer.create(all);
  return { ok: true, files: [...all.keys()].sort(), demoUnit: service.service.unit };
}

/** Errors: `usage`. */
export function checkDomain(domain: string): void {
  if (domain.length <= 253 && new RegExp(hostNamePattern).test(domain)) return;
  throw new OperationError("usage", `${JSON.stringify(domain)} is not a usable domain`, {
    subject: domain,
    hint: "a lower-case domain name with at least one dot, without https:// and path, for example apps.example.com",
  });
}

/** Errors: `usage`. */
export function checkPlatformName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return;
  throw new OperationError("usage", `${JSON.stringify(name)} is not a usable platform name`, {
    subject: name,
    hint: "lower-case letters, digits and hyphens, at most 63, for example acme-prod",
  });
}

/** Errors: `secrets`. */
export function checkRecovery(recipient: string | undefined): void {
  const checked = checkRecipients(recipient === undefined ? [] : [recipient]);
  if (recipient === undefined || checked.ok) return;
  throw sealError(checked.error, "the recovery recipient");
}

/** A writer into the map of what will be written. */
function collectWrites(files: Map<string, string>): DefinitionWriter {
  return {
    create: (created) => {
      for (const [path, text] of created) files.set(path, text);
    },
    replace: (edits) => {
      for (const { path, after } of edits) files.set(path, after);
    },
    remove: (gone) => {
      for (const { path } of gone) files.delete(path);
    },
  };
}

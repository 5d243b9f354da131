import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import type { Problem } from "../../definitions/problem.ts";
import type { Template } from "../../model/template.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import type { SealTools } from "../../secrets/sops-text.ts";
import { readNamedDomain } from "../domain/list-domains.ts";
import {
  checkNewFile,
  listOpenValues,
  makeSecrets,
  needsChartLock,
  placeNewFile,
  requireFreeHost,
  requireHost,
  seal,
  urlOf,
} from "./new-service-file.ts";
import type { OpenValue } from "./new-service-file.ts";
import { findTemplate, firstFreeId, loadChoices, requireWorkspace } from "./service-choices.ts";
import { parseSettings } from "./service-settings.ts";
import { writeServiceYaml } from "./write-service-yaml.ts";

export interface CreateServiceDeps {
  readonly tree: DefinitionTree;
  readonly writer: DefinitionWriter;
  readonly tools: SealTools;
}

export interface CreateServiceOptions {
  readonly templateId: string;
  readonly workspaceId: string;
  /** Left out: `{template}-{NN}`, the first free number. */
  readonly referenceId?: string | undefined;
  /** Left out: the template's name. */
  readonly name?: string | undefined;
  readonly subdomain?: string | undefined;
  /** As people write it: any script, upper case, a dot at its end. */
  readonly customDomain?: string | undefined;
  readonly isPrivate?: boolean | undefined;
  /** `KEY=VALUE`, by the template's specs. */
  readonly settings?: readonly string[];
  /** Passwords the person typed, by spec key; those that can be generated are, unless they stand here. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A service that was written; it may still lack values that only a person knows. */
export interface CreatedService {
  readonly unit: string;
  readonly path: string;
  readonly template: Template;
  /** Absent when it has no host. */
  readonly url: string | undefined;
  readonly monthlyPrice: number;
  readonly currency: string;
  /** Keys of the passwords that were made. */
  readonly generated: readonly string[];
  readonly open: readonly OpenValue[];
  /** True: only verified charts run here, and the lock file does not have its chart. */
  readonly needsLock: boolean;
  /** What validate now says besides, for example that the quota is too small. */
  readonly warnings: readonly Problem[];
}

/** The service that was written, or why nothing was. */
export type CreateServiceResult =
  | { readonly ok: true; readonly service: CreatedService }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Writes the file of a new service: pinned, commented, its passwords made and encrypted. Nothing is written when the file
 * would bring a problem other than values that are still open.
 * Errors: `not-found`, `usage`, `already-exists`, `secrets` and those of the writer.
 */
export async function createService(
  { tree, writer, tools }: CreateServiceDeps,
  options: CreateServiceOptions,
): Promise<CreateServiceResult> {
  const { templateId, workspaceId, subdomain, isPrivate = false } = options;
  const choices = loadChoices(tree);
  const template = findTemplate(choices, templateId);
  requireWorkspace(choices, workspaceId);
  const values = parseSettings(template, options.settings ?? []);
  requireHost(template, options);
  const customDomain = options.customDomain === undefined ? undefined : readNamedDomain(options.customDomain);
  requireFreeHost(choices, { subdomain, customDomain });
  const referenceId = options.referenceId ?? firstFreeId(tree, workspaceId, templateId);
  const { unit, path } = placeNewFile(tree, { workspaceId, referenceId });
  const { secrets, generated } = makeSecrets(template, options.secrets ?? {}, tools);
  const draft = writeServiceYaml({
    template,
    workspaceId,
    referenceId,
    name: options.name ?? template.name,
    domain: choices.platform.domain,
    subdomain,
    customDomain,
    isPrivate,
    values,
    sealedKeys: Object.keys(secrets),
  });
  const text = await seal(tree, { draft, path, unit, secrets, tools });
  const open = listOpenValues(template, { unit, path, has: (key) => values.has(key) || key in secrets });
  const checked = checkNewFile(tree, { choices, path, text });
  if (!checked.ok) return checked;
  writer.create(new Map([[path, text]]));
  return {
    ok: true,
    service: {
      unit,
      path,
      template,
      url: urlOf(checked.ingress, { subdomain, domain: choices.platform.domain }),
      monthlyPrice: template.monthlyPrice,
      currency: choices.platform.currency,
      generated,
      open,
      needsLock: await needsChartLock(choices, { template, chartVersion: template.chart.version }),
      warnings: checked.warnings,
    },
  };
}

/** Required values that a service of this template must be given by a person. */
export function listRequiredValues(template: Template): ValueSpec[] {
  return template.specs.filter(
    (spec) => spec.required && spec.defaultValue === undefined && spec.generate === undefined,
  );
}

import { openDefinitionTree } from "../../edges/definition-files.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { sealTools } from "../../edges/seal-tools.ts";
import { OperationError } from "../../errors.ts";
import type { Template } from "../../model/template.ts";
import { createService, listRequiredValues } from "../../operations/create/create-service.ts";
import type { CreateServiceOptions } from "../../operations/create/create-service.ts";
import { findTemplate, loadChoices, requireWorkspace } from "../../operations/create/service-choices.ts";
import type { ServiceChoices } from "../../operations/create/service-choices.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { askTemplate, askText, askValues, askWorkspace } from "../print/ask-values.ts";
import { printNewService } from "../print/print-new-service.ts";
import { createSampleKeyWatch } from "../print/sample-key-warning.ts";

export interface CreateServiceFlags extends GlobalFlags {
  readonly workspace?: string;
  readonly name?: string;
  readonly referenceId?: string;
  readonly subdomain?: string;
  readonly customDomain?: string;
  readonly private?: boolean;
  readonly set?: readonly string[];
}

/** woow create service: asks for what is missing on a terminal, else lists it. */
export async function runCreateService(
  templateId: string | undefined,
  flags: CreateServiceFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const tree = openDefinitionTree(root);
  const choices = loadChoices(tree);
  const options =
    context.canAsk && !json
      ? await askOptions(choices, templateId, flags)
      : requireOptions(choices, templateId, flags);
  const writer = createSampleKeyWatch(context).watchWriter(openDefinitionWriter(root));
  const deps = { tree, writer, tools: sealTools };
  const result = await createService(deps, options);
  return printNewService(result, { context, json });
}

function toOptions(
  flags: CreateServiceFlags,
  chosen: { readonly templateId: string; readonly workspaceId: string },
): CreateServiceOptions {
  const { name, referenceId, subdomain, customDomain } = flags;
  const settings = flags.set ?? [];
  return {
    ...chosen,
    name,
    referenceId,
    subdomain,
    customDomain,
    isPrivate: flags.private === true,
    settings,
  };
}

/** Without a terminal: everything that is missing at once. Errors: `usage`. */
function requireOptions(
  choices: ServiceChoices,
  templateId: string | undefined,
  flags: CreateServiceFlags,
): CreateServiceOptions {
  const workspaceId = flags.workspace;
  const template = templateId === undefined ? undefined : findTemplate(choices, templateId);
  if (workspaceId !== undefined) requireWorkspace(choices, workspaceId);
  if (template !== undefined && workspaceId !== undefined)
    return toOptions(flags, { templateId: template.id, workspaceId });
  const missing = [
    ...(template === undefined ? ["TEMPLATE (woow catalog list)"] : []),
    ...(workspaceId === undefined ? [`-w WORKSPACE (${listIds(choices)})`] : []),
    ...(template === undefined ? [] : listMissing(template, flags)),
  ];
  throw new OperationError("usage", `what the new service is to be is missing: ${missing.join("; ")}`, {
    hint: "for example: woow create service postgresql -w acme; in a terminal it asks",
  });
}

function listMissing(
  template: Template,
  { set = [], subdomain, customDomain }: CreateServiceFlags,
): string[] {
  const values = listRequiredValues(template).filter(
    ({ key, type }) => type !== "password" && !set.some((setting) => setting.startsWith(`${key}=`)),
  );
  return [
    ...(template.needsHost && subdomain === undefined && customDomain === undefined
      ? ["--subdomain NAME"]
      : []),
    ...values.map(({ key, label }) => `--set ${key}=... (${label})`),
  ];
}

function listIds({ definitions }: ServiceChoices): string {
  const ids = [...definitions.workspaces.keys()].sort();
  return ids.length === 0 ? "there is none yet: woow create workspace ID" : ids.slice(0, 12).join(", ");
}

/** On a terminal. Without a template every step is asked; with one only what cannot be left out. */
async function askOptions(
  choices: ServiceChoices,
  given: string | undefined,
  flags: CreateServiceFlags,
): Promise<CreateServiceOptions> {
  const { platform, definitions } = choices;
  if (definitions.workspaces.size === 0) {
    throw new OperationError("not-found", "there is no workspace to put a service in", {
      hint: "make one first: woow create workspace ID",
    });
  }
  if (given !== undefined) findTemplate(choices, given);
  if (flags.workspace !== undefined) requireWorkspace(choices, flags.workspace);
  const active = [...platform.templates.values()].filter(({ isActive }) => isActive);
  const template = findTemplate(choices, given ?? (await askTemplate(active)));
  const workspaces = [...definitions.workspaces.values()].map(({ id, value }) => ({ id, name: value.name }));
  const workspaceId = flags.workspace ?? (await askWorkspace(workspaces));
  const isGuided = given === undefined;
  const name =
    flags.name ?? (isGuided ? await askText("Its name, for people", { usual: template.name }) : undefined);
  const subdomain = await askSubdomain(template, { flags, isGuided, domain: platform.domain });
  const settings = flags.set ?? [];
  const specs = template.specs.filter(
    (spec) =>
      spec.required &&
      spec.generate === undefined &&
      (isGuided || spec.defaultValue === undefined) &&
      !settings.some((setting) => setting.startsWith(`${spec.key}=`)),
  );
  const asked = await askValues(specs);
  return {
    ...toOptions(flags, { templateId: template.id, workspaceId }),
    name,
    subdomain,
    settings: [...settings, ...asked.settings],
    secrets: asked.secrets,
  };
}

async function askSubdomain(
  template: Template,
  { flags, isGuided, domain }: { flags: CreateServiceFlags; isGuided: boolean; domain: string },
): Promise<string | undefined> {
  const isSettled = flags.subdomain !== undefined || flags.customDomain !== undefined;
  if (isSettled || !template.ingressEnabled || !(isGuided || template.needsHost)) return flags.subdomain;
  const message = `Its subdomain, below ${domain}${template.needsHost ? "" : " (empty: no address outside)"}`;
  return askText(message, { isRequired: template.needsHost });
}

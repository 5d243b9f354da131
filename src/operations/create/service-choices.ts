import type { Definitions } from "../../definitions/definition.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { readDefinitions } from "../../definitions/read-definitions.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { serviceUnit } from "../../model/names.ts";
import type { Platform } from "../../model/platform.ts";
import { resolveModel } from "../../model/resolve.ts";
import type { Template } from "../../model/template.ts";

/** A repository as far as it can be read, problems or not: what a new service is chosen from. */
export interface ServiceChoices {
  readonly definitions: Definitions;
  readonly platform: Platform;
  readonly problems: readonly Problem[];
}

/** Reads what there is to choose from. Errors: `not-found` without a usable platform.yaml. */
export function loadChoices(tree: DefinitionTree): ServiceChoices {
  const { definitions, problems } = readDefinitions(tree);
  const resolved = resolveModel(definitions);
  const all = sortProblems([...problems, ...resolved.problems]);
  if (resolved.platform !== undefined) return { definitions, platform: resolved.platform, problems: all };
  const [first] = all.filter(({ file }) => file === "platform.yaml");
  throw new OperationError(
    "not-found",
    `platform.yaml is not usable: ${first?.message ?? "see woow validate"}`,
    {
      subject: "platform.yaml",
      hint: first?.hint ?? "woow validate names every problem with its line",
    },
  );
}

/** The template for a new service. Errors: `not-found`, and `usage` for one that takes no new services. */
export function findTemplate({ platform }: ServiceChoices, id: string): Template {
  const template = platform.templates.get(id);
  if (template === undefined) {
    throw new OperationError("not-found", `there is no usable template ${id} in catalog/`, {
      subject: id,
      hint: suggestHint(id, [...platform.templates.keys()]) ?? "woow catalog list shows them",
    });
  }
  if (!template.isActive) {
    throw new OperationError("usage", `the template ${id} is not active: it takes no new services`, {
      subject: id,
      hint: `choose another one, or write is_active: true in catalog/${id}.yaml`,
    });
  }
  return template;
}

/** Refuses a workspace that is not there. Errors: `not-found`. */
export function requireWorkspace({ definitions }: ServiceChoices, id: string): void {
  if (!id.includes("/") && definitions.present.has(id)) return;
  throw new OperationError("not-found", `there is no workspace ${id}`, {
    subject: id,
    hint: suggestHint(id, [...definitions.workspaces.keys()]) ?? `make it: woow create workspace ${id}`,
  });
}

/** `{template}-{NN}` with the first free number; a file that is only broken takes its number too. */
export function firstFreeId(tree: DefinitionTree, workspaceId: string, templateId: string): string {
  const taken = new Set(
    tree.entries.map(({ path }) => path.replace(/\.[A-Za-z]+$/, "")).map((path) => path.toLowerCase()),
  );
  for (let number = 1; ; number += 1) {
    const id = `${templateId}-${String(number).padStart(2, "0")}`;
    if (!taken.has(`workspaces/${serviceUnit(workspaceId, id)}`)) return id;
  }
}

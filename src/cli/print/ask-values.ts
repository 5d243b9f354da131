import { OperationError } from "../../errors.ts";
import type { Template } from "../../model/template.ts";
import type { ValueSpec } from "../../model/value-spec.ts";
import { readValue } from "../../operations/create/service-settings.ts";
import { escapeControls } from "./escape-controls.ts";

/** What a person answered; what was left empty is absent. */
export interface AskedValues {
  /** `KEY=VALUE`. */
  readonly settings: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
}

/** Asks which app, searched by id, name, category and tag. */
export async function askTemplate(templates: readonly Template[]): Promise<string> {
  const { search } = await import("@inquirer/prompts");
  const choices = templates.map((template) => ({
    value: template.id,
    name: `${template.id}  ${template.name === template.id ? "" : `(${escapeControls(template.name)}) `}${template.monthlyPrice} a month`,
    description: escapeControls(template.description),
    words: [template.id, template.name, template.category, ...template.tags].join(" ").toLowerCase(),
  }));
  return search({
    message: "Which app?",
    pageSize: 10,
    source: (term) => choices.filter(({ words }) => words.includes((term ?? "").trim().toLowerCase())),
  });
}

/** Asks for one of the workspaces. */
export async function askWorkspace(workspaces: readonly { id: string; name: string }[]): Promise<string> {
  const { select } = await import("@inquirer/prompts");
  return select({
    message: "In which workspace?",
    choices: workspaces.map(({ id, name }) => ({
      value: id,
      name: name === id ? id : `${id}  (${escapeControls(name)})`,
    })),
  });
}

/** Asks for a line of text; undefined when it is left empty and may be. `check` throws what is wrong with it. */
export async function askText(
  message: string,
  {
    usual,
    isRequired = false,
    check,
  }: { usual?: string | undefined; isRequired?: boolean; check?: (text: string) => unknown } = {},
): Promise<string | undefined> {
  const { input } = await import("@inquirer/prompts");
  const answer = await input({
    message,
    ...(usual === undefined ? {} : { default: usual }),
    validate: (text) => {
      if (text.trim() === "") return isRequired ? "this is needed" : true;
      return check === undefined ? true : faultOf(() => check(text.trim()));
    },
  });
  return answer.trim() === "" ? undefined : answer.trim();
}

/** Asks for each of these values in turn. What is left empty can be given later. */
export async function askValues(specs: readonly ValueSpec[]): Promise<AskedValues> {
  const settings: string[] = [];
  const secrets: Record<string, string> = {};
  for (const spec of specs) {
    if (spec.type === "password") {
      const { password } = await import("@inquirer/prompts");
      const answer = await password({
        message: `${escapeControls(spec.label)} (empty: set it later)`,
        mask: true,
      });
      if (answer !== "") secrets[spec.key] = answer;
    } else {
      const answer = await askValue(spec);
      if (answer !== undefined) settings.push(`${spec.key}=${answer}`);
    }
  }
  return { settings, secrets };
}

async function askValue(spec: ValueSpec): Promise<string | undefined> {
  const { confirm, select } = await import("@inquirer/prompts");
  const usual = spec.defaultValue;
  const label = escapeControls(spec.label);
  if (spec.type === "boolean") {
    return String(await confirm({ message: `${label}?`, default: usual === true }));
  }
  if (spec.type === "select") {
    return select({
      message: label,
      choices: [...(spec.options ?? [])],
      ...(usual === undefined ? {} : { default: String(usual) }),
    });
  }
  const example = spec.placeholder === undefined ? "" : `for example ${escapeControls(spec.placeholder)}; `;
  const message = usual === undefined ? `${label} (${example}empty: later)` : label;
  return askText(message, {
    usual: usual === undefined ? undefined : String(usual),
    check: (text) => readValue(spec, text),
  });
}

function faultOf(check: () => unknown): true | string {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof OperationError)
      return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    throw error;
  }
}

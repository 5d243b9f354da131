import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { findRoot } from "../context.ts";
import type { CliContext } from "../context.ts";
import { completionScripts } from "../print/completion-scripts.ts";
import type { Shell } from "../print/completion-scripts.ts";
import { escapeControls } from "../print/escape-controls.ts";

/** woow completion: the script that a shell loads. It asks `woow __complete` at every press of the key. */
export function runCompletion(shell: Shell, context: CliContext): void {
  context.stdout(completionScripts[shell]);
}

/** One word to offer, and what it is. */
interface Candidate {
  readonly value: string;
  readonly about?: string;
}

/** Candidates, or a word to the shell that it completes paths better itself. */
type Completion = readonly Candidate[] | "folders" | "files";

/**
 * woow __complete SHELL -- WORDS: what the last word can become, one candidate a line (`value`, a tab, what it is),
 * or `:folders` or `:files`. Whatever goes wrong, nothing is printed: a completion must never disturb a prompt.
 */
export async function runComplete(
  program: Command,
  { shell, words }: { readonly shell: string; readonly words: readonly string[] },
  context: CliContext,
): Promise<void> {
  try {
    const joined = joinAssignments(words);
    const last = joined.at(-1) ?? "";
    const completion = await completeWords(program, joined, context);
    if (typeof completion === "string") {
      context.stdout(`:${completion}\n`);
      return;
    }
    // bash replaces only what stands after the =, the others the whole word
    const assigned = shell !== "bash" ? /^--[^=]+=/.exec(last)?.[0] : undefined;
    const typed = /^--[^=]+=/.test(last) ? last.slice(last.indexOf("=") + 1) : last;
    for (const { value, about } of completion) {
      // a name with control characters is a problem of its own, and none to put on a command line
      if (!value.startsWith(typed) || escapeControls(value) !== value) continue;
      const word = `${assigned ?? ""}${value}`;
      context.stdout(
        about === undefined || shell === "bash" ? `${word}\n` : `${word}\t${firstLine(about)}\n`,
      );
    }
  } catch {
    // see above
  }
}

/** bash splits --flag=value at the =; the others do not. */
function joinAssignments(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    const isOpen = before !== undefined && /^--[^=]+=$/.test(before);
    if (word === "=" && before?.startsWith("--") === true && !before.includes("=")) {
      joined[joined.length - 1] = `${before}=`;
    } else if (isOpen) joined[joined.length - 1] = `${before}${word}`;
    else joined.push(word);
  }
  return joined;
}

async function completeWords(
  program: Command,
  words: readonly string[],
  context: CliContext,
): Promise<Completion> {
  const last = words.at(-1) ?? "";
  let command = program;
  const operands: string[] = [];
  const used = new Set<Option>();
  let directory: string | undefined;
  let open: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (open !== undefined) {
      if (open.long === "--directory") directory = word;
      open = undefined;
      continue;
    }
    if (word.startsWith("-") && word !== "-") {
      const [flag = word, value] = word.split("=", 2);
      const option = findOption(command, flag);
      if (option === undefined) continue;
      if (!option.variadic && option.argChoices === undefined) used.add(option);
      if (option.long === "--directory") directory = value;
      if (takesValue(option) && value === undefined) open = option;
      continue;
    }
    const next = operands.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (next === undefined) operands.push(word);
    else command = next;
  }
  const root = findRoot(directory === undefined ? {} : { directory }, context);
  if (open !== undefined) return completeOption(open, root);
  const assigned = /^(--[^=]+)=/.exec(last)?.[1];
  if (assigned !== undefined) {
    const option = findOption(command, assigned);
    return option === undefined || !takesValue(option) ? [] : completeOption(option, root);
  }
  if (last.startsWith("-")) return listFlags(command, used);
  if (operands.length === 0 && command.commands.length > 0) return listCommands(command);
  const argument = command.registeredArguments[operands.length] ?? lastVariadic(command);
  return argument === undefined ? [] : completeArgument(argument, command, root);
}

function listCommands(command: Command): Candidate[] {
  const found = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), about: each.description() }));
  return found.sort((a, b) => (a.value < b.value ? -1 : 1));
}

function listFlags(command: Command, used: ReadonlySet<Option>): Candidate[] {
  const inherited = ancestorsOf(command).flatMap((each) => each.options);
  return [...command.options, ...inherited]
    .filter((option) => !option.hidden && !used.has(option) && option.long !== "--version")
    .flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : { value: long, about: description },
    )
    .concat({ value: "--help", about: "show help, with an example" });
}

function findOption(command: Command, flag: string): Option | undefined {
  return [command, ...ancestorsOf(command)]
    .flatMap((each) => each.options)
    .find((option) => option.long === flag || option.short === flag);
}

function ancestorsOf(command: Command): Command[] {
  const result: Command[] = [];
  for (let { parent } = command; parent !== null; parent = parent.parent) result.push(parent);
  return result;
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function lastVariadic(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic === true ? last : undefined;
}

function completeOption(option: Option, root: string): Promise<Completion> {
  if (option.argChoices !== undefined) return Promise.resolve(option.argChoices.map((value) => ({ value })));
  const placeholder = /<([^>]+)>|\[([^\]]+)\]/.exec(option.flags);
  const word = placeholder?.[1] ?? placeholder?.[2] ?? "";
  const name = option.long?.slice(2) ?? "";
  return completeValue(name in listers ? name : word, root);
}

function completeArgument(argument: Argument, command: Command, root: string): Promise<Completion> {
  if (argument.argChoices !== undefined) {
    return Promise.resolve(argument.argChoices.map((value) => ({ value })));
  }
  return completeValue(meanings[`${command.parent?.name()} ${argument.name()}`] ?? argument.name(), root);
}

/** What an argument of a group of commands is, where its own name does not say it. */
const meanings: Readonly<Record<string, string>> = {
  "catalog id": "template",
  "catalog ids": "template",
  "secrets unit": "service",
  "secrets units": "service",
  "domain domain": "known-domain",
};

async function completeValue(name: string, root: string): Promise<Completion> {
  if (/^(dir|directory|.*-dir)$/.test(name)) return "folders";
  if (/^(file|path|.*-file)$/.test(name)) return "files";
  const list = listers[name];
  return list === undefined ? [] : (await list(root)).map((value) => ({ value }));
}

/** What stands on disk by name; no definition is parsed, so that it is quick and works on a broken platform. */
const listers: Readonly<Record<string, (root: string) => readonly string[] | Promise<readonly string[]>>> = {
  template: listTemplates,
  workspace: listWorkspaces,
  service: listServices,
  unit: (root) => ["platform", ...listWorkspaces(root), ...listServices(root)],
  "remove-unit": (root) => [...listWorkspaces(root), ...listServices(root)],
  cluster: listClusters,
  "known-domain": listDomains,
  category: async () => (await import("../../model/template.ts")).categories,
  role: () => ["owner", "admin", "member", "viewer"],
};

function listTemplates(root: string): string[] {
  return listYaml(join(root, "catalog"));
}

function listWorkspaces(root: string): string[] {
  return readdirSync(join(root, "workspaces"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function listServices(root: string): string[] {
  return listWorkspaces(root).flatMap((workspace) =>
    listYaml(join(root, "workspaces", workspace))
      .filter((name) => name !== "workspace")
      .map((name) => `${workspace}/${name}`),
  );
}

/** What stands behind the key in files of services and in domains.yaml. */
function listDomains(root: string): string[] {
  const read = (path: string, key: RegExp) => {
    const file = join(root, path);
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return [...text.matchAll(key)].map(([, domain = ""]) => domain);
  };
  const wanted = listServices(root).flatMap((unit) =>
    read(`workspaces/${unit}.yaml`, /^custom_domain: *"?([a-z0-9.-]+)/gm),
  );
  return [...new Set([...wanted, ...read("domains.yaml", /\bdomain: *"?([a-z0-9.-]+)/g)])].sort();
}

function listYaml(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && !name.startsWith("."))
    .map((name) => name.slice(0, -".yaml".length))
    .sort();
}

async function listClusters(root: string): Promise<string[]> {
  const { parse } = await import("yaml");
  const platform = parse(readFileSync(join(root, "platform.yaml"), "utf8")) as { clusters?: object } | null;
  return Object.keys(platform?.clusters ?? {}).sort();
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}

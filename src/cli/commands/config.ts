import { existsSync } from "node:fs";
import { join } from "node:path";
import { defaultKeyFile, initKeyFile, sampleKeyFile } from "../../edges/age-keys.ts";
import { openDefinitionTree } from "../../edges/definition-files.ts";
import { explainPlatform } from "../../operations/explain-config.ts";
import type { Setting } from "../../operations/explain-config.ts";
import { findRoot } from "../context.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { readActor, readLockTermMs } from "../machine-settings.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";
import { printDocument } from "../print/print-rows.ts";
import type { OutputFormat } from "../print/print-rows.ts";
import { formatTable } from "../print/table.ts";

export interface ConfigFlags extends GlobalFlags {
  readonly output?: OutputFormat;
}

/** woow config: every setting, its value, and who says so. Reads no key. */
export function runConfig(flags: ConfigFlags, context: CliContext): number {
  const json = flags.json === true;
  const root = findRoot(flags, context);
  const { settings: platform, problems } = explainPlatform(openDefinitionTree(root));
  const settings = [
    ...listMachineSettings(root, flags, context),
    ...listKeySettings(root, { context, platform: platform.find(({ name }) => name === "name")?.value }),
    ...platform,
  ];
  const errors = problems.filter(({ severity }) => severity === "error");
  printProblems(errors, { context, json });
  if (json) for (const setting of settings) printEvent(context, { type: "setting", ...setting });
  else if (flags.output === "json" || flags.output === "yaml")
    printDocument(context, { format: flags.output, document: { settings } });
  else if (flags.output === "name") for (const { name } of settings) context.stdout(`${name}\n`);
  else {
    context.stdout(
      formatTable<Setting>(settings, [
        { title: "SETTING", text: ({ name }) => name },
        { title: "VALUE", text: ({ value }) => formatValue(value) },
        { title: "SOURCE", text: ({ source }) => source },
      ]),
    );
  }
  return errors.length > 0 ? exitStatus.failed : exitStatus.done;
}

function formatValue(value: Setting["value"]): string {
  if (value === null) return "(not set)";
  if (typeof value === "object") return value.length === 0 ? "(none)" : value.join(", ");
  return String(value);
}

/** What flags and the environment decide. */
function listMachineSettings(root: string, flags: GlobalFlags, context: CliContext): Setting[] {
  const { environment } = context;
  const isSet = (variable: string) => (environment[variable] ?? "") !== "";
  const fromVariable = (name: string, variable: string, fallback: string): Setting =>
    isSet(variable)
      ? { name, value: hideKeys(environment[variable] ?? ""), source: variable }
      : { name, value: fallback, source: "default" };
  return [
    { name: "directory", value: root, source: directorySource(root, flags, context) },
    { name: "json", value: flags.json === true, source: flags.json === true ? "--json" : "default" },
    { name: "color", value: context.colors.stdout, source: colorSource(context) },
    {
      name: "questions",
      value: context.canAsk,
      source:
        isSet("CI") && environment["CI"] !== "false" ? "CI" : `default (${terminalWord(context.canAsk)})`,
    },
    fromVariable("output", "CDK8S_OUTDIR", "dist"),
    fromVariable("helm", "WOOW_HELM", "helm"),
    fromVariable("resolver", "WOOW_DNS", "the name servers of this machine"),
    fromVariable("context", "WOOW_CONTEXT", "(that of the cluster in platform.yaml)"),
    fromVariable("actor", "WOOW_ACTOR", readActor({})),
    { ...fromVariable("lock_term", "WOOW_LOCK_TERM", ""), value: `${readLockTermMs(environment) / 1000}s` },
  ];
}

function directorySource(root: string, flags: GlobalFlags, { environment }: CliContext): string {
  if (flags.directory !== undefined && flags.directory !== "") return "--directory";
  if ((environment["WOOW_DIRECTORY"] ?? "") !== "") return "WOOW_DIRECTORY";
  return existsSync(join(root, "platform.yaml"))
    ? "default (nearest folder with a platform.yaml)"
    : "default (no platform.yaml found upwards)";
}

function colorSource({ environment, colors, stdoutIsTty }: CliContext): string {
  if ((environment["NO_COLOR"] ?? "") !== "") return "NO_COLOR";
  if (environment["TERM"] === "dumb" && !colors.stdout) return "TERM";
  return `default (${terminalWord(stdoutIsTty)})`;
}

function terminalWord(isTerminal: boolean): string {
  return isTerminal ? "a terminal" : "no terminal";
}

/** Where age keys are looked for, in the order they are tried. Paths only: no key file is opened. */
function listKeySettings(
  root: string,
  { context, platform }: { context: CliContext; platform: Setting["value"] | undefined },
): Setting[] {
  const { environment } = context;
  const settings: Setting[] = [];
  for (const variable of ["WOOW_AGE_KEY_FILE", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"]) {
    const value = environment[variable] ?? "";
    if (value === "") continue;
    const shown = variable === "SOPS_AGE_KEY" ? "(set, not shown)" : describeFile(hideKeys(value));
    settings.push({ name: "age_key", value: shown, source: variable });
  }
  settings.push({ name: "age_key", value: describeFile(defaultKeyFile(environment)), source: "default" });
  if (typeof platform === "string") {
    const file = describeFile(initKeyFile(platform, environment));
    settings.push({ name: "age_key", value: file, source: "default (made by woow init)" });
  }
  const sample = join(root, sampleKeyFile);
  if (existsSync(sample)) {
    settings.push({
      name: "age_key",
      value: sampleKeyFile,
      source: "the sample's public key, in the repository",
    });
  }
  return settings;
}

function describeFile(path: string): string {
  return existsSync(path) ? path : `${path} (not there)`;
}

/** A key pasted where a path belongs must not be printed back. */
function hideKeys(value: string): string {
  return /AGE-(SECRET-KEY|PLUGIN)-/i.test(value) ? "(a key instead of a path, not shown)" : value;
}

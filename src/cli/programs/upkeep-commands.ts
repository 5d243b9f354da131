import { Argument, InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { UpdateFlags } from "../commands/catalog-update.ts";
import type { ConfigFlags } from "../commands/config.ts";
import type { OutdatedFlags } from "../commands/outdated.ts";
import type { SchemasFlags } from "../commands/schemas.ts";
import type { UpgradeFlags } from "../commands/upgrade.ts";
import type { Shell } from "../print/completion-scripts.ts";
import { addCommand, collect } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";

const formats = ["table", "json", "yaml", "name"];

/** outdated, upgrade, catalog update, schemas, config and completion. */
export function addUpkeepCommands(program: Command, parts: ProgramParts): void {
  addPinCommands(program, parts);
  addShippedCommands(program, parts);
  const { context, setStatus } = parts;

  addCommand(program, "config", {
    summary: "Print every setting, its value, and the flag, variable or line that says so.",
    example: "woow config",
  })
    .addOption(outputOption())
    .action(async (_, command: Command) => {
      const { runConfig } = await import("../commands/config.ts");
      setStatus(runConfig(command.optsWithGlobals<ConfigFlags>(), context));
    });

  addCommand(program, "completion", {
    summary: "Print a script that completes commands, flags and names in your shell.",
    example: "source <(woow completion bash)",
  })
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell) => {
      const { runCompletion } = await import("../commands/completion.ts");
      runCompletion(shell, context);
    });

  program
    .command("__complete", { hidden: true })
    .argument("<shell>")
    .argument("[words...]")
    .action(async (shell: string, words: readonly string[]) => {
      const { runComplete } = await import("../commands/completion.ts");
      await runComplete(program, { shell, words }, context);
    });
}

function addPinCommands(program: Command, { context, setStatus }: ProgramParts): void {
  addCommand(program, "outdated", {
    summary: "List services whose chart version is not the catalog's, and templates behind the shipped ones.",
    example: "woow outdated\nwoow outdated -w acme -o json",
  })
    .addOption(outputOption())
    .option("-w, --workspace <id>", "only this workspace (repeatable)", collect)
    .option("-s, --service <workspace/reference>", "only this service (repeatable)", collect)
    .option("--template <id>", "only services of this template (repeatable)", collect)
    .action(async (_, command: Command) => {
      const { runOutdated } = await import("../commands/outdated.ts");
      setStatus(runOutdated(command.optsWithGlobals<OutdatedFlags>(), context));
    });

  addCommand(program, "upgrade", {
    summary: "Set the chart version that services pin, and nothing else in their files.",
    example:
      'woow upgrade acme/podinfo-01\nwoow upgrade --template n8n --limit 2\nwoow upgrade acme/podinfo-01 --to "6.14.0"',
  })
    .argument("[service]", "the service, as workspace/reference")
    .option("-w, --workspace <id>", "the services of this workspace (repeatable)", collect)
    .option("--template <id>", "the services of this template (repeatable)", collect)
    .option("--all", "every service that is behind")
    .option("--to <version>", "this version instead of the catalog's; the only way back")
    .option("--limit <number>", "at most so many services, in order of their names", parseLimit)
    .option("--dry-run", "only say what would change")
    .action(async (service: string | undefined, _, command: Command) => {
      const { runUpgrade } = await import("../commands/upgrade.ts");
      setStatus(runUpgrade(service, command.optsWithGlobals<UpgradeFlags>(), context));
    });
}

function addShippedCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const catalog =
    program.commands.find((command) => command.name() === "catalog") ??
    program.command("catalog").description("The catalog of templates.");
  addCommand(catalog, "update", {
    summary:
      "Bring the templates and charts that this woow ships, as a diff; your own changes stay unless named.",
    example: "woow catalog update --dry-run\nwoow catalog update n8n --yes",
  })
    .argument("[id...]", "templates (or charts/NAME) to replace even where yours differ")
    .option("--dry-run", "only print the diff")
    .option("-y, --yes", "write without asking: new files, and those named")
    .action(async (items: readonly string[], _, command: Command) => {
      const { runCatalogUpdate } = await import("../commands/catalog-update.ts");
      setStatus(await runCatalogUpdate(items, command.optsWithGlobals<UpdateFlags>(), context));
    });

  addCommand(program, "schemas", {
    summary: "Bring the JSON Schemas that editors check definitions with, as a diff.",
    example: "woow schemas --check\nwoow schemas --yes",
  })
    .option("--check", "only say whether they are fresh; exit 1 when not")
    .option("--dry-run", "only print the diff")
    .option("-y, --yes", "write without asking")
    .action(async (_, command: Command) => {
      const { runSchemas } = await import("../commands/schemas.ts");
      setStatus(await runSchemas(command.optsWithGlobals<SchemasFlags>(), context));
    });
}

function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print it").choices(formats).default("table");
}

function parseLimit(text: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}

import { Command } from "commander";
import type { CliContext } from "./context.ts";
import { addClusterCommands } from "./programs/cluster-commands.ts";
import { addCareCommands } from "./programs/care-commands.ts";
import { addCatalogCommands } from "./programs/catalog-commands.ts";
import { addCreateCommands } from "./programs/create-commands.ts";
import { addDataCommands } from "./programs/data-commands.ts";
import { addDefinitionCommands } from "./programs/definition-commands.ts";
import { addDomainCommands } from "./programs/domain-commands.ts";
import { addHistoryCommands } from "./programs/history-commands.ts";
import { addUpkeepCommands } from "./programs/upkeep-commands.ts";
import { addServiceCommands } from "./programs/service-commands.ts";
import { addSecretsCommands } from "./programs/secrets-commands.ts";
import { escapeLines } from "./print/escape-controls.ts";
import { version } from "./version.ts";

/** A command's action: what it is given, and the exit status it ends with. */
export type SetStatus = (status: number) => void;

/** The command tree. Actions load their code when they run, so that a command pays only for itself. */
export function buildProgram(context: CliContext, setStatus: SetStatus): Command {
  const program = new Command("woow");
  program
    .description("A PaaS on K3s from YAML in git.")
    .version(version, "-V, --version", "print the version")
    .option(
      "-C, --directory <dir>",
      "the platform repository (default: the nearest folder with a platform.yaml)",
    )
    .option("--json", "one JSON event a line instead of text")
    .configureHelp({ showGlobalOptions: true })
    .helpOption("-h, --help", "show help, with an example")
    .helpCommand("help [command]", "show help for a command")
    .showHelpAfterError("(add --help for what the command takes)")
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: context.stdout,
      writeErr: (text) => context.stderr(escapeLines(text)),
      getOutHasColors: () => context.colors.stdout,
      getErrHasColors: () => context.colors.stderr,
    })
    .exitOverride();
  addDefinitionCommands(program, { context, setStatus });
  addClusterCommands(program, { context, setStatus });
  addDataCommands(program, { context, setStatus });
  addHistoryCommands(program, { context, setStatus });
  addServiceCommands(program, { context, setStatus });
  addCareCommands(program, { context, setStatus });
  addCreateCommands(program, { context, setStatus });
  addCatalogCommands(program, { context, setStatus });
  // after the catalog commands: it adds one to them
  addUpkeepCommands(program, { context, setStatus });
  addDomainCommands(program, { context, setStatus });
  addSecretsCommands(program, { context, setStatus });
  return program;
}

import { Option } from "commander";
import type { Command } from "commander";
import type { StatusFlags } from "../commands/status.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addConnection, addSelection } from "./cluster-commands.ts";

const statusFormats = ["table", "wide", "json", "yaml", "name"];

/** status, logs, retry and restart: what runs, and one service at a time. */
export function addServiceCommands(program: Command, { context, setStatus }: ProgramParts): void {
  const status = addCommand(program, "status", {
    summary:
      "Show how every service stands: state, chart, revision, URL, certificate, and why it does not run.",
    example: "woow status\nwoow status -w 123 --watch\nwoow status -o json --exit-code",
  });
  addConnection(addSelection(status))
    .addOption(new Option("-o, --output <format>", "how to print it").choices(statusFormats).default("table"))
    .option("--watch", "go on until Ctrl-C: draw the table anew, or print each change")
    .option("--exit-code", "exit status 5 when a service does not run")
    .action(async (_, command: Command) => {
      const { runStatus } = await import("../commands/status.ts");
      setStatus(await runStatus(command.optsWithGlobals<StatusFlags>(), context));
    });
}

import { Option } from "commander";
import type { Command } from "commander";
import type { LogsFlags } from "../commands/logs.ts";
import type { ActionFlags } from "../commands/service-action.ts";
import type { StatusFlags } from "../commands/status.ts";
import { addCommand } from "./add-command.ts";
import type { ProgramParts } from "./add-command.ts";
import { addConnection, addSelection, addWaiting, addWriting } from "./cluster-commands.ts";

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

  const logs = addCommand(program, "logs", {
    summary: "Print what a service's pods say, or the job that runs its chart.",
    example:
      "woow logs 123/n8n-01 --follow\nwoow logs 123/n8n-01 --previous --tail 500\nwoow logs 123/n8n-01 --job",
  }).argument("<service>", "the service, as workspace/reference");
  addConnection(logs)
    .option("-f, --follow", "go on until Ctrl-C, with pods that come later")
    .option("--tail <lines>", 'the last lines of each container, or "all" (default: 100)')
    .option("--since <span>", "not older than this: 30s, 10m, 2h, 1d")
    .option("--container <name>", "only this container; the only way to those that prepare a pod")
    .option("--previous", "of the container before its last restart")
    .option("--job", "of the job that runs the chart, instead of the app")
    .action(async (service: string, _, command: Command) => {
      const { runLogs } = await import("../commands/logs.ts");
      setStatus(await runLogs(service, command.optsWithGlobals<LogsFlags>(), context));
    });

  const retry = addCommand(program, "retry", {
    summary: "Run the chart of a service again, as it stands in the cluster, where that failed.",
    example: "woow retry 123/n8n-01",
  }).argument("<service>", "the service, as workspace/reference");
  addWaiting(addWriting(addConnection(retry))).action(async (service: string, _, command: Command) => {
    const { runRetry } = await import("../commands/service-action.ts");
    setStatus(await runRetry(service, command.optsWithGlobals<ActionFlags>(), context));
  });

  const restart = addCommand(program, "restart", {
    summary: "Make the pods of a service anew, one after the other where its chart allows it.",
    example: "woow restart 123/n8n-01",
  }).argument("<service>", "the service, as workspace/reference");
  addWaiting(addWriting(addConnection(restart))).action(async (service: string, _, command: Command) => {
    const { runRestart } = await import("../commands/service-action.ts");
    setStatus(await runRestart(service, command.optsWithGlobals<ActionFlags>(), context));
  });
}

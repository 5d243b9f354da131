import type { Command } from "commander";
import type { CliContext } from "../context.ts";

/** What every group of commands is built with. */
export interface ProgramParts {
  readonly context: CliContext;
  readonly setStatus: (status: number) => void;
}

/** A command with its example; every command has one. */
export function addCommand(
  parent: Command,
  usage: string,
  { summary, example }: { readonly summary: string; readonly example: string },
): Command {
  return parent
    .command(usage)
    .description(summary)
    .addHelpText(
      "after",
      `\nExample:\n${example
        .split("\n")
        .map((line) => `  $ ${line}`)
        .join("\n")}`,
    );
}

/** Collects a flag that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

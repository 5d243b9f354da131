import { CommanderError } from "commander";
import { OperationError } from "../errors.ts";
import { createContext } from "./context.ts";
import { exitStatus } from "./exit-status.ts";
import { printError } from "./print/print-error.ts";
import { buildProgram } from "./program.ts";

/** Runs one command line and gives its exit status. The only place that catches what the world refused. */
export async function runCli(args: readonly string[]): Promise<number> {
  const context = createContext();
  const status = { value: 0 };
  const program = buildProgram(context, (value) => {
    status.value = value;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return status.value;
  } catch (error) {
    // commander has printed its own message already
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.failed;
    if (isPromptAbort(error)) {
      context.stderr("stopped; nothing was written\n");
      return exitStatus.failed;
    }
    if (error instanceof OperationError) {
      printError(error, { context, json: args.includes("--json") });
      return exitStatus.failed;
    }
    throw error;
  }
}

function isPromptAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "ExitPromptError" || error.name === "AbortPromptError");
}

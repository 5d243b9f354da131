import { CommanderError } from "commander";
import { OperationError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
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
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitStatus.done;
      // commander has told people already, on standard error; programs that asked for lines get theirs
      if (args.includes("--json")) printError(usageError(error), { context, json: true });
      return exitStatus.failed;
    }
    if (isPromptAbort(error)) {
      context.stderr("stopped; nothing was written\n");
      return exitStatus.failed;
    }
    if (error instanceof OperationError) {
      printError(error, { context, json: args.includes("--json") });
      return refusals.has(error.code) ? exitStatus.refused : exitStatus.failed;
    }
    throw error;
  }
}

/** Refused before any write. */
const refusals: ReadonlySet<ErrorCode> = new Set(["refused", "lock-held", "wrong-cluster", "stale-plan"]);

function usageError(error: CommanderError): OperationError {
  const message = error.message.replace(/^error: /, "").split("\n", 1)[0] ?? error.message;
  return new OperationError("usage", message, { hint: "woow help shows what each command takes" });
}

function isPromptAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "ExitPromptError" || error.name === "AbortPromptError");
}

import { OperationError } from "../../errors.ts";
import { rebindServiceSecrets } from "../../operations/secrets/rebind-service-secrets.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";

export interface SecretsRebindFlags extends GlobalFlags {
  readonly yes?: boolean;
}

/** woow secrets rebind: takes over secrets that were made for another service. */
export async function runSecretsRebind(
  unit: string,
  flags: SecretsRebindFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const confirm = async (message: string): Promise<boolean> => {
    if (flags.yes === true) return true;
    if (context.canAsk) {
      const prompts = await import("@inquirer/prompts");
      return prompts.confirm({ message, default: false });
    }
    throw new OperationError("needs-terminal", message, {
      subject: unit,
      hint: "--yes ties them without asking; nothing was written",
    });
  };
  const result = await rebindServiceSecrets({ ...createSecretDeps(flags, context), confirm }, { unit });
  if (!result.ok) return printRefusal(result.problems, output);
  const { path, outcome } = result;
  if (outcome === "declined") {
    context.stderr("stopped; nothing was written\n");
    return exitStatus.failed;
  }
  printFile({ path, outcome: outcome === "configured" ? "configured" : "unchanged" }, output);
  if (outcome === "configured") {
    const message = "whoever could read these secrets in their old place knows them still";
    const hint = `give this service its own: woow secrets regenerate ${unit} KEY`;
    printNote({ code: "same-passwords", message, hint }, output);
  }
  return exitStatus.done;
}

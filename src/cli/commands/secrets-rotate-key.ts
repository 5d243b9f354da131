import { rotateSecretKeys } from "../../operations/secrets/rotate-secret-keys.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";

export interface SecretsRotateKeyFlags extends GlobalFlags {
  readonly workspace?: readonly string[];
}

/** woow secrets rotate-key: new data keys, same values. */
export async function runSecretsRotateKey(
  units: readonly string[],
  flags: SecretsRotateKeyFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const options = { units, workspaces: flags.workspace ?? [] };
  const result = await rotateSecretKeys(createSecretDeps(flags, context), options);
  if (!result.ok) return printRefusal(result.problems, output);
  for (const path of result.paths) printFile({ path, outcome: "configured" }, output);
  if (result.paths.length === 0) {
    printNote({ code: "nothing-to-do", message: "no service there has secrets" }, output);
  }
  return exitStatus.done;
}

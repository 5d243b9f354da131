import { setSecret } from "../../operations/secrets/set-secret.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { askSecret } from "../print/ask-secret.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";

export interface SecretsSetFlags extends GlobalFlags {
  readonly force?: boolean;
  readonly allowEmpty?: boolean;
  readonly trim?: boolean;
}

/** woow secrets set: one value, from a hidden prompt or standard input. */
export async function runSecretsSet(
  { unit, key }: { readonly unit: string; readonly key: string },
  flags: SecretsSetFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const deps = {
    ...createSecretDeps(flags, context),
    readValue: () => askSecret(`${key} of ${unit}`, { context, trim: flags.trim === true }),
    note: (note: Parameters<typeof printNote>[0]) => printNote(note, output),
  };
  const { force = false, allowEmpty = false } = flags;
  const result = await setSecret(deps, { unit, key, force, allowEmpty });
  if (!result.ok) return printRefusal(result.problems, output);
  printFile({ path: result.path, outcome: result.isChanged ? "configured" : "unchanged" }, output);
  return exitStatus.done;
}

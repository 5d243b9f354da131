import { regenerateSecrets } from "../../operations/secrets/regenerate-secrets.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";

export interface SecretsRegenerateFlags extends GlobalFlags {
  readonly force?: boolean;
}

/** woow secrets regenerate: new passwords as the template says; their values are not printed. */
export async function runSecretsRegenerate(
  { unit, keys }: { readonly unit: string; readonly keys: readonly string[] },
  flags: SecretsRegenerateFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const deps = createSecretDeps(flags, context);
  const result = await regenerateSecrets(deps, { unit, keys, force: flags.force === true });
  if (!result.ok) return printRefusal(result.problems, output);
  for (const note of result.notes) printNote(note, output);
  for (const key of result.generated) {
    if (output.json) printEvent(context, { type: "generated", unit, key } as { type: string });
    else context.stdout(`generated ${escapeControls(key)}\n`);
  }
  printFile({ path: result.path, outcome: result.generated.length > 0 ? "configured" : "unchanged" }, output);
  return exitStatus.done;
}

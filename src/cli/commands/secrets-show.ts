import { OperationError } from "../../errors.ts";
import { showSecrets } from "../../operations/secrets/show-secrets.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblemsBriefly } from "../print/print-problems.ts";
import { createSecretDeps } from "./secrets-deps.ts";

export interface SecretsShowFlags extends GlobalFlags {
  readonly force?: boolean;
}

/** woow secrets show: decrypted values on a terminal. */
export async function runSecretsShow(
  { unit, key }: { readonly unit: string; readonly key: string | undefined },
  flags: SecretsShowFlags,
  context: CliContext,
): Promise<number> {
  if (!context.stdoutIsTty && flags.force !== true) {
    throw new OperationError("needs-terminal", "secrets are shown on a terminal only", {
      subject: unit,
      hint: "--force prints them wherever standard output goes; logs keep what they see",
    });
  }
  const json = flags.json === true;
  const result = await showSecrets(createSecretDeps(flags, context), { unit, key });
  if (!result.ok) {
    printProblemsBriefly(result.problems, { context, json });
    return exitStatus.failed;
  }
  for (const secret of result.secrets) {
    if (json) printEvent(context, { type: "secret", unit, ...secret } as { type: string });
    else if (key === undefined)
      context.stdout(`${escapeControls(secret.key)}: ${formatLine(secret.value)}\n`);
    else context.stdout(context.stdoutIsTty ? `${secret.value}\n` : secret.value);
  }
  if (result.secrets.length === 0 && !json) context.stderr(`${unit} has no secrets\n`);
  return exitStatus.done;
}

/** Line ends and control characters would pass for other lines, or for commands to the terminal. */
function formatLine(value: string): string {
  return /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(value)
    ? JSON.stringify(value).replace(
        /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
        (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
      )
    : value;
}

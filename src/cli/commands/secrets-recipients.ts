import { changeSecretRecipients } from "../../operations/secrets/change-secret-recipients.ts";
import { listSecretRecipients } from "../../operations/secrets/list-secret-recipients.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { printProblems } from "../print/print-problems.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";

export interface SecretsRecipientsFlags extends GlobalFlags {
  readonly workspace: string;
  readonly force?: boolean;
}

/** woow secrets recipients list: who may open a workspace's secrets. */
export function runRecipientsList(flags: SecretsRecipientsFlags, context: CliContext): number {
  const output = { context, json: flags.json === true };
  const workspaceId = flags.workspace;
  const result = listSecretRecipients(createSecretDeps(flags, context), { workspaceId });
  if (!result.ok) {
    printProblems(result.problems, output);
    return exitStatus.failed;
  }
  for (const { recipient, isYours } of result.recipients) {
    if (output.json) printEvent(context, { type: "recipient", recipient, isYours } as { type: string });
    else context.stdout(`${escapeControls(recipient)}${isYours ? " (a key of yours)" : ""}\n`);
  }
  for (const { path, recipients } of result.differing) {
    const message = `${path} is sealed for ${recipients.join(", ")} instead`;
    const hint = `adding one who is listed already seals every file for the list: woow secrets recipients add -w ${workspaceId} ${result.recipients[0]?.recipient ?? "age1..."}`;
    printNote({ code: "recipients-differ", message, hint }, output);
  }
  return exitStatus.done;
}

/** woow secrets recipients add and remove: .sops.yaml and every file of the workspace at once. */
export async function runRecipientsChange(
  { action, recipient }: { readonly action: "add" | "remove"; readonly recipient: string },
  flags: SecretsRecipientsFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const { workspace: workspaceId, force = false } = flags;
  const deps = createSecretDeps(flags, context);
  const result = await changeSecretRecipients(deps, { workspaceId, action, recipient, force });
  if (!result.ok) return printRefusal(result.problems, output);
  for (const path of result.changed) printFile({ path, outcome: "configured" }, output);
  for (const path of result.unchanged) printFile({ path, outcome: "unchanged" }, output);
  if (action === "remove") {
    const message =
      "the removed key still opens every older version in git, and whoever has it may know the passwords";
    const hint = `change them: woow secrets regenerate ${workspaceId}/REFERENCE_ID KEY, and inside the apps that take a password only once`;
    printNote({ code: "history-readable", message, hint }, output);
  }
  return exitStatus.done;
}

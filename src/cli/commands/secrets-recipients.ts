import { changeSecretRecipients } from "../../operations/secrets/change-secret-recipients.ts";
import { OperationError } from "../../errors.ts";
import { listAllRecipients, listSecretRecipients } from "../../operations/secrets/list-secret-recipients.ts";
import type { ListedRecipients } from "../../operations/secrets/list-secret-recipients.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural, printProblems } from "../print/print-problems.ts";
import { createSecretDeps, printFile, printNote, printRefusal } from "./secrets-deps.ts";
import type { SecretOutput } from "./secrets-deps.ts";

export interface SecretsRecipientsFlags extends GlobalFlags {
  readonly workspace?: string;
  readonly allWorkspaces?: boolean;
  readonly force?: boolean;
}

/** One workspace, or undefined for all of them; never neither and never both. Errors: `usage`. */
function readScope({ workspace, allWorkspaces = false }: SecretsRecipientsFlags): string | undefined {
  if (allWorkspaces !== (workspace !== undefined)) return workspace;
  throw new OperationError("usage", "name one workspace with -w ID, or --all-workspaces", {
    hint: "--all-workspaces also means those still to come: the last rule of .sops.yaml",
  });
}

/** woow secrets recipients list: who may open the secrets of a workspace, or of each. */
export function runRecipientsList(flags: SecretsRecipientsFlags, context: CliContext): number {
  const output = { context, json: flags.json === true };
  const scope = readScope(flags);
  const deps = createSecretDeps(flags, context);
  const lists = scope === undefined ? listAllRecipients(deps) : undefined;
  const workspaceIds = lists?.workspaceIds ?? [scope ?? ""];
  for (const workspaceId of workspaceIds) {
    const result = listSecretRecipients(deps, { workspaceId });
    if (!result.ok) {
      printProblems(result.problems, output);
      return exitStatus.failed;
    }
    printRecipients(result.recipients, { ...output, workspace: lists && workspaceId });
    printDiffering(result, { ...output, workspaceId });
  }
  if (lists !== undefined) printRecipients(lists.coming, { ...output, workspace: undefined, isComing: true });
  return exitStatus.done;
}

function printRecipients(
  recipients: ListedRecipients["recipients"],
  to: SecretOutput & { readonly workspace: string | undefined; readonly isComing?: boolean },
): void {
  const { context, json, workspace, isComing = false } = to;
  const head = isComing ? "any new workspace: " : workspace === undefined ? "" : `${workspace}: `;
  for (const { recipient, isYours } of recipients) {
    if (json) {
      const event = { type: "recipient", recipient, isYours, workspace, is_coming: isComing || undefined };
      printEvent(context, event as { type: string });
    } else context.stdout(`${escapeControls(`${head}${recipient}`)}${isYours ? " (a key of yours)" : ""}\n`);
  }
}

function printDiffering(
  { differing, recipients: [first] }: ListedRecipients,
  { workspaceId, ...output }: SecretOutput & { readonly workspaceId: string },
): void {
  for (const { path, recipients } of differing) {
    const message = `${path} is sealed for ${recipients.join(", ")} instead`;
    const hint = `adding one who is listed already seals every file for the list: woow secrets recipients add -w ${workspaceId} ${first?.recipient ?? "age1..."}`;
    printNote({ code: "recipients-differ", message, hint }, output);
  }
}

/** woow secrets recipients add and remove: .sops.yaml and every file at once. */
export async function runRecipientsChange(
  { action, recipient }: { readonly action: "add" | "remove"; readonly recipient: string },
  flags: SecretsRecipientsFlags,
  context: CliContext,
): Promise<number> {
  const output = { context, json: flags.json === true };
  const { force = false } = flags;
  const workspaceId = readScope(flags);
  const deps = createSecretDeps(flags, context);
  const result = await changeSecretRecipients(deps, { workspaceId, action, recipient, force });
  if (!result.ok) return printRefusal(result.problems, output);
  for (const path of result.changed) printFile({ path, outcome: "configured" }, output);
  for (const path of result.unchanged) printFile({ path, outcome: "unchanged" }, output);
  if (action === "remove") {
    const { exposed } = result;
    const what = exposed.map(({ unit, key }) => `${unit} ${key}`).join(", ");
    const values = exposed.length === 0 ? "what it opened" : `${plural(exposed.length, "secret")} (${what})`;
    const message = `the removed key still opens every older version in git: whoever has it may know ${values}`;
    const hint = `change the values too: woow secrets exposed ${recipient.trim()} says which and how, until none is left`;
    printNote({ code: "history-readable", message, hint }, output);
  }
  return exitStatus.done;
}

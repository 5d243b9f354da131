import type { FileEdit } from "../../definitions/definition-writer.ts";
import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { checkRecipients } from "../../secrets/age-identity.ts";
import { updateRecipients } from "../../secrets/rotate-secrets.ts";
import {
  listWorkspaceRecipients,
  readRecipients,
  setWorkspaceRecipients,
  sopsConfigFile,
} from "../../secrets/sops-config.ts";
import { editFile, holdsSecrets, listSecretFiles, refuseSecret, secretProblem } from "./secret-file.ts";
import type { SecretDeps, SecretFile, SecretOutcome } from "./secret-file.ts";
import { checkOwnKey, listSealedFor, readSopsConfigFile } from "./secret-recipients.ts";

export interface ChangeRecipientsOptions {
  readonly workspaceId: string;
  readonly action: "add" | "remove";
  /** An age public key. */
  readonly recipient: string;
  /** Remove it although no key at hand would open the files afterwards. */
  readonly force: boolean;
}

/** What stands in the repository afterwards. */
export interface ChangedRecipients {
  readonly recipients: readonly string[];
  /** Files that were written, `.sops.yaml` first. */
  readonly changed: readonly string[];
  /** Files with secrets that needed no change. */
  readonly unchanged: readonly string[];
}

/**
 * Adds or removes who may open a workspace's secrets: in `.sops.yaml` and in every file, all at once or not at all. A
 * removal gives every file a new data key; what git remembers stays readable with the removed key.
 * Errors: `not-found`, `usage`, `secrets`; problems carry the codes of the codec.
 */
export async function changeSecretRecipients(
  deps: SecretDeps,
  options: ChangeRecipientsOptions,
): Promise<SecretOutcome<ChangedRecipients>> {
  const { workspaceId } = options;
  const found = listSecretFiles(deps.tree, workspaceId);
  if (!found.ok) return found;
  const files = found.files.filter(holdsSecrets);
  const config = readSopsConfigFile(deps.tree);
  const current = listWorkspaceRecipients(config.text, workspaceId);
  if (!current.ok) return refuseSecret(config, current.error);
  const wanted = planRecipients(current.value, files, options);
  const identities = deps.identities();
  if (options.action === "remove" && !options.force) {
    const hint = "let somebody who stays do it, or give --force if others hold the remaining keys";
    checkOwnKey(wanted, { identities, hint });
  }
  const edited = setWorkspaceRecipients(config.text, { workspaceId, recipients: wanted });
  if (!edited.ok) return refuseSecret(config, edited.error);

  const problems: Problem[] = [];
  const edits: FileEdit[] = [];
  const unchanged: string[] = [];
  for (const file of files) {
    checkRule(edited.value, { path: file.path, wanted });
    const sealed = await updateRecipients({
      text: file.text,
      bind: file.unit,
      identities,
      recipients: wanted,
      tools: deps.tools,
    });
    if (!sealed.ok) problems.push(secretProblem(file, sealed.error));
    else if (sealed.isChanged) edits.push(editFile(file, sealed.text));
    else unchanged.push(file.path);
  }
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) };
  if (edited.value !== config.text) {
    const { path, mark, text } = config;
    edits.unshift({ path, before: mark + text, after: mark + edited.value });
  }
  if (edits.length > 0) deps.writer.replace(edits);
  return { ok: true, recipients: wanted, changed: edits.map(({ path }) => path), unchanged };
}

function planRecipients(
  current: readonly string[],
  files: readonly SecretFile[],
  { action, recipient: given }: ChangeRecipientsOptions,
): readonly string[] {
  const checked = checkRecipients([given]);
  if (!checked.ok) throw new OperationError("usage", checked.error.message, { hint: checked.error.hint });
  const recipient = checked.value[0] ?? given;
  if (action === "add") return current.includes(recipient) ? current : [...current, recipient];
  const known = [...new Set([...current, ...files.flatMap((file) => listSealedFor(file) ?? [])])];
  if (!known.includes(recipient)) {
    throw new OperationError("not-found", `${recipient} is not among the recipients`, {
      subject: recipient,
      hint: suggestHint(recipient, known),
    });
  }
  const rest = current.filter((other) => other !== recipient);
  if (rest.length > 0) return rest;
  throw new OperationError("usage", `${recipient} is the last recipient: nobody could open the secrets`, {
    subject: recipient,
    hint: "add another one first: woow secrets recipients add",
  });
}

/** A second rule about single files of the workspace would seal their next secret for others. */
function checkRule(
  configText: string,
  { path, wanted }: { readonly path: string; readonly wanted: readonly string[] },
): void {
  const ruled = readRecipients(configText, path);
  if (ruled.ok && [...ruled.value].sort().join() === [...wanted].sort().join()) return;
  throw new OperationError("secrets", `${sopsConfigFile} has another rule for ${path}`, {
    subject: sopsConfigFile,
    hint: "one rule for each workspace: join them by hand, then run again",
  });
}

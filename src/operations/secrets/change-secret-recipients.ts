import type { FileEdit } from "../../definitions/definition-writer.ts";
import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath } from "../../model/helm-values.ts";
import { readRecipientRules } from "../../secrets/recipient-rules.ts";
import { updateRecipients } from "../../secrets/rotate-secrets.ts";
import { sopsConfigFile } from "../../secrets/sops-config.ts";
import { planRecipients, readTarget } from "./plan-recipients.ts";
import {
  editFile,
  holdsSecrets,
  listAllSecretFiles,
  listSecretFiles,
  refuseSecret,
  secretProblem,
} from "./secret-file.ts";
import type { SecretDeps, SecretFile, SecretOutcome } from "./secret-file.ts";
import { checkOwnKey, listSealedFor, readSopsConfigFile } from "./secret-recipients.ts";
import { listPresentSecrets } from "./secret-specs.ts";

export interface ChangeRecipientsOptions {
  /** Undefined: every workspace, and those still to come. */
  readonly workspaceId: string | undefined;
  readonly action: "add" | "remove";
  /** An age public key. */
  readonly recipient: string;
  /** Remove it although no key at hand would open the files afterwards. */
  readonly force: boolean;
}

/** What stands in the repository afterwards. */
export interface ChangedRecipients {
  /** Who is named afterwards, in any of the rules that are meant. */
  readonly recipients: readonly string[];
  /** Files that were written, `.sops.yaml` first. */
  readonly changed: readonly string[];
  /** Files with secrets that needed no change. */
  readonly unchanged: readonly string[];
  /** What the removed key opened until now, and so may be known. */
  readonly exposed: readonly { readonly unit: string; readonly key: string }[];
}

/**
 * Adds or removes who may open the secrets of a workspace, or of all: in `.sops.yaml` and in every file. Nothing is
 * written unless all of it can be. A removal gives every file a new data key; what git remembers stays readable with the
 * removed key. Stopped between two files, the same command again does the rest.
 * Errors: `not-found`, `usage`, `secrets`; problems carry the codes of the codec.
 */
export async function changeSecretRecipients(
  deps: SecretDeps,
  options: ChangeRecipientsOptions,
): Promise<SecretOutcome<ChangedRecipients>> {
  const { workspaceId } = options;
  const found =
    workspaceId === undefined ? listAllSecretFiles(deps.tree) : listSecretFiles(deps.tree, workspaceId);
  if (!found.ok) return found;
  const files = found.files.filter(holdsSecrets);
  const config = readSopsConfigFile(deps.tree);
  const target = readTarget({ tree: deps.tree, config, files }, options);
  if (!target.ok) return refuseSecret(config, target.error);
  const edited = planRecipients(target.value, options);
  if (!edited.ok) return refuseSecret(config, edited.error);
  const rules = readRecipientRules(edited.value.text);
  if (!rules.ok) return refuseSecret(config, rules.error);

  const identities = deps.identities();
  const isGuarded = options.action === "remove" && !options.force;
  const hint = "let somebody who stays do it, or give --force if others hold the remaining keys";
  if (isGuarded) for (const wanted of edited.value.changed) checkOwnKey(wanted, { identities, hint });
  const problems: Problem[] = [];
  const edits: FileEdit[] = [];
  const unchanged: string[] = [];
  for (const file of files) {
    const wanted = rules.value.recipientsOf(file.path);
    if (!wanted.ok) return refuseSecret(config, wanted.error);
    if (workspaceId !== undefined) checkRule(file, { ruled: wanted.value, wanted: edited.value.recipients });
    // of all workspaces, some may be closed to the keys at hand: what needs no change needs no opening
    else if (isSameSet(listSealedFor(file) ?? [], wanted.value)) {
      unchanged.push(file.path);
      continue;
    }
    const { text, unit: bind } = file;
    const { tools } = deps;
    const sealed = await updateRecipients({ text, bind, identities, recipients: wanted.value, tools });
    if (!sealed.ok) problems.push(secretProblem(file, sealed.error));
    else if (sealed.isChanged) edits.push(editFile(file, sealed.text));
    else unchanged.push(file.path);
    if (sealed.ok && sealed.isChanged && isGuarded) checkOwnKey(wanted.value, { identities, hint });
  }
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) };
  if (edited.value.text !== config.text) {
    const { path, mark, text } = config;
    edits.unshift({ path, before: mark + text, after: mark + edited.value.text });
  }
  if (edits.length > 0) deps.writer.replace(edits);
  const changed = edits.map(({ path }) => path);
  const { recipients } = edited.value;
  return { ok: true, recipients, changed, unchanged, exposed: listExposed(files, options) };
}

function listExposed(
  files: readonly SecretFile[],
  { action, recipient }: ChangeRecipientsOptions,
): { readonly unit: string; readonly key: string }[] {
  if (action === "add") return [];
  return files
    .filter((file) => listSealedFor(file)?.includes(recipient.trim()) === true)
    .flatMap((file) =>
      listPresentSecrets(file).map(({ steps }) => ({ unit: file.unit, key: formatHelmPath(steps) })),
    );
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

/** A second rule about single files of the workspace would seal their next secret for others. */
function checkRule(
  { path }: SecretFile,
  { ruled, wanted }: { readonly ruled: readonly string[]; readonly wanted: readonly string[] },
): void {
  if (isSameSet(ruled, wanted)) return;
  throw new OperationError("secrets", `${sopsConfigFile} has another rule for ${path}`, {
    subject: sopsConfigFile,
    hint: "one rule for each workspace: join them by hand, then run again",
  });
}

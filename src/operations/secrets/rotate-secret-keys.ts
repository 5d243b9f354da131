import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import type { FileEdit } from "../../definitions/definition-writer.ts";
import { OperationError } from "../../errors.ts";
import { readRecipientRules } from "../../secrets/recipient-rules.ts";
import { rotateDataKey } from "../../secrets/rotate-secrets.ts";
import { sopsConfigFile } from "../../secrets/sops-rules.ts";
import {
  collect,
  editFile,
  findSecretFile,
  holdsSecrets,
  listSecretFiles,
  refuseSecret,
  secretProblem,
} from "./secret-file.ts";
import type { SecretDeps, SecretOutcome } from "./secret-file.ts";
import { checkOwnKey, readSopsConfigFile } from "./secret-recipients.ts";

/**
 * Gives files a new data key, wrapped for exactly those whom `.sops.yaml` names, all of them or none; values and other
 * lines stay. Workspaces stand for those of their services that have secrets.
 * Errors: `usage` when nothing is named or no key at hand would open a file afterwards, `not-found`, `secrets` without
 * `.sops.yaml`; problems carry the codes of the codec.
 */
export async function rotateSecretKeys(
  deps: SecretDeps,
  { units, workspaces }: { readonly units: readonly string[]; readonly workspaces: readonly string[] },
): Promise<SecretOutcome<{ paths: readonly string[] }>> {
  if (units.length + workspaces.length === 0) {
    throw new OperationError("usage", "nothing is named to rotate", {
      hint: "name services (WORKSPACE/REFERENCE_ID), or a workspace with -w ID",
    });
  }
  const named = collect(units.map((unit) => findSecretFile(deps.tree, unit)));
  if (!named.ok) return named;
  const files = new Map(named.files.map((file) => [file.path, file]));
  for (const workspaceId of workspaces) {
    const listed = listSecretFiles(deps.tree, workspaceId);
    if (!listed.ok) return listed;
    for (const file of listed.files.filter(holdsSecrets)) files.set(file.path, file);
  }
  if (files.size === 0) return { ok: true, paths: [] };

  const config = readSopsConfigFile(deps.tree);
  const rules = readRecipientRules(config.text);
  if (!rules.ok) return refuseSecret(config, rules.error);
  const problems: Problem[] = [];
  const edits: FileEdit[] = [];
  const { tools } = deps;
  const identities = deps.identities();
  for (const file of files.values()) {
    const wanted = rules.value.recipientsOf(file.path);
    if (!wanted.ok) {
      problems.push(secretProblem(config, wanted.error));
      continue;
    }
    const recipients = wanted.value;
    const sealed = await rotateDataKey({ text: file.text, bind: file.unit, identities, recipients, tools });
    if (!sealed.ok) {
      problems.push(secretProblem(file, sealed.error));
      continue;
    }
    checkOwnKey(recipients, {
      identities,
      hint: `let somebody whom ${sopsConfigFile} names do it, or correct it first`,
    });
    edits.push(editFile(file, sealed.text));
  }
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) };
  deps.writer.replace(edits);
  return { ok: true, paths: edits.map(({ path }) => path) };
}

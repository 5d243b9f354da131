import { sortProblems } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import type { FileEdit } from "../../definitions/definition-writer.ts";
import { OperationError } from "../../errors.ts";
import { rotateDataKey } from "../../secrets/rotate-secrets.ts";
import {
  collect,
  editFile,
  findSecretFile,
  holdsSecrets,
  listSecretFiles,
  secretProblem,
} from "./secret-file.ts";
import type { SecretDeps, SecretOutcome } from "./secret-file.ts";

/**
 * Gives files a new data key, all of them or none; values, recipients and other lines stay. Workspaces stand for those of
 * their services that have secrets.
 * Errors: `usage` when nothing is named, `not-found`; problems carry the codes of the codec.
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

  const problems: Problem[] = [];
  const edits: FileEdit[] = [];
  const { tools } = deps;
  const identities = deps.identities();
  for (const file of files.values()) {
    const sealed = await rotateDataKey({ text: file.text, bind: file.unit, identities, tools });
    if (!sealed.ok) problems.push(secretProblem(file, sealed.error));
    else edits.push(editFile(file, sealed.text));
  }
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems) };
  deps.writer.replace(edits);
  return { ok: true, paths: edits.map(({ path }) => path) };
}

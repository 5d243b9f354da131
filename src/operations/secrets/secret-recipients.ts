import { createRecipientCheck } from "../../definitions/check-recipients.ts";
import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { decodeText } from "../../definitions/parse.ts";
import { Source } from "../../definitions/source.ts";
import { OperationError } from "../../errors.ts";
import { isMapValue } from "../../model/helm-values.ts";
import type { AgeIdentity } from "../../secrets/age-identity.ts";
import { readRecipients, sopsConfigFile } from "../../secrets/sops-config.ts";
import { refuseSecret } from "./secret-file.ts";
import type { SecretFile, SecretOutcome } from "./secret-file.ts";

/** `.sops.yaml` as it stands. */
export interface SopsConfigFile {
  readonly path: string;
  readonly mark: string;
  readonly text: string;
}

/** Reads `.sops.yaml`. Errors: `secrets` when it is not there or no text. */
export function readSopsConfigFile(tree: DefinitionTree): SopsConfigFile {
  const read = tree.read(sopsConfigFile);
  const decoded = "reason" in read ? undefined : decodeText(sopsConfigFile, read.bytes);
  if (decoded !== undefined && "text" in decoded && !("reason" in read)) {
    const mark = read.bytes[0] === 0xef && read.bytes[1] === 0xbb ? "\ufeff" : "";
    return { path: sopsConfigFile, mark, text: decoded.text };
  }
  const why = "reason" in read ? read.reason : "it is not UTF-8 text";
  throw new OperationError("secrets", `${sopsConfigFile}, which says who may read secrets: ${why}`, {
    subject: sopsConfigFile,
    hint: "bring it back from git; a new platform gets one from woow init",
  });
}

/**
 * For whom a file's first secret is sealed; nobody is asked for when it has secrets, which keep their recipients. Problems:
 * `foreign-recipient` when those are more than `.sops.yaml` names, who would be given the next secret too.
 */
export function readFileRecipients(
  tree: DefinitionTree,
  file: SecretFile,
): SecretOutcome<{ recipients: readonly string[] }> {
  const { path, text, value, unit, workspaceId } = file;
  const sops = value["sops"];
  if (isMapValue(sops)) {
    const id = unit.slice(workspaceId.length + 1);
    const found = createRecipientCheck(tree)({ workspaceId, id, sops, source: new Source(path, text) });
    const foreign = found.filter(({ severity }) => severity === "error");
    return foreign.length > 0 ? { ok: false, problems: foreign } : { ok: true, recipients: [] };
  }
  const config = readSopsConfigFile(tree);
  const recipients = readRecipients(config.text, path);
  return recipients.ok ? { ok: true, recipients: recipients.value } : refuseSecret(config, recipients.error);
}

/** A change must not leave a file that no key at hand opens. Errors: `usage`, with the hint given. */
export function checkOwnKey(
  wanted: readonly string[],
  { identities, hint }: { readonly identities: readonly AgeIdentity[]; readonly hint: string },
): void {
  if (identities.some(({ recipient }) => wanted.includes(recipient))) return;
  throw new OperationError("usage", "afterwards none of the keys at hand would open these secrets", {
    subject: sopsConfigFile,
    hint,
  });
}

/** The recipients written into a file's sops block; undefined when it has none that can be read. */
export function listSealedFor({ value }: Pick<SecretFile, "value">): readonly string[] | undefined {
  const sops = value["sops"];
  const age = isMapValue(sops) ? sops["age"] : undefined;
  if (!Array.isArray(age)) return undefined;
  return age.flatMap((entry) =>
    isMapValue(entry) && typeof entry["recipient"] === "string" ? [entry["recipient"].trim()] : [],
  );
}

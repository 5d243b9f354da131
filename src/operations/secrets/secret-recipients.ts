import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { decodeText } from "../../definitions/parse.ts";
import { OperationError } from "../../errors.ts";
import { isMapValue } from "../../model/helm-values.ts";
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

/** For whom a file's first secret is sealed; nobody is asked for when it has secrets, which keep their recipients. */
export function readFileRecipients(
  tree: DefinitionTree,
  file: SecretFile,
): SecretOutcome<{ recipients: readonly string[] }> {
  if (isMapValue(file.value["sops"])) return { ok: true, recipients: [] };
  const config = readSopsConfigFile(tree);
  const recipients = readRecipients(config.text, file.path);
  return recipients.ok ? { ok: true, recipients: recipients.value } : refuseSecret(config, recipients.error);
}

/** The recipients written into a file's sops block; undefined when it has none that can be read. */
export function listSealedFor({ value }: SecretFile): readonly string[] | undefined {
  const sops = value["sops"];
  const age = isMapValue(sops) ? sops["age"] : undefined;
  if (!Array.isArray(age)) return undefined;
  return age.flatMap((entry) =>
    isMapValue(entry) && typeof entry["recipient"] === "string" ? [entry["recipient"].trim()] : [],
  );
}

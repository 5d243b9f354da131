import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { OperationError } from "../../errors.ts";
import type { SecretError } from "../../secrets/secret-error.ts";
import { readRecipients, sopsConfigFile } from "../../secrets/sops-config.ts";
import { readSopsConfigFile } from "../secrets/secret-recipients.ts";

/** The text of .sops.yaml, or undefined when the repository has none. */
export function readSopsConfig(tree: DefinitionTree): string | undefined {
  const read = tree.read(sopsConfigFile);
  return "reason" in read ? undefined : new TextDecoder().decode(read.bytes);
}

/** For whom a definition's secrets are sealed. Errors: `secrets`, naming .sops.yaml. */
export function requireRecipients(tree: DefinitionTree, path: string): readonly string[] {
  const { text } = readSopsConfigFile(tree);
  const recipients = readRecipients(text, path);
  if (!recipients.ok) throw sealError(recipients.error, sopsConfigFile);
  return recipients.value;
}

/** A refusal of the secrets codec, with the file it is about. */
export function sealError({ message, hint }: SecretError, subject: string): OperationError {
  return new OperationError("secrets", `${subject}: ${message}`, { subject, hint });
}

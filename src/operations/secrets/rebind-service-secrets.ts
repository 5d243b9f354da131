import { OperationError } from "../../errors.ts";
import { openSecretValues } from "../../secrets/open-secrets.ts";
import { rebindSecrets, updateRecipients } from "../../secrets/rotate-secrets.ts";
import { readRecipients } from "../../secrets/sops-config.ts";
import { editFile, findSecretFile, holdsSecrets, refuseSecret } from "./secret-file.ts";
import type { SecretDeps, SecretOutcome } from "./secret-file.ts";
import { readSopsConfigFile } from "./secret-recipients.ts";

/** Rebinding asks first: what was made for somebody else is taken over. */
export interface RebindDeps extends SecretDeps {
  /** Is told whose the secrets were; false stops everything. */
  readonly confirm: (question: string) => Promise<boolean>;
}

/** `bound`: they were this service's already. `declined`: the answer was no. */
export type RebindOutcome = "configured" | "bound" | "declined";

/**
 * Ties secrets that came from another place to the service they lie with now, and seals them for those whom `.sops.yaml`
 * names here; whoever could read them in the old place only gets a new data key between them and the file.
 * Errors: `not-found`, `secrets`; problems carry the codes of the codec.
 */
export async function rebindServiceSecrets(
  deps: RebindDeps,
  { unit }: { readonly unit: string },
): Promise<SecretOutcome<{ path: string; outcome: RebindOutcome }>> {
  const found = findSecretFile(deps.tree, unit);
  if (!found.ok) return found;
  const { file } = found;
  const { path } = file;
  if (!holdsSecrets(file)) {
    throw new OperationError("usage", `${path} holds no secrets`, {
      subject: path,
      hint: `woow secrets regenerate ${unit} makes what is missing`,
    });
  }
  const identities = deps.identities();
  const { secret_values: secretValues, sops } = file.value;
  const opened = await openSecretValues({ secretValues, sops, identities, bind: unit });
  if (opened.ok) return { ok: true, path, outcome: "bound" };
  if (opened.error.code !== "E_BIND_MISMATCH") return refuseSecret(file, opened.error);
  const config = readSopsConfigFile(deps.tree);
  const recipients = readRecipients(config.text, path);
  if (!recipients.ok) return refuseSecret(config, recipients.error);

  if (!(await deps.confirm(`${path}: ${opened.error.message}. Tie them to ${unit}?`))) {
    return { ok: true, path, outcome: "declined" };
  }
  const options = { bind: unit, identities, tools: deps.tools };
  const bound = await rebindSecrets({ ...options, text: file.text });
  if (!bound.ok) return refuseSecret(file, bound.error);
  const sealed = await updateRecipients({ ...options, text: bound.text, recipients: recipients.value });
  if (!sealed.ok) return refuseSecret(file, sealed.error);
  deps.writer.replace([editFile(file, sealed.text)]);
  return { ok: true, path, outcome: "configured" };
}

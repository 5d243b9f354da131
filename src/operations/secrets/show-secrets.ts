import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { formatHelmPath, isMapValue, parseHelmPath } from "../../model/helm-values.ts";
import { openSecretValues } from "../../secrets/open-secrets.ts";
import { findSecretFile, refuseSecret } from "./secret-file.ts";
import type { SecretDeps, SecretOutcome } from "./secret-file.ts";

/** One decrypted value. */
export interface ShownSecret {
  readonly key: string;
  /** Text as it is; what SOPS keeps as another type as JSON. */
  readonly value: string;
}

/**
 * The decrypted secrets of a service, in file order, or the one that is named.
 * Errors: `not-found` for a key that is not there; problems carry the codes of the codec.
 */
export async function showSecrets(
  deps: Pick<SecretDeps, "tree" | "identities">,
  { unit, key }: { readonly unit: string; readonly key: string | undefined },
): Promise<SecretOutcome<{ secrets: readonly ShownSecret[] }>> {
  const found = findSecretFile(deps.tree, unit);
  if (!found.ok) return found;
  const { file } = found;
  const opened = await openSecretValues({
    secretValues: file.value["secret_values"],
    sops: file.value["sops"],
    identities: deps.identities(),
    bind: unit,
  });
  if (!opened.ok) return refuseSecret(file, opened.error);
  const secrets = flatten(opened.values);
  if (key === undefined) return { ok: true, secrets };
  const wanted = formatHelmPath(parseHelmPath(key) ?? [key]);
  const chosen = secrets.filter((secret) => secret.key === wanted);
  if (chosen.length > 0) return { ok: true, secrets: chosen };
  throw new OperationError("not-found", `${unit} has no secret ${key}`, {
    subject: unit,
    hint:
      suggestHint(
        key,
        secrets.map((secret) => secret.key),
      ) ?? `woow secrets set ${unit} KEY makes one`,
  });
}

function flatten(map: unknown, head: readonly string[] = []): ShownSecret[] {
  if (!isMapValue(map)) return [];
  return Object.entries(map).flatMap(([key, item]) => {
    const steps = [...head, ...(parseHelmPath(key) ?? [key])];
    if (isMapValue(item)) return flatten(item, steps);
    return [{ key: formatHelmPath(steps), value: typeof item === "string" ? item : JSON.stringify(item) }];
  });
}

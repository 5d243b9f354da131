import type { DefinitionTree } from "../../../definitions/definition-tree.ts";
import type { Problem } from "../../../definitions/problem.ts";
import { isMapValue, parseHelmPath } from "../../../model/helm-values.ts";
import type { AgeIdentity } from "../../../secrets/age-identity.ts";
import { openSecretValues } from "../../../secrets/open-secrets.ts";
import { sealSecrets } from "../../../secrets/seal-secrets.ts";
import type { SealTools } from "../../../secrets/sops-text.ts";
import { secretProblem } from "../../secrets/secret-file.ts";
import type { SecretFile } from "../../secrets/secret-file.ts";
import { readFileRecipients } from "../../secrets/secret-recipients.ts";
import { isSamePath } from "../../secrets/secret-specs.ts";
import { readDefinitionValue } from "./read-definition.ts";

export interface RestoreSecretsOptions {
  readonly tree: DefinitionTree;
  readonly path: string;
  /** `WORKSPACE/REFERENCE_ID`. */
  readonly unit: string;
  /** The file with today's secrets, or none. */
  readonly text: string;
  readonly recorded: string;
  /** Helm paths that an app reads only when it is set up. */
  readonly createOnly: readonly (readonly string[])[];
  readonly identities: () => readonly AgeIdentity[];
  readonly tools: SealTools;
}

export type RestoredSecrets =
  | { readonly ok: true; readonly text: string; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Brings secret values back, never an old block: what can be read is sealed anew for today's recipients, what cannot
 * stays as it is today. Values that an app reads only once stay in any case, and so do those that came since.
 */
export async function restoreSecrets(options: RestoreSecretsOptions): Promise<RestoredSecrets> {
  const { text, unit, path, tree } = options;
  const old = readDefinitionValue(options.recorded);
  if (old["secret_values"] === undefined) return { ok: true, text, notes: [] };
  const identities = options.identities();
  const bound = { identities, bind: unit };
  const then = await openSecretValues({ secretValues: old["secret_values"], sops: old["sops"], ...bound });
  if (!then.ok) {
    const why = `secrets: those of that revision cannot be read any more (${then.error.message}); today's stay`;
    return { ok: true, text, notes: [why] };
  }
  const value = readDefinitionValue(text);
  const file: SecretFile = { unit, workspaceId: unit.split("/", 1)[0] ?? "", path, mark: "", text, value };
  const today = await openSecretValues({
    secretValues: value["secret_values"],
    sops: value["sops"],
    ...bound,
  });
  if (!today.ok) return { ok: false, problems: [secretProblem(file, today.error)] };
  const { set, notes } = chooseValues(flatten(then.values), flatten(today.values), options.createOnly);
  if (Object.keys(set).length === 0) return { ok: true, text, notes };
  const recipients = readFileRecipients(tree, file);
  if (!recipients.ok) return recipients;
  const sealed = await sealSecrets({
    text,
    set,
    recipients: recipients.recipients,
    tools: options.tools,
    ...bound,
  });
  if (!sealed.ok) return { ok: false, problems: [secretProblem(file, sealed.error)] };
  return { ok: true, text: sealed.text, notes };
}

interface FlatSecret {
  readonly key: string;
  readonly steps: readonly string[];
  readonly value: unknown;
}

function chooseValues(
  then: readonly FlatSecret[],
  today: readonly FlatSecret[],
  createOnly: RestoreSecretsOptions["createOnly"],
): { readonly set: Readonly<Record<string, string>>; readonly notes: readonly string[] } {
  const set: Record<string, string> = {};
  const notes: string[] = [];
  for (const { key, steps, value } of then) {
    const now = today.find((secret) => isSamePath(secret.steps, steps));
    if (now !== undefined && JSON.stringify(now.value) === JSON.stringify(value)) continue;
    if (now !== undefined && createOnly.some((path) => isSamePath(path, steps))) {
      notes.push(`secrets: ${key} is read only when the app is set up, so today's value stays`);
    } else if (typeof value !== "string") {
      notes.push(`secrets: ${key} is no text; ${now === undefined ? "it is not set" : "today's stays"}`);
    } else {
      set[now?.key ?? key] = value;
      notes.push(`secrets: ${key} goes back to the value it had, sealed for today's recipients`);
    }
  }
  for (const { key, steps } of today) {
    if (then.some((secret) => isSamePath(secret.steps, steps))) continue;
    notes.push(`secrets: ${key} came since and stays`);
  }
  return { set, notes };
}

/** Nested maps as the dotted keys they stand for. */
function flatten(values: Readonly<Record<string, unknown>>, head = ""): FlatSecret[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const key = head === "" ? name : `${head}.${name}`;
    if (isMapValue(value)) return flatten(value as Readonly<Record<string, unknown>>, key);
    return [{ key, steps: parseHelmPath(key) ?? [key], value }];
  });
}

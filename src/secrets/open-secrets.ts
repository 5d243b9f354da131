import type { AgeIdentity } from "./age-identity.ts";
import { fail, type Refusal, type SecretError, type SecretResult, succeed } from "./secret-error.ts";
import { decryptTree, findPlainSecrets } from "./secret-tree.ts";
import { isRecord, readSopsMetadata, secretValuesKey, type SopsMetadata } from "./sops-metadata.ts";
import { computeMac, openMac } from "./sops-mac.ts";
import type { SecretMap, SecretValue } from "./sops-value.ts";

/** The hidden entry that ties a block to one service. */
export const bindKey = "_bind";
const bindPattern = /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/;
const dataKeyLength = 32;

/** A definition's secrets as parsed from YAML, and who opens them. */
export interface OpenSecretsOptions {
  /** The value of `secret_values`; keys are Helm paths. Undefined when the definition has none. */
  readonly secretValues: unknown;
  /** The value of `sops`. */
  readonly sops: unknown;
  readonly identities: readonly AgeIdentity[];
  /** `workspace/service`, which the hidden `_bind` entry must say. */
  readonly bind: string;
}

/** Decrypted values by Helm path without `_bind`, or why they stay closed. */
export type OpenedSecrets = { readonly ok: true; readonly values: SecretMap } | Refusal;

/** A block opened and verified, its hidden entry and data key included. Never leaves this folder. */
export interface OpenedBlock {
  readonly metadata: SopsMetadata;
  readonly dataKey: Uint8Array;
  readonly values: SecretMap;
}

/**
 * Decrypts a definition's secrets and verifies all of them: each value, the set and order of values, and that the
 * block was made for this service. A definition with neither key has no secrets, which is fine.
 * Errors: every `SecretErrorCode` but those of writing and of key files. Never throws for bad input.
 */
// A promise although nothing waits yet: an identity in a plugin or a vault will have to be waited for.
export async function openSecretValues(options: OpenSecretsOptions): Promise<OpenedSecrets> {
  const { secretValues, sops, bind } = options;
  if (isNothing(secretValues) && isNothing(sops)) return { ok: true, values: {} };
  const opened = openBlock(options);
  if (!opened.ok) return opened;
  const wrongBind = checkBind(opened.value.values[bindKey], bind);
  if (wrongBind !== undefined) return { ok: false, error: wrongBind };
  const { [bindKey]: _, ...values } = opened.value.values;
  return { ok: true, values };
}

/**
 * The values of a block, whoever's it is: for comparing, never for using them. `_bind` is not among them.
 * Errors: those of `openSecretValues`, but for `E_BIND_MISMATCH`.
 */
export function readSecretValues(options: Omit<OpenSecretsOptions, "bind">): OpenedSecrets {
  const opened = openBlock(options);
  if (!opened.ok) return opened;
  const { [bindKey]: _, ...values } = opened.value.values;
  return { ok: true, values };
}

/** Opens and verifies a block without asking whose it is. */
export function openBlock(options: Omit<OpenSecretsOptions, "bind">): SecretResult<OpenedBlock> {
  const { secretValues, sops, identities } = options;
  if (!isNothing(secretValues) && !isRecord(secretValues)) return fail(notMapError);
  const [plain] = findPlainSecrets(secretValues);
  if (plain !== undefined) return fail(plain);
  if (isNothing(sops)) return fail(noMetadataError);
  const metadata = readSopsMetadata(sops);
  if (!metadata.ok) return metadata;
  const dataKey = unwrapDataKey(metadata.value, identities);
  if (!dataKey.ok) return dataKey;
  const tree = decryptTree(secretValues, dataKey.value);
  if (!tree.ok) return tree;
  const { mac, lastModified } = metadata.value;
  if (openMac({ mac, lastModified, dataKey: dataKey.value }) !== computeMac(tree.value.leaves)) {
    return fail(macError);
  }
  return succeed({
    metadata: metadata.value,
    dataKey: dataKey.value,
    values: toSecretMap(tree.value.values),
  });
}

/** Why a block does not belong to a service, or undefined when it does. */
export function checkBind(found: SecretValue | undefined, expected: string): SecretError | undefined {
  if (found === expected) return undefined;
  const isMissing = found === undefined;
  return {
    code: "E_BIND_MISMATCH",
    message: isMissing
      ? `the secrets name no service (${bindKey} is missing), expected ${expected}`
      : `the secrets were made for ${formatBind(found)}, not for ${expected}`,
    path: isMissing ? [secretValuesKey] : [secretValuesKey, bindKey],
    hint: "run `woow secrets rebind` if you mean to use them here and may read both; `woow copy` makes fresh ones",
  };
}

// The entry is a decrypted value like any other, so it is shown only when it is what it should be.
function formatBind(found: SecretValue): string {
  return typeof found === "string" && bindPattern.test(found) ? found : "another service";
}

// The recipient written next to each copy says which identity opens it, so one file costs one unwrap.
function unwrapDataKey(metadata: SopsMetadata, identities: readonly AgeIdentity[]): SecretResult<Uint8Array> {
  let isMatched = false;
  for (const { recipient, enc } of metadata.age) {
    const identity = identities.find((candidate) => candidate.recipient === recipient);
    if (identity === undefined) continue;
    isMatched = true;
    const dataKey = identity.open(enc);
    if (dataKey?.length === dataKeyLength) return succeed(dataKey);
  }
  const sealedFor = metadata.age.map(({ recipient }) => recipient).join(", ");
  if (isMatched) {
    return fail({
      code: "E_DATA_KEY_TAMPERED",
      message: "the wrapped data key was changed, or was not made for the recipient written next to it",
      path: ["sops", "age"],
      hint: "restore the sops block from git history",
    });
  }
  const tried = identities.map(({ recipient }) => recipient).join(", ");
  return fail({
    code: "E_NO_IDENTITY",
    message: `no age identity opens the secrets: they are sealed for ${sealedFor}; tried ${tried === "" ? "none" : tried}`,
    path: ["sops", "age"],
    hint: "name the key file in WOOW_AGE_KEY_FILE or SOPS_AGE_KEY_FILE, or ask someone who has it to run `woow secrets recipients`",
  });
}

function toSecretMap(values: SecretValue): SecretMap {
  return isRecord(values) ? (values as SecretMap) : {};
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

const notMapError: SecretError = {
  code: "E_KEY_UNSUPPORTED",
  message: "secret_values is not a map",
  path: [secretValuesKey],
  hint: "write secret_values as a map of Helm paths, with `woow secrets set`",
};

const noMetadataError: SecretError = {
  code: "E_METADATA_MISSING",
  message: "secret_values has no sops block next to it, so nothing can open it",
  path: [secretValuesKey],
  hint: "restore the sops block from git history, or remove secret_values and set the secrets again",
};

const macError: SecretError = {
  code: "E_MAC_MISMATCH",
  message: "a secret was removed, added or reordered by hand, or the file's code or time was changed",
  path: ["sops", "mac"],
  hint: "restore the file from git history; after a merge of two branches that both changed secrets, take one side and set the others again",
};

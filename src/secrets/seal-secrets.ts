import { isScalar } from "yaml";
import { type AgeIdentity, checkRecipients } from "./age-identity.ts";
import { wrapDataKey } from "./data-key.ts";
import {
  applyEdits,
  type DefinitionText,
  findEntry,
  parseDefinitionText,
  readNode,
  readRest,
  refuse,
} from "./definition-text.ts";
import { bindKey, checkBind, type OpenedBlock, openBlock } from "./open-secrets.ts";
import {
  findSecret,
  findSecretMap,
  insertSecret,
  removeEntry,
  replaceScalar,
  unfoldSecrets,
} from "./sealed-block.ts";
import { fail, type Refusal, type SecretErrorCode, type SecretResult } from "./secret-error.ts";
import { findPlainSecrets, isUsableKey } from "./secret-tree.ts";
import { isRecord, secretValuesKey } from "./sops-metadata.ts";
import { type SealTools, stampMetadata } from "./sops-text.ts";
import { decryptValue, encryptValue, formatAad, isEncryptedText, toPlainValue } from "./sops-value.ts";

const dataKeyLength = 32;

/** A definition's text after a change of its secrets; `isChanged` is false when it is the very text that came in. */
export type SealedText = { readonly ok: true; readonly text: string; readonly isChanged: boolean } | Refusal;

/** A change of secrets in one definition file. */
export interface SealSecretsOptions {
  /** The file's whole text. */
  readonly text: string;
  /** Plain values by Helm path. A value that is already set to the same text keeps its ciphertext. */
  readonly set?: Readonly<Record<string, string>>;
  /** Helm paths to delete. */
  readonly remove?: readonly string[];
  /** `workspace/service`. */
  readonly bind: string;
  /** For whom a new block is sealed; an existing block keeps its recipients (`updateRecipients` changes them). */
  readonly recipients: readonly string[];
  /** Needed when the file already holds secrets: the code over all values covers the old ones too. */
  readonly identities: readonly AgeIdentity[];
  readonly tools: SealTools;
}

/** A file's secrets, opened and verified if it holds any. */
export interface LoadedSecrets {
  readonly definition: DefinitionText;
  readonly block: OpenedBlock | undefined;
}

/**
 * Sets and removes secrets. Comments, order, quotes and the ciphertext of other values stay byte for byte; new keys come
 * last. Missing `secret_values`, `_bind` and `sops` are added. A value typed in plain text by hand is encrypted when `set`
 * names its path.
 * Errors: those of `openSecretValues`, and `E_FILE_INVALID`, `E_RECIPIENT_INVALID`, `E_NOT_FOUND`, `E_KEY_UNSUPPORTED`,
 * `E_VALUE_UNSUPPORTED`.
 */
export async function sealSecrets(options: SealSecretsOptions): Promise<SealedText> {
  const { text, set = {}, remove = [], bind, recipients, identities, tools } = options;
  const loaded = loadSecrets({ text, identities, replaced: [...Object.keys(set), ...remove] });
  if (!loaded.ok) return loaded;
  const { block } = loaded.value;
  const wrongBind = block && checkBind(block.values[bindKey], bind);
  if (wrongBind !== undefined) return { ok: false, error: wrongBind };

  const dataKey = block?.dataKey ?? tools.randomBytes(dataKeyLength);
  let current: SecretResult<DefinitionText> = { ok: true, value: loaded.value.definition };
  for (const path of remove) {
    if (current.ok) current = removeSecret(current.value, path);
  }
  for (const [path, plain] of Object.entries(set)) {
    if (current.ok) current = setSecret(current.value, { path, plain, dataKey, tools });
  }
  if (current.ok && block === undefined) {
    current = setSecret(current.value, { path: bindKey, plain: bind, dataKey, tools, isBind: true });
  }
  if (!current.ok) return current;
  if (block !== undefined && current.value.text === loaded.value.definition.text) {
    return { ok: true, text, isChanged: false };
  }
  const valid = block === undefined ? checkRecipients(recipients) : undefined;
  if (valid?.ok === false) return valid;
  const age = valid && (await wrapDataKey(dataKey, valid.value));
  const stamped = stampMetadata(current.value, { dataKey, tools, ...(age && { age }) });
  return toSealedText(loaded.value.definition, stamped);
}

/** Parses a definition and opens what it holds. Values in plain text are let pass only at the paths to be replaced. */
export function loadSecrets(options: {
  readonly text: string;
  readonly identities: readonly AgeIdentity[];
  readonly replaced?: readonly string[];
}): SecretResult<LoadedSecrets> {
  const parsed = parseDefinitionText(options.text);
  const definition = parsed.ok ? unfoldSecrets(parsed.value) : parsed;
  if (!definition.ok) return definition;
  const { root } = definition.value;
  const read = (key: string): unknown => readNode(definition.value, findEntry(root, key)?.value ?? null);
  const secretValues = withoutPlain(read(secretValuesKey), options.replaced ?? []);
  const sops = read("sops");
  const isNew = sops === null && (secretValues === null || isEmptyRecord(secretValues));
  if (isNew) return { ok: true, value: { definition: definition.value, block: undefined } };
  const block = openBlock({ secretValues, sops, identities: options.identities });
  return block.ok ? { ok: true, value: { definition: definition.value, block: block.value } } : block;
}

/** Sets one value in the text, or returns the same text when it is set to this already. */
export function setSecret(
  definition: DefinitionText,
  change: {
    readonly path: string;
    readonly plain: string;
    readonly dataKey: Uint8Array;
    readonly tools: SealTools;
    /** True for the hidden entry, which nobody sets by its name. */
    readonly isBind?: boolean;
  },
): SecretResult<DefinitionText> {
  const { path, plain, dataKey, tools } = change;
  const isHidden = path === bindKey && change.isBind !== true;
  if (!isUsableKey(path) || isHidden)
    return refuseChange("E_KEY_UNSUPPORTED", path, "is not a Helm path that can be kept");
  if (!plain.isWellFormed()) {
    return refuseChange(
      "E_VALUE_UNSUPPORTED",
      path,
      "has a value with half a character, which UTF-8 cannot hold",
    );
  }
  const map = findSecretMap(definition);
  const found = map && findSecret(map, path);
  const keys = found?.keys ?? [secretValuesKey, path];
  const aad = formatAad(keys);
  const seal = (): string =>
    encryptValue({ value: toPlainValue(plain), dataKey, aad, randomBytes: tools.randomBytes });
  if (found === undefined) {
    return parseDefinitionText(applyEdits(definition, insertSecret(definition, path, seal())));
  }
  const node = found.entry.value;
  if (!isScalar(node)) {
    return refuseChange("E_KEY_UNSUPPORTED", path, "stands for several values, not for one");
  }
  const old = readNode(definition, node);
  const opened = isEncryptedText(old) ? decryptValue({ text: old, dataKey, aad }) : undefined;
  const isSame =
    plain === "" ? old === "" : opened?.type === "str" && Buffer.from(opened.bytes).toString() === plain;
  if (isSame) return { ok: true, value: definition };
  return parseDefinitionText(applyEdits(definition, [replaceScalar(definition, node, seal())]));
}

/** The outcome for a caller, from the definition a change began with and the text it ended with. */
export function toSealedText(before: DefinitionText, after: SecretResult<string>): SealedText {
  if (!after.ok) return after;
  const parsed = parseDefinitionText(after.value);
  if (!parsed.ok || readRest(parsed.value) !== readRest(before)) {
    return refuse("its last line is not finished, so that lines added below would become part of it");
  }
  return { ok: true, text: after.value, isChanged: true };
}

function removeSecret(definition: DefinitionText, path: string): SecretResult<DefinitionText> {
  const map = findSecretMap(definition);
  const found = map && path !== bindKey ? findSecret(map, path) : undefined;
  if (found === undefined) return refuseChange("E_NOT_FOUND", path, "is not there");
  return parseDefinitionText(applyEdits(definition, [removeEntry(definition, found.removable)]));
}

function withoutPlain(secretValues: unknown, replaced: readonly string[]): unknown {
  if (!isRecord(secretValues)) return secretValues;
  const plain = new Set(findPlainSecrets(secretValues).map(({ path }) => path[1]));
  return Object.fromEntries(
    Object.entries(secretValues).filter(([key]) => !plain.has(key) || !replaced.includes(key)),
  );
}

function isEmptyRecord(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function refuseChange(code: SecretErrorCode, path: string, detail: string): Refusal {
  return fail({
    code,
    message: `the secret ${JSON.stringify(path)} ${detail}`,
    path: [secretValuesKey, path],
    hint:
      code === "E_NOT_FOUND"
        ? "`woow secrets show` lists what is there"
        : code === "E_VALUE_UNSUPPORTED"
          ? "give text in UTF-8; encode binary data, for example as base64"
          : "give the path of one value, such as auth.password",
  });
}

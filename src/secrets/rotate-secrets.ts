import { type AgeIdentity, checkRecipients } from "./age-identity.ts";
import { wrapDataKey } from "./data-key.ts";
import {
  applyEdits,
  type DefinitionText,
  findEntry,
  parseDefinitionText,
  startOf,
  type TextEdit,
} from "./definition-text.ts";
import { bindKey, checkBind, type OpenedBlock } from "./open-secrets.ts";
import { loadSecrets, type SealedText, setSecret, toSealedText } from "./seal-secrets.ts";
import { listLeaves, replaceScalar } from "./sealed-block.ts";
import { fail, type SecretError, type SecretResult } from "./secret-error.ts";
import { secretValuesKey } from "./sops-metadata.ts";
import { replaceAgeEntries, type SealTools, stampMetadata } from "./sops-text.ts";
import { decryptValue, encryptValue, formatAad, isEncryptedText } from "./sops-value.ts";

const dataKeyLength = 32;
const encryptedComment = /#(ENC\[AES256_GCM,[^\]\n]*,type:comment\])/g;

/** A change of the keys of one definition file; its values stay the same. */
export interface RotateOptions {
  /** The file's whole text. */
  readonly text: string;
  /** `workspace/service`. */
  readonly bind: string;
  readonly identities: readonly AgeIdentity[];
  readonly tools: SealTools;
}

/** `RotateOptions` and for whom the new data key is wrapped; left out, for those the file has. */
export interface RotateDataKeyOptions extends RotateOptions {
  readonly recipients?: readonly string[];
}

/** `RotateOptions` with the recipients the file is to have, all of them. */
export interface UpdateRecipientsOptions extends RotateOptions {
  readonly recipients: readonly string[];
}

/**
 * Gives the file a new data key, for exactly the recipients named, and encrypts every value anew. Old versions in git
 * stay readable to whoever could read them, so after a leak the passwords must change as well.
 * Errors: those of `openSecretValues`, `E_METADATA_MISSING` for a file without secrets, `E_FILE_INVALID`,
 * `E_RECIPIENT_INVALID`.
 */
export async function rotateDataKey(options: RotateDataKeyOptions): Promise<SealedText> {
  const loaded = loadBlock(options, options.bind);
  if (!loaded.ok) return loaded;
  const present = loaded.value.block.metadata.age.map(({ recipient }) => recipient);
  const recipients = options.recipients ?? present;
  return toSealedText(
    loaded.value.definition,
    await rotate({ ...loaded.value, recipients, tools: options.tools }),
  );
}

/**
 * Makes the file readable for exactly these recipients. Whoever is added gets a copy of the data key, and only `sops.age`
 * changes; when someone is removed the data key is rotated too, because they know it.
 * Errors: those of `rotateDataKey`, and `E_RECIPIENT_INVALID`.
 */
export async function updateRecipients(options: UpdateRecipientsOptions): Promise<SealedText> {
  const recipients = checkRecipients(options.recipients);
  if (!recipients.ok) return recipients;
  const loaded = loadBlock(options, options.bind);
  if (!loaded.ok) return loaded;
  const { definition, block } = loaded.value;
  const old = new Map(block.metadata.age.map((entry) => [entry.recipient, entry]));
  const wanted = recipients.value;
  if ([...old.keys()].some((recipient) => !wanted.includes(recipient))) {
    const { tools } = options;
    return toSealedText(definition, await rotate({ definition, block, recipients: wanted, tools }));
  }
  const added = wanted.filter((recipient) => !old.has(recipient));
  if (added.length === 0) return { ok: true, text: options.text, isChanged: false };
  for (const entry of await wrapDataKey(block.dataKey, added)) old.set(entry.recipient, entry);
  const age = wanted.flatMap((recipient) => old.get(recipient) ?? []);
  return toSealedText(definition, replaceAgeEntries(definition, age));
}

/**
 * Ties the secrets to another service, for a file that was renamed or moved on purpose. Whoever runs it must be able to
 * open the block; recipients stay those of the old place.
 * Errors: those of `rotateDataKey`, but for `E_BIND_MISMATCH`.
 */
export async function rebindSecrets(options: RotateOptions): Promise<SealedText> {
  const loaded = loadBlock(options, undefined);
  if (!loaded.ok) return loaded;
  const { definition, block } = loaded.value;
  const { dataKey } = block;
  const { tools, bind: plain } = options;
  const changed = setSecret(definition, { path: bindKey, plain, dataKey, tools, isBind: true });
  if (!changed.ok) return changed;
  if (changed.value.text === definition.text) return { ok: true, text: options.text, isChanged: false };
  return toSealedText(definition, stampMetadata(changed.value, { dataKey, tools }));
}

interface LoadedBlock {
  readonly definition: DefinitionText;
  readonly block: OpenedBlock;
}

function loadBlock(options: RotateOptions, bind: string | undefined): SecretResult<LoadedBlock> {
  const loaded = loadSecrets(options);
  if (!loaded.ok) return loaded;
  const { definition, block } = loaded.value;
  if (block === undefined) return fail(noSecretsError);
  const wrongBind = bind === undefined ? undefined : checkBind(block.values[bindKey], bind);
  return wrongBind === undefined ? { ok: true, value: { definition, block } } : fail(wrongBind);
}

async function rotate(
  from: LoadedBlock & { readonly recipients: readonly string[]; readonly tools: SealTools },
): Promise<SecretResult<string>> {
  const { definition, block, tools } = from;
  if (block.metadata.otherServices.length > 0) return fail(otherServicesError(block));
  const recipients = checkRecipients(from.recipients);
  if (!recipients.ok) return recipients;
  const newKey = tools.randomBytes(dataKeyLength);
  const edits = resealAll(definition, (text, places) => {
    for (const keys of places) {
      const aad = formatAad(keys);
      const value = decryptValue({ text, dataKey: block.dataKey, aad });
      if (value !== undefined) {
        return encryptValue({ value, dataKey: newKey, aad, randomBytes: tools.randomBytes });
      }
    }
    return text;
  });
  const resealed = parseDefinitionText(applyEdits(definition, edits));
  if (!resealed.ok) return resealed;
  const age = await wrapDataKey(newKey, recipients.value);
  return stampMetadata(resealed.value, { dataKey: newKey, age, tools });
}

/** Edits for every encrypted value, and for every comment SOPS encrypted, which does not say in which map it stands. */
function resealAll(
  definition: DefinitionText,
  reseal: (text: string, places: readonly (readonly string[])[]) => string,
): readonly TextEdit[] {
  const { root, text } = definition;
  const entry = findEntry(root, secretValuesKey);
  if (entry === undefined) return [];
  const leaves = listLeaves(entry.value, [secretValuesKey]);
  const values = leaves.flatMap(({ scalar, keys }) =>
    isEncryptedText(scalar.value) ? [replaceScalar(definition, scalar, reseal(scalar.value, [keys]))] : [],
  );
  const containers = leaves.flatMap(({ keys }) => keys.map((_, i) => keys.slice(0, i + 1)));
  const places = [...new Map(containers.map((keys) => [formatAad(keys), keys])).values()];
  const start = startOf(entry.key);
  const comments = [...text.slice(start).matchAll(encryptedComment)].map((match) => {
    const at = start + match.index + 1;
    const sealed = match[1] ?? "";
    return { start: at, end: at + sealed.length, text: reseal(sealed, places) };
  });
  return [...values, ...comments];
}

function otherServicesError({ metadata }: OpenedBlock): SecretError {
  return {
    code: "E_UNSUPPORTED_KEY_SERVICE",
    message: `the data key is also wrapped by ${metadata.otherServices.join(", ")}, whose copy cannot be renewed here`,
    path: ["sops", ...metadata.otherServices.slice(0, 1)],
    hint: "take its entry out of the sops block and run again; or rotate with sops itself (`sops rotate -i FILE`)",
  };
}

const noSecretsError: SecretError = {
  code: "E_METADATA_MISSING",
  message: "the definition holds no secrets",
  path: [],
  hint: "set one with `woow secrets set`",
};

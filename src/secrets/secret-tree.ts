import { fail, type SecretError, type SecretErrorCode, type SecretResult, succeed } from "./secret-error.ts";
import { secretValuesKey } from "./sops-metadata.ts";
import { decryptValue, formatAad, interpretValue, isEncryptedText, type SecretValue } from "./sops-value.ts";

/** Where a leaf stands: its keys as SOPS authenticates them, and its whole place with list indexes. */
export interface LeafPlace {
  readonly keys: readonly string[];
  readonly place: readonly (string | number)[];
}

/** A map of secrets after decryption, with the bytes of each leaf in file order. */
export interface DecryptedTree {
  readonly values: SecretValue;
  readonly leaves: readonly Uint8Array[];
}

const root: LeafPlace = { keys: [secretValuesKey], place: [secretValuesKey] };
const maximumDepth = 64;

/**
 * Every plain-text leaf and unusable key of a map parsed from `secret_values`; needs no key, so `validate` can ask.
 * Codes: `E_NOT_ENCRYPTED`, `E_KEY_UNSUPPORTED`.
 */
export function findPlainSecrets(secretValues: unknown): readonly SecretError[] {
  const errors: SecretError[] = [];
  mapLeaves({ value: secretValues ?? {}, at: root, errors }, (value, at) => {
    if (value !== "" && !isEncryptedText(value)) {
      errors.push(refuseLeaf("E_NOT_ENCRYPTED", at, "stands in plain text"));
    }
    return null;
  });
  return errors;
}

/**
 * Decrypts every leaf of a map parsed from `secret_values`.
 * Errors: the first of `E_NOT_ENCRYPTED`, `E_KEY_UNSUPPORTED`, `E_VALUE_TAMPERED`, `E_VALUE_UNSUPPORTED`.
 */
export function decryptTree(secretValues: unknown, dataKey: Uint8Array): SecretResult<DecryptedTree> {
  const [plain] = findPlainSecrets(secretValues);
  if (plain !== undefined) return fail(plain);
  const errors: SecretError[] = [];
  const leaves: Uint8Array[] = [];
  const values = mapLeaves({ value: secretValues ?? {}, at: root, errors }, (text, at) => {
    if (typeof text !== "string" || text === "") return "";
    const decrypted = decryptValue({ text, dataKey, aad: formatAad(at.keys) });
    const value = decrypted && interpretValue(decrypted);
    if (decrypted === undefined) {
      errors.push(refuseLeaf("E_VALUE_TAMPERED", at, "was changed, cut, or moved here from another key"));
    } else if (value === undefined) {
      errors.push(refuseLeaf("E_VALUE_UNSUPPORTED", at, `of type ${decrypted.type} cannot be read exactly`));
    } else {
      leaves.push(decrypted.bytes);
    }
    return value ?? null;
  });
  return errors[0] === undefined ? succeed({ values, leaves }) : fail(errors[0]);
}

interface Visit {
  readonly value: unknown;
  readonly at: LeafPlace;
  readonly errors: SecretError[];
}

function mapLeaves(visit: Visit, leaf: (value: unknown, at: LeafPlace) => SecretValue): SecretValue {
  const { value, at, errors } = visit;
  if (at.place.length > maximumDepth) {
    errors.push(
      refuseLeaf("E_KEY_UNSUPPORTED", { ...at, place: at.place.slice(0, 2) }, "is nested too deep"),
    );
    return null;
  }
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      mapLeaves({ value: item, at: { keys: at.keys, place: [...at.place, index] }, errors }, leaf),
    );
  }
  if (typeof value !== "object") return leaf(value, at);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const below = { keys: [...at.keys, key], place: [...at.place, key] };
      if (!isUsableKey(key)) {
        errors.push(refuseLeaf("E_KEY_UNSUPPORTED", below, "has a key that cannot be kept in its place"));
      }
      return [key, mapLeaves({ value: item, at: below, errors }, leaf)];
    }),
  );
}

/**
 * True for a key that may stand below `secret_values`. JavaScript moves keys that look like list indexes to the front of
 * an object, and the code over all values depends on their order.
 */
export function isUsableKey(key: string): boolean {
  return key !== "" && key !== "__proto__" && !/^(0|[1-9]\d*)$/.test(key) && key.isWellFormed();
}

const leafHints: Partial<Record<SecretErrorCode, string>> = {
  E_NOT_ENCRYPTED: "remove it and run `woow secrets set`; if it was ever committed, change the password too",
  E_VALUE_TAMPERED: "restore the line from git history, or set the secret again",
  E_VALUE_UNSUPPORTED: "set the secret again, as text",
  E_KEY_UNSUPPORTED: "write the Helm path as one key, such as auth.password",
};

function refuseLeaf(code: SecretErrorCode, at: LeafPlace, detail: string): SecretError {
  return {
    code,
    message: `the secret ${formatPlace(at.place.slice(1))} ${detail}`,
    path: at.place,
    hint: leafHints[code] ?? "",
  };
}

/** A place as one reads it: keys joined by dots, indexes in brackets. */
export function formatPlace(place: readonly (string | number)[]): string {
  return place
    .map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join("");
}

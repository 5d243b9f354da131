/**
 * What can be wrong with a block of secrets. The first six are named in the design; the others follow SOPS' own
 * rules for a file it would refuse, or for one it would read in a way we cannot check.
 *
 * - `E_NO_IDENTITY`: none of the age identities at hand opens the file.
 * - `E_VALUE_TAMPERED`: a value was changed, moved to another key, or cut.
 * - `E_MAC_MISMATCH`: each value is whole, but one was removed, added or reordered.
 * - `E_NO_MAC`: the message authentication code is missing.
 * - `E_BIND_MISMATCH`: the block belongs to another service, or names none.
 * - `E_NOT_ENCRYPTED`: a value stands in plain text.
 * - `E_DATA_KEY_TAMPERED`: the wrapped data key is damaged.
 * - `E_IDENTITY_INVALID`, `E_RECIPIENT_INVALID`: text that is no age X25519 key, private or public.
 * - `E_METADATA_MISSING`, `E_METADATA_INVALID`: no `sops` block, or one we cannot read.
 * - `E_SCOPE`: the file encrypts something else than `secret_values`.
 * - `E_MAC_SCOPE`: the code covers plain values too, so that every edit of the file would break it.
 * - `E_UNSUPPORTED_KEY_SERVICE`: the data key is not wrapped by age alone in one key group.
 * - `E_KEY_UNSUPPORTED`: a key or shape whose order or path cannot be kept.
 * - `E_VALUE_UNSUPPORTED`: a value that cannot be carried without a change.
 * - `E_FILE_INVALID`: the definition is not a YAML document we can edit.
 * - `E_NOT_FOUND`: a value to remove is not there.
 * - `E_CONFIG_INVALID`: `.sops.yaml` cannot be read, or not as SOPS would read it.
 * - `E_NO_RULE`: `.sops.yaml` says nothing about the file.
 */
export type SecretErrorCode =
  | "E_NO_IDENTITY"
  | "E_VALUE_TAMPERED"
  | "E_MAC_MISMATCH"
  | "E_NO_MAC"
  | "E_BIND_MISMATCH"
  | "E_NOT_ENCRYPTED"
  | "E_DATA_KEY_TAMPERED"
  | "E_IDENTITY_INVALID"
  | "E_RECIPIENT_INVALID"
  | "E_METADATA_MISSING"
  | "E_METADATA_INVALID"
  | "E_SCOPE"
  | "E_MAC_SCOPE"
  | "E_UNSUPPORTED_KEY_SERVICE"
  | "E_KEY_UNSUPPORTED"
  | "E_VALUE_UNSUPPORTED"
  | "E_FILE_INVALID"
  | "E_NOT_FOUND"
  | "E_CONFIG_INVALID"
  | "E_NO_RULE";

/** One refusal. No field ever holds a plain value, a data key or a private key. */
export interface SecretError {
  readonly code: SecretErrorCode;
  /** What is wrong, as a sentence without the file's name, which the caller knows. */
  readonly message: string;
  /** The place: keys and list indexes from the top of the definition, such as `["secret_values", "auth.password"]`. */
  readonly path: readonly (string | number)[];
  /** What to do about it. */
  readonly hint: string;
}

/** Why there is no value. */
export interface Refusal {
  readonly ok: false;
  readonly error: SecretError;
}

/** A value, or why there is none. */
export type SecretResult<T> = { readonly ok: true; readonly value: T } | Refusal;

/** Wraps a value that was found. */
export function succeed<T>(value: T): SecretResult<T> {
  return { ok: true, value };
}

/** Wraps a refusal. */
export function fail(error: SecretError): Refusal {
  return { ok: false, error };
}

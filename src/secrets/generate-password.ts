const alphabets = {
  alphanumeric: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  hex: "0123456789abcdef",
  base64url: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
} as const;

/** Which characters a generated password may hold. All are safe in URLs, shells and YAML. */
export type PasswordAlphabet = keyof typeof alphabets;

/** How long, in characters, and of what. */
export interface PasswordOptions {
  readonly length: number;
  readonly alphabet: PasswordAlphabet;
}

/** Long enough to be safe in every alphabet, and what most charts take. */
export const defaultPasswordOptions: PasswordOptions = { length: 32, alphabet: "alphanumeric" };

/**
 * A password whose every character is equally likely. `randomBytes` must be a cryptographic source; bytes that would
 * favour the first characters are thrown away.
 */
export function generatePassword(
  { length, alphabet }: PasswordOptions,
  randomBytes: (size: number) => Uint8Array,
): string {
  if (!Number.isInteger(length) || length < 1) throw new RangeError("a password has at least one character");
  const characters = alphabets[alphabet];
  const limit = 256 - (256 % characters.length);
  let password = "";
  while (password.length < length) {
    for (const byte of randomBytes(length - password.length)) {
      if (byte < limit) password += characters[byte % characters.length];
    }
  }
  return password;
}

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { type AgeFile, decodeBase64, deriveKey, openAgeFile, openChaCha, parseAgeFile } from "./age-file.ts";
import { decodeBech32, encodeBech32 } from "./bech32.ts";
import { fail, type Refusal, type SecretResult, succeed } from "./secret-error.ts";

const identityPrefix = "age-secret-key-";
const recipientPrefix = "age";
const keyLength = 32;
// The fixed ASN.1 heads of X25519 keys (RFC 8410), because node:crypto takes no raw ones.
const privateKeyHead = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicKeyHead = Buffer.from("302a300506032b656e032100", "hex");

/**
 * A private age key that can open files sealed for its recipient. The key itself lies behind the function, so that
 * printing an identity shows its public half only.
 */
export interface AgeIdentity {
  /** The public half, `age1...`. */
  readonly recipient: string;
  /** The content of an armored age file, or undefined when it was not sealed for this identity or was changed. */
  readonly open: (armored: string) => Uint8Array | undefined;
}

/**
 * The identities in an age key file: one `AGE-SECRET-KEY-1...` a line, empty lines and `#` comments between.
 * Errors: `E_IDENTITY_INVALID`, naming the line's number and never its text.
 */
export function parseAgeIdentities(text: string): SecretResult<readonly AgeIdentity[]> {
  const identities: AgeIdentity[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const decoded = decodeBech32(line);
    if (decoded?.prefix !== identityPrefix || decoded.bytes.length !== keyLength) {
      const isOther = /^AGE-(SECRET-KEY-PQ|PLUGIN)/i.test(line);
      return invalidIdentity(
        `line ${index + 1} of the key file ${isOther ? "is an age key of a kind woow does not read" : "is not an age key"}`,
      );
    }
    identities.push(toIdentity(decoded.bytes));
  }
  if (identities.length === 0) return invalidIdentity("the key file holds no age key");
  return succeed(identities);
}

/** A new key pair: the line for a key file, and the public half. `randomBytes` must be a cryptographic source. */
export function generateAgeIdentity(randomBytes: (size: number) => Uint8Array): {
  readonly secretKey: string;
  readonly recipient: string;
} {
  const scalar = randomBytes(keyLength);
  const secretKey = encodeBech32({ prefix: identityPrefix, bytes: scalar }).toUpperCase();
  return { secretKey, recipient: toIdentity(scalar).recipient };
}

/**
 * Checks public keys before anything is sealed for them. Returns them trimmed, each once, in the order given.
 * Errors: `E_RECIPIENT_INVALID`. Only X25519 recipients are taken: every SOPS and Flux since age support can read them.
 */
export function checkRecipients(recipients: readonly string[]): SecretResult<readonly string[]> {
  const trimmed = [...new Set(recipients.map((recipient) => recipient.trim()))];
  const bad = trimmed.find((recipient) => {
    const decoded = decodeBech32(recipient);
    return (
      decoded?.prefix !== recipientPrefix ||
      decoded.bytes.length !== keyLength ||
      recipient !== recipient.toLowerCase()
    );
  });
  if (bad === undefined && trimmed.length > 0) return succeed(trimmed);
  // Only what looks public is repeated: a private key or a password may have been put here by mistake.
  const shown = bad !== undefined && /^(age1|ssh-)/.test(bad) ? JSON.stringify(bad) : "a text that is given";
  return fail({
    code: "E_RECIPIENT_INVALID",
    message:
      bad === undefined
        ? "no recipient is given, so nobody could read the secrets"
        : `${shown} is not an age X25519 public key`,
    path: ["sops", "age"],
    hint: "give public keys of the form age1..., as `age-keygen -y KEYFILE` prints them",
  });
}

function invalidIdentity(message: string): Refusal {
  return fail({
    code: "E_IDENTITY_INVALID",
    message,
    path: [],
    hint: "a key file holds lines AGE-SECRET-KEY-1..., as `age-keygen` writes them; comments start with #",
  });
}

function toIdentity(scalar: Uint8Array): AgeIdentity {
  const privateKey = createPrivateKey({
    key: Buffer.concat([privateKeyHead, scalar]),
    format: "der",
    type: "pkcs8",
  });
  const publicBytes = createPublicKey(privateKey)
    .export({ format: "der", type: "spki" })
    .subarray(-keyLength);
  return {
    recipient: encodeBech32({ prefix: recipientPrefix, bytes: publicBytes }),
    open(armored) {
      const file = parseAgeFile(armored);
      const fileKey = file && unwrapFileKey({ file, privateKey, publicBytes });
      return file && fileKey && openAgeFile(file, fileKey);
    },
  };
}

function unwrapFileKey(from: {
  readonly file: AgeFile;
  readonly privateKey: KeyObject;
  readonly publicBytes: Uint8Array;
}): Uint8Array | undefined {
  for (const { args, body } of from.file.stanzas) {
    const share =
      args.length === 2 && args[0] === "X25519" ? decodeBase64(args[1] ?? "", "unpadded") : undefined;
    if (share?.length !== keyLength || body.length !== keyLength) continue;
    const secret = agree(from.privateKey, share);
    if (secret === undefined) continue;
    const salt = Buffer.concat([share, from.publicBytes]);
    const key = deriveKey({ secret, salt, label: "age-encryption.org/v1/X25519" });
    const fileKey = openChaCha({ key, nonce: new Uint8Array(12), sealed: body });
    if (fileKey !== undefined) return fileKey;
  }
  return undefined;
}

function agree(privateKey: KeyObject, share: Uint8Array): Uint8Array | undefined {
  try {
    const publicKey = createPublicKey({
      key: Buffer.concat([publicKeyHead, share]),
      format: "der",
      type: "spki",
    });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    // A point of low order gives an all-zero secret, which OpenSSL refuses as the age format demands.
    return undefined;
  }
}

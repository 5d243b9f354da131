import { createCipheriv, createDecipheriv } from "node:crypto";
import { decodeBase64 } from "./age-file.ts";

/**
 * One value in SOPS' own text form (aes/cipher.go of SOPS 3.13): AES-256-GCM with a nonce of 32 bytes. The path of
 * keys is authenticated with it, so a value moved to another key no longer opens.
 */
const cipherName = "aes-256-gcm";
const ivLength = 32;
const tagLength = 16;
// Stricter than SOPS, which takes anything after the closing bracket.
const encryptedPattern =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/;
// A byte order mark is part of a secret, not an encoding hint.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a definition may hold below `secret_values`, decrypted. */
export type SecretValue = string | number | boolean | null | readonly SecretValue[] | SecretMap;

/** Decrypted values by key, in file order. */
export interface SecretMap {
  readonly [key: string]: SecretValue;
}

/** A decrypted leaf: its bytes and the type SOPS noted (which is not authenticated). */
export interface PlainValue {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** True for text that claims to be encrypted by SOPS, whole or not. */
export function isEncryptedText(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("ENC[");
}

/** What is authenticated with a value: its keys, without list indexes, each followed by a colon. */
export function formatAad(keys: readonly string[]): string {
  return `${keys.join(":")}:`;
}

/** Decrypts one value, or returns undefined when text, place or key is not the one it was sealed with. */
export function decryptValue(sealed: {
  readonly text: string;
  readonly dataKey: Uint8Array;
  readonly aad: string;
}): PlainValue | undefined {
  const [, dataText = "", ivText = "", tagText = "", type = ""] = encryptedPattern.exec(sealed.text) ?? [];
  const data = decodeBase64(dataText, "padded");
  const iv = decodeBase64(ivText, "padded");
  const tag = decodeBase64(tagText, "padded");
  if (data === undefined || iv?.length !== ivLength || tag?.length !== tagLength) return undefined;
  const decipher = createDecipheriv(cipherName, sealed.dataKey, iv, { authTagLength: tagLength });
  decipher.setAAD(Buffer.from(sealed.aad)).setAuthTag(tag);
  const bytes = decipher.update(data);
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return { bytes, type };
}

/** Encrypts one value. An empty one stays empty, as SOPS does it. */
export function encryptValue(plain: {
  readonly value: PlainValue;
  readonly dataKey: Uint8Array;
  readonly aad: string;
  readonly randomBytes: (size: number) => Uint8Array;
}): string {
  const { bytes, type } = plain.value;
  if (bytes.length === 0) return "";
  const iv = plain.randomBytes(ivLength);
  const cipher = createCipheriv(cipherName, plain.dataKey, iv, { authTagLength: tagLength });
  cipher.setAAD(Buffer.from(plain.aad));
  const data = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const [dataText, ivText, tagText] = [data, iv, cipher.getAuthTag()].map((part) =>
    Buffer.from(part).toString("base64"),
  );
  return `ENC[AES256_GCM,data:${dataText},iv:${ivText},tag:${tagText},type:${type}]`;
}

/** The bytes of a text value. */
export function toPlainValue(text: string): PlainValue {
  return { bytes: Buffer.from(text), type: "str" };
}

/**
 * The value SOPS would show for a leaf, or undefined when it cannot be carried exactly: a number JavaScript cannot
 * hold, bytes that are not text, or a comment posing as a value (SOPS leaves those out of its code).
 */
export function interpretValue({ bytes, type }: PlainValue): string | number | boolean | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  switch (type) {
    case "str":
    case "bytes":
    case "time":
      return text;
    case "int":
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case "float":
      return /^-?\d+(\.\d+)?$/.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "bool":
      return text === "True" ? true : text === "False" ? false : undefined;
    default:
      return undefined;
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

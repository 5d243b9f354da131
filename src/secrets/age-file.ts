import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/**
 * Reading an armored age file of the size of a data key, with node:crypto (format: https://age-encryption.org/v1).
 * The age library does the same in four times the time and takes 0.1 s to load, which a platform of a thousand
 * files would pay on every run. It still does all the writing, and a test holds the two together.
 */
const beginLine = "-----BEGIN AGE ENCRYPTED FILE-----";
const endLine = "-----END AGE ENCRYPTED FILE-----";
const armorWidth = 64;
const versionLine = "age-encryption.org/v1";
const macLength = 32;
const streamNonceLength = 16;
const tagLength = 16;

/** One recipient's part of the header: its type, further arguments, and the wrapped file key. */
export interface AgeStanza {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** An age file taken apart; nothing of it is verified yet. */
export interface AgeFile {
  readonly stanzas: readonly AgeStanza[];
  /** The bytes the header's code is computed over: everything up to and with `---`. */
  readonly signedHeader: Uint8Array;
  readonly mac: Uint8Array;
  readonly payload: Uint8Array;
}

/** Takes an armored age file apart; undefined when it is not one. */
export function parseAgeFile(armored: string): AgeFile | undefined {
  const file = decodeArmor(armored);
  const macStart = file?.indexOf("\n--- ") ?? -1;
  const headerEnd = file?.indexOf("\n", macStart + 1) ?? -1;
  if (file === undefined || macStart < 0 || headerEnd < 0) return undefined;
  const lines = file.toString("latin1", 0, macStart).split("\n");
  const mac = decodeBase64(file.toString("latin1", macStart + "\n--- ".length, headerEnd), "unpadded");
  if (lines.shift() !== versionLine || mac?.length !== macLength) return undefined;
  const stanzas = parseStanzas(lines);
  if (stanzas === undefined) return undefined;
  const signedHeader = file.subarray(0, macStart + "\n---".length);
  return { stanzas, signedHeader, mac, payload: file.subarray(headerEnd + 1) };
}

/** The content of an age file of one chunk (up to 64 KiB), or undefined when header or content was changed. */
export function openAgeFile(file: AgeFile, fileKey: Uint8Array): Uint8Array | undefined {
  const macKey = deriveKey({ secret: fileKey, salt: new Uint8Array(), label: "header" });
  const mac = createHmac("sha256", macKey).update(file.signedHeader).digest();
  if (!timingSafeEqual(mac, file.mac) || file.payload.length < streamNonceLength + tagLength)
    return undefined;
  const salt = file.payload.subarray(0, streamNonceLength);
  const nonce = new Uint8Array(12);
  nonce[11] = 1; // the mark of the last chunk, here also the first
  return openChaCha({
    key: deriveKey({ secret: fileKey, salt, label: "payload" }),
    nonce,
    sealed: file.payload.subarray(streamNonceLength),
  });
}

/** HKDF-SHA-256 to 32 bytes, as age derives all its keys. */
export function deriveKey(from: { secret: Uint8Array; salt: Uint8Array; label: string }): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", from.secret, from.salt, from.label, 32));
}

/** Opens ChaCha20-Poly1305 text whose last 16 bytes are the tag; undefined when it does not verify. */
export function openChaCha(from: {
  key: Uint8Array;
  nonce: Uint8Array;
  sealed: Uint8Array;
}): Uint8Array | undefined {
  const decipher = createDecipheriv("chacha20-poly1305", from.key, from.nonce, { authTagLength: tagLength });
  const data = from.sealed.subarray(0, -tagLength);
  decipher.setAuthTag(from.sealed.subarray(-tagLength));
  const plain = decipher.update(data);
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

/** Strict base64: undefined for any text but the one encoding of its bytes, so that no flipped bit goes unseen. */
export function decodeBase64(text: string, padding: "padded" | "unpadded"): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  const canonical = bytes.toString("base64");
  return text === (padding === "padded" ? canonical : canonical.replace(/=+$/, "")) ? bytes : undefined;
}

function decodeArmor(armored: string): Buffer | undefined {
  const lines = armored.trim().replaceAll("\r\n", "\n").split("\n");
  if (lines.shift() !== beginLine || lines.pop() !== endLine) return undefined;
  const last = lines.pop();
  if (last === undefined || last.length > armorWidth || lines.some((line) => line.length !== armorWidth)) {
    return undefined;
  }
  return decodeBase64([...lines, last].join(""), "padded");
}

function parseStanzas(lines: readonly string[]): AgeStanza[] | undefined {
  const stanzas: AgeStanza[] = [];
  let at = 0;
  while (at < lines.length) {
    const [arrow, ...args] = (lines[at] ?? "").split(" ");
    if (arrow !== "->" || args.length === 0 || args.includes("")) return undefined;
    const body: Buffer[] = [];
    let line: string | undefined;
    // A body ends with its first line below full width, which may be empty.
    do {
      at += 1;
      line = lines[at];
      const bytes = line === undefined ? undefined : decodeBase64(line, "unpadded");
      if (line === undefined || bytes === undefined || line.length > armorWidth) return undefined;
      body.push(bytes);
    } while (line.length === armorWidth);
    at += 1;
    stanzas.push({ args, body: Buffer.concat(body) });
  }
  return stanzas;
}

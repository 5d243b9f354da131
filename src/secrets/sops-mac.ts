import { createHash } from "node:crypto";
import { decryptValue, encryptValue, toPlainValue } from "./sops-value.ts";

/** The bytes SOPS starts from when only encrypted values count (MACOnlyEncryptedInitialization in its sops.go). */
const onlyEncryptedStart = "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69";

/** SOPS' code over the decrypted values in file order, as it stands in the file before it is encrypted itself. */
export function computeMac(leaves: Iterable<Uint8Array>): string {
  const hash = createHash("sha512").update(Buffer.from(onlyEncryptedStart, "hex"));
  for (const leaf of leaves) hash.update(leaf);
  return hash.digest("hex").toUpperCase();
}

/** The code out of `sops.mac`, or undefined when it or `sops.lastmodified` was changed. */
export function openMac(sealed: {
  readonly mac: string;
  readonly lastModified: string;
  readonly dataKey: Uint8Array;
}): string | undefined {
  const plain = decryptValue({ text: sealed.mac, dataKey: sealed.dataKey, aad: sealed.lastModified });
  return plain && Buffer.from(plain.bytes).toString("latin1");
}

/** The text for `sops.mac`. */
export function sealMac(plain: {
  readonly mac: string;
  readonly lastModified: string;
  readonly dataKey: Uint8Array;
  readonly randomBytes: (size: number) => Uint8Array;
}): string {
  const { dataKey, randomBytes, lastModified: aad } = plain;
  return encryptValue({ value: toPlainValue(plain.mac), dataKey, aad, randomBytes });
}

/**
 * Bech32 as age uses it for its keys (BIP 173, without its limit of 90 characters). Written here because opening
 * secrets must not load the whole age library only to read a key.
 */
const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const checksumLength = 6;

/** Text with a readable prefix and the bytes it stands for. */
export interface Bech32 {
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** Lower-case Bech32 text; the prefix must be lower case. */
export function encodeBech32({ prefix, bytes }: Bech32): string {
  const words = regroupBits({ input: bytes, from: 8, to: 5, pad: true }) ?? [];
  const checked = polymod([...expandPrefix(prefix), ...words, ...Array<number>(checksumLength).fill(0)]) ^ 1;
  const checksum = Array.from({ length: checksumLength }, (_, i) => (checked >>> (5 * (5 - i))) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => alphabet[word]).join("")}`;
}

/** The prefix (in lower case) and bytes of Bech32 text, or undefined when it is mistyped, cut or of mixed case. */
export function decodeBech32(text: string): Bech32 | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  const separator = lower.lastIndexOf("1");
  if (separator < 1 || separator + 1 + checksumLength > lower.length) return undefined;
  const prefix = lower.slice(0, separator);
  const words = Array.from(lower.slice(separator + 1), (char) => alphabet.indexOf(char));
  if (words.includes(-1) || polymod([...expandPrefix(prefix), ...words]) !== 1) return undefined;
  const bytes = regroupBits({ input: words.slice(0, -checksumLength), from: 5, to: 8, pad: false });
  return bytes === undefined ? undefined : { prefix, bytes: Uint8Array.from(bytes) };
}

function expandPrefix(prefix: string): number[] {
  const codes = Array.from(prefix, (char) => char.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function polymod(words: readonly number[]): number {
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    generators.forEach((generator, i) => {
      if ((top >>> i) & 1) sum ^= generator;
    });
  }
  return sum;
}

interface Regrouping {
  readonly input: Iterable<number>;
  readonly from: number;
  readonly to: number;
  readonly pad: boolean;
}

function regroupBits({ input, from, to, pad }: Regrouping): number[] | undefined {
  const output: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of input) {
    held = (held << from) | value;
    bits += from;
    while (bits >= to) {
      bits -= to;
      output.push((held >>> bits) & ((1 << to) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (pad) {
    if (bits > 0) output.push((held << (to - bits)) & ((1 << to) - 1));
  } else if (bits >= from || held !== 0) return undefined;
  return output;
}

import { gunzipSync } from "node:zlib";

/** A secret that must not be seen, and what it is called in messages. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

/** Deeper than anything of ours is packed: base64 in gzip in base64 in base64. */
const maxDepth = 5;
const base64Run = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

/** Names of the canaries in a text: as they are, in hex, URL or JSON escapes, in base64, or packed with gzip. */
export function findLeaks(text: string, canaries: readonly Canary[]): string[] {
  const found = new Set<string>();
  search(text, { canaries, found, depth: 0 });
  return [...found].sort();
}

interface Search {
  readonly canaries: readonly Canary[];
  readonly found: Set<string>;
  readonly depth: number;
}

function search(text: string, { canaries, found, depth }: Search): void {
  for (const { name, value } of canaries) {
    const hex = Buffer.from(value).toString("hex");
    const spellings = [value, hex, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
    if ([...spellings, ...innerBase64(value)].some((spelling) => text.includes(spelling))) found.add(name);
  }
  if (depth === maxDepth) return;
  for (const [run] of text.matchAll(base64Run)) {
    const bytes = Buffer.from(run, "base64");
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const inner = isGzip ? unpack(bytes) : bytes.toString("utf8");
    // what is no text holds no spelling that the search above would have missed
    if (inner !== undefined && (isGzip || !inner.includes("\uFFFD"))) {
      search(inner, { canaries, found, depth: depth + 1 });
    }
  }
}

function unpack(bytes: Buffer): string | undefined {
  try {
    return gunzipSync(bytes).toString("utf8");
  } catch {
    return undefined;
  }
}

/** Base64 of a value inside something longer: three ways to fall on its boundaries, the edges cut off. */
function innerBase64(value: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("\0".repeat(shift) + value).toString("base64");
    const bits = (shift + Buffer.byteLength(value)) * 8;
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(bits / 6));
  });
}

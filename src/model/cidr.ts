import { isIP } from "node:net";

interface Block {
  readonly bits: bigint;
  readonly prefix: number;
  readonly width: 32 | 128;
}

/** Why a CIDR is not usable, or undefined when it is fine. Host bits must be zero: that is the form the API keeps. */
export function cidrFault(cidr: string): string | undefined {
  const block = parseCidr(cidr);
  if (block === undefined) return `${cidr} is not an address range`;
  const hostBits = BigInt(block.width - block.prefix);
  if ((block.bits >> hostBits) << hostBits !== block.bits) return `${cidr} has bits set behind its prefix`;
  return undefined;
}

/** True when every address of `inner` is in `outer`. */
export function cidrContains(outer: string, inner: string): boolean {
  const a = parseCidr(outer);
  const b = parseCidr(inner);
  if (a === undefined || b === undefined || a.width !== b.width || b.prefix < a.prefix) return false;
  const shift = BigInt(a.width - a.prefix);
  return a.bits >> shift === b.bits >> shift;
}

/** 4 or 6. */
export function cidrFamily(cidr: string): 4 | 6 {
  return cidr.includes(":") ? 6 : 4;
}

/** Without doubles and without ranges that lie in another one; sorted. */
export function compactCidrs(cidrs: readonly string[]): string[] {
  const unique = [...new Set(cidrs)].sort();
  return unique.filter((cidr) => !unique.some((other) => other !== cidr && cidrContains(other, cidr)));
}

function parseCidr(cidr: string): Block | undefined {
  const [address = "", prefixText = "", ...rest] = cidr.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || !/^[0-9]+$/.test(prefixText)) return undefined;
  const width = family === 4 ? 32 : 128;
  const prefix = Number(prefixText);
  if (prefix > width) return undefined;
  return { bits: family === 4 ? ipv4Bits(address) : ipv6Bits(address), prefix, width };
}

function ipv4Bits(address: string): bigint {
  return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function ipv6Bits(address: string): bigint {
  let text = address;
  const embedded = /^(.*:)([0-9.]+)$/.exec(text);
  if (embedded?.[2]?.includes(".")) {
    const v4 = ipv4Bits(embedded[2]);
    text = `${embedded[1] ?? ""}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...middle, ...right].reduce((bits, part) => (bits << 16n) | BigInt(`0x${part}`), 0n);
}

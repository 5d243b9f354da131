import { domainToASCII, domainToUnicode } from "node:url";
import { hostNamePattern } from "./id-patterns.ts";

/** A domain name as DNS has it, or why it is none. */
export type DomainName =
  | {
      readonly ok: true;
      /** Lower case, punycode, no dot at the end. */
      readonly domain: string;
      /** As people read it; the same as `domain` for names in plain letters. */
      readonly unicode: string;
      /** A label mixes letters of several scripts, as names do that imitate another one. */
      readonly isMixed: boolean;
    }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

/** A name in front of the domain takes 16 characters (`_woow-challenge.`), and DNS has 253 in all. */
const longestDomain = 237;

/**
 * Reads a domain name as people write it: upper case, a dot at the end and letters of any script are taken; a wildcard,
 * an address or a URL is not.
 */
export function readDomainName(text: string): DomainName {
  const written = text.trim();
  if (/[/:@]/.test(written)) {
    const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@]*@)?([^/:@]+)/i.exec(written)?.[1];
    return no("it is the address of a page, not a domain name", `write the name alone: ${host ?? "HOST"}`);
  }
  if (written.includes("*")) {
    return no(
      "wildcards are not served: each name is proven by itself, and the HTTP-01 challenge cannot issue a wildcard certificate",
      "name each host: one service, one custom_domain",
    );
  }
  const plain = written.endsWith(".") ? written.slice(0, -1) : written;
  // a URL may hide a dot behind it, a name has none
  if (plain.includes("%")) return no("a name has no percent sign", "write it as it is read, without %");
  const domain = domainToASCII(plain).toLowerCase();
  // URLs take 1.2.3.0x4 and full-width digits for an address, too, and give it in plain digits
  if ([plain, domain].some((name) => /(^|\.)[0-9]+$/.test(name))) {
    return no("it is an IP address, not a domain name", "write a name such as apps.example.com");
  }
  if (!new RegExp(hostNamePattern).test(domain)) {
    const single = /^[a-z0-9-]+$/.test(domain);
    return no(
      single ? "it has no dot: it is one label, not a whole name" : "DNS cannot have such a name",
      "write a whole name such as apps.example.com",
    );
  }
  if (domain.length > longestDomain) {
    return no(
      `it has ${domain.length} characters; its record for the proof leaves room for ${longestDomain}`,
      "use a shorter name",
    );
  }
  const unicode = domainToUnicode(domain);
  return { ok: true, domain, unicode, isMixed: unicode.split(".").some(mixesScripts) };
}

/** `xn--bcher-kva.example (bücher.example)`: what a name is, and how it looks. */
export function describeDomain(domain: string): string {
  const unicode = domainToUnicode(domain);
  return unicode === domain || unicode === "" ? domain : `${domain} (${unicode})`;
}

/** Scripts that one language writes together; every other mixture is suspicious (UTS 39, highly restrictive). */
const together: readonly (readonly string[])[] = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
];

const scripts = [
  "Latin",
  "Greek",
  "Cyrillic",
  "Armenian",
  "Hebrew",
  "Arabic",
  "Devanagari",
  "Thai",
  "Georgian",
  "Cherokee",
  "Han",
  "Hiragana",
  "Katakana",
  "Bopomofo",
  "Hangul",
].map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, "u") }));

function mixesScripts(label: string): boolean {
  const found = scripts.filter(({ pattern }) => pattern.test(label)).map(({ name }) => name);
  if (found.length < 2) return false;
  return !together.some((allowed) => found.every((name) => allowed.includes(name)));
}

function no(reason: string, hint: string): DomainName {
  return { ok: false, reason, hint };
}

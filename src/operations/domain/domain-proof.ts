import { createHash } from "node:crypto";

/** Who must be named by a proof: this platform, this workspace, this domain. */
export interface ProofSubject {
  readonly platform: string;
  readonly workspace: string;
  readonly domain: string;
}

/** What a TXT value that looks like a proof says. */
export interface ReadProof {
  readonly platform: string;
  readonly workspace: string;
}

const prefix = "woow-verify=";
/** 32 hexadecimal digits are 128 bits: the value fits one string of a TXT record, however long the domain is. */
const hashDigits = 32;

/** The name of the TXT record that proves a domain. */
export function challengeName(domain: string): string {
  return `_woow-challenge.${domain}`;
}

/**
 * The value of that record. It is no secret: what proves is that it stands in the domain's zone. It names platform and
 * workspace, so that it proves nothing for another tenant, and holds a hash of all three, so that a record a wildcard
 * answers with, or one copied to another name, proves nothing either (decision 0018).
 */
export function proofValue({ platform, workspace, domain }: ProofSubject): string {
  const hash = createHash("sha256")
    .update(JSON.stringify(["woow-domain-proof-1", platform, workspace, domain]))
    .digest("hex")
    .slice(0, hashDigits);
  return `${prefix}${platform}/${workspace}:${hash}`;
}

/** A TXT value without the quotes and blanks that DNS panels leave around it. */
export function trimValue(value: string): string {
  return value
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .trim();
}

/** Undefined for a value that is nobody's proof. */
export function readProof(value: string): ReadProof | undefined {
  const found = /^woow-verify=([a-z0-9-]{1,63})\/([a-z0-9]{1,20}):[0-9a-f]*$/.exec(trimValue(value));
  return found === null ? undefined : { platform: found[1] ?? "", workspace: found[2] ?? "" };
}

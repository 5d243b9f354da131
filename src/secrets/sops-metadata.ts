import {
  fail,
  type Refusal,
  type SecretError,
  type SecretErrorCode,
  type SecretResult,
  succeed,
} from "./secret-error.ts";
import { isEncryptedText } from "./sops-value.ts";

/** The one top-level key of a definition that SOPS encrypts. */
export const secretValuesKey = "secret_values";
/** The expression SOPS keeps for it. It is tested against every key, hence a name no chart uses. */
export const encryptedRegex = `^${secretValuesKey}$`;
/** The format version we write; the SOPS this codec is held against in its tests. */
export const sopsVersion = "3.13.3";

const otherServices = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"];
const otherScopes = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
];

/** The data key, wrapped for one recipient. */
export interface AgeEntry {
  readonly recipient: string;
  /** An armored age file. */
  readonly enc: string;
}

/** What the `sops` block of a definition says, after its fixed parts were checked. */
export interface SopsMetadata {
  readonly age: readonly AgeEntry[];
  /** As SOPS authenticates it: RFC 3339 in whole seconds. */
  readonly lastModified: string;
  readonly mac: string;
  /** Key services next to age, whose copies of the data key we cannot renew. */
  readonly otherServices: readonly string[];
}

/**
 * Reads the value parsed from a definition's `sops` key.
 * Errors: `E_METADATA_INVALID`, `E_UNSUPPORTED_KEY_SERVICE`, `E_SCOPE`, `E_MAC_SCOPE`, `E_NO_MAC`.
 */
export function readSopsMetadata(sops: unknown): SecretResult<SopsMetadata> {
  if (!isRecord(sops)) return refuse("E_METADATA_INVALID", "it must be a map", []);
  const services = listOtherServices(sops);
  const age = readAgeEntries(sops["age"]);
  if (age === undefined) return refuse("E_METADATA_INVALID", "age must list recipient and enc", ["age"]);
  // SOPS lists keys here or in key groups, never in both.
  if (age.length === 0) {
    return refuse("E_UNSUPPORTED_KEY_SERVICE", "its data key is not wrapped by age in one key group", [
      "age",
    ]);
  }
  if (sops["encrypted_regex"] !== encryptedRegex || otherScopes.some((name) => isPresent(sops[name]))) {
    return refuse("E_SCOPE", `encrypted_regex must be ${encryptedRegex}, alone`, ["encrypted_regex"]);
  }
  if (sops["mac_only_encrypted"] !== true) {
    return refuse("E_MAC_SCOPE", "mac_only_encrypted must be true", ["mac_only_encrypted"]);
  }
  if (!isPresent(sops["mac"])) return refuse("E_NO_MAC", "mac is missing", ["mac"]);
  if (!isEncryptedText(sops["mac"])) return refuse("E_METADATA_INVALID", "mac is not encrypted", ["mac"]);
  const lastModified = normalizeTime(sops["lastmodified"]);
  if (lastModified === undefined) {
    return refuse("E_METADATA_INVALID", "lastmodified is not a time such as 2026-01-31T12:00:00Z", [
      "lastmodified",
    ]);
  }
  return succeed({ age, lastModified, mac: sops["mac"], otherServices: services });
}

/** The key services next to age that a `sops` block wraps its data key for. */
export function listOtherServices(sops: Readonly<Record<string, unknown>>): readonly string[] {
  return otherServices.filter((name) => isPresent(sops[name]));
}

/** A time as SOPS writes it into `sops.lastmodified`. */
export function formatLastModified(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** True for a map from YAML or JSON. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readAgeEntries(age: unknown): AgeEntry[] | undefined {
  if (age === undefined || age === null) return [];
  if (!Array.isArray(age)) return undefined;
  const entries: AgeEntry[] = [];
  for (const entry of age as unknown[]) {
    if (!isRecord(entry)) return undefined;
    const { recipient, enc } = entry;
    if (typeof recipient !== "string" || typeof enc !== "string") return undefined;
    entries.push({ recipient: recipient.trim(), enc });
  }
  return entries;
}

// SOPS parses the time and prints it again before it authenticates it: fractions go, a zero offset becomes Z.
function normalizeTime(time: unknown): string | undefined {
  if (typeof time !== "string") return undefined;
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (parts === null || Number.isNaN(Date.parse(time))) return undefined;
  return `${parts[1]}${/^[+-]00:00$/.test(parts[2] ?? "") ? "Z" : parts[2]}`;
}

// SOPS' older releases write empty lists and strings for what is not used.
function isPresent(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}

const hints: Partial<Record<SecretErrorCode, string>> = {
  E_NO_MAC:
    "restore the sops block from git history, or remove secret_values and sops and set the secrets again",
  E_UNSUPPORTED_KEY_SERVICE: "use one group of age recipients in .sops.yaml",
  E_SCOPE: `put encrypted_regex: ${encryptedRegex} and mac_only_encrypted: true into .sops.yaml, decrypt and encrypt the file with sops`,
  E_MAC_SCOPE:
    "put mac_only_encrypted: true into .sops.yaml, decrypt and encrypt the file with sops; without it every edit of a plain value breaks the file",
};

function refuse(code: SecretErrorCode, detail: string, path: readonly string[]): Refusal {
  const error: SecretError = {
    code,
    message: `the sops block cannot be used: ${detail}`,
    path: ["sops", ...path],
    hint: hints[code] ?? "restore the sops block from git history; nobody edits it by hand",
  };
  return fail(error);
}

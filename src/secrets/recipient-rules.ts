import { type SecretResult, succeed } from "./secret-error.ts";
import { isRecord, listOtherServices } from "./sops-metadata.ts";
import { findRule, parseSopsConfig, readRuleRecipients, refuseRule, sopsConfigFile } from "./sops-rules.ts";
import type { SopsRule } from "./sops-rules.ts";

/** Who may read which file, by `.sops.yaml`: its text is parsed once, however many files are asked for. */
export interface RecipientRules {
  /**
   * For whom a file at `path` (from the repository's root, with `/`) is to be sealed: the first creation rule that
   * matches, as SOPS has it. Errors: `E_NO_RULE` when none does, and those of a rule whose files we could not read:
   * `E_SCOPE`, `E_MAC_SCOPE`, `E_UNSUPPORTED_KEY_SERVICE`, `E_RECIPIENT_INVALID`, `E_CONFIG_INVALID`.
   */
  readonly recipientsOf: (path: string) => SecretResult<readonly string[]>;
}

/** Reads the text of `.sops.yaml`. Errors: `E_CONFIG_INVALID`. */
export function readRecipientRules(configText: string): SecretResult<RecipientRules> {
  const config = parseSopsConfig(configText);
  if (!config.ok) return config;
  const known = new Map<SopsRule, SecretResult<readonly string[]>>();
  return succeed({
    recipientsOf: (path) => {
      const rule = findRule(config.value, path);
      if (rule === undefined) return refuseUnruled(path);
      const recipients = known.get(rule) ?? readRuleRecipients(rule);
      known.set(rule, recipients);
      return recipients;
    },
  });
}

/** Someone the data key of a file is wrapped for, although no rule says so. */
export interface ForeignRecipient {
  /** The age public key as it is written, or the name of another key service such as `pgp`. */
  readonly recipient: string;
  /** The place, from the top of the definition. */
  readonly path: readonly (string | number)[];
}

/** How the recipients a file names differ from those it is to have. */
export interface RecipientDifference {
  readonly foreign: readonly ForeignRecipient[];
  readonly missing: readonly string[];
}

/**
 * Compares the list in a `sops` block with the recipients wanted; needs no key. It judges what the block says: whoever
 * made the block may keep its data key without being listed.
 */
export function compareRecipients(sops: unknown, wanted: readonly string[]): RecipientDifference {
  if (!isRecord(sops)) return { foreign: [], missing: [] };
  const age: readonly unknown[] = Array.isArray(sops["age"]) ? sops["age"] : [];
  const listed = age.map((entry) =>
    isRecord(entry) && typeof entry["recipient"] === "string" ? entry["recipient"].trim() : "",
  );
  const foreign = listed.flatMap((recipient, index) =>
    wanted.includes(recipient) ? [] : [{ recipient, path: ["sops", "age", index, "recipient"] }],
  );
  const services = listOtherServices(sops).map((name) => ({ recipient: name, path: ["sops", name] }));
  return {
    foreign: [...foreign, ...services],
    missing: wanted.filter((recipient) => !listed.includes(recipient)),
  };
}

function refuseUnruled(path: string): SecretResult<never> {
  return refuseRule(
    "E_NO_RULE",
    `no creation rule of ${sopsConfigFile} matches ${path}, so nobody is named who may read its secrets`,
    "add a rule with path_regex: ^workspaces/ and the platform's recipients as the last one",
  );
}

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { checkRecipients } from "./age-identity.ts";
import { type DefinitionText, findEntry, readNode, startOf } from "./definition-text.ts";
import { fail, type Refusal, type SecretErrorCode, type SecretResult, succeed } from "./secret-error.ts";
import { encryptedRegex } from "./sops-metadata.ts";

/** Where SOPS and woow read who may open a file. It lies at the repository's root. */
export const sopsConfigFile = ".sops.yaml";

const scopeKeys = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
];
const serviceKeys = [
  "kms",
  "gcp_kms",
  "hckms",
  "azure_keyvault",
  "hc_vault_transit_uri",
  "pgp",
  "key_groups",
  "shamir_threshold",
];

/** One creation rule in the text. */
export interface SopsRule {
  readonly map: YAMLMap;
  /** The rule's content as plain JavaScript. */
  readonly value: Readonly<Record<string, unknown>>;
  /** The text of `path_regex`; empty for a rule that takes every path, as in SOPS. */
  readonly pathRegex: string;
  readonly matches: (path: string) => boolean;
}

/** `.sops.yaml` as text with its rules in file order. */
export interface SopsConfigText {
  readonly definition: DefinitionText;
  readonly rules: readonly SopsRule[];
}

/** Parses `.sops.yaml`. Errors: `E_CONFIG_INVALID`, with line and column where the YAML is broken. */
export function parseSopsConfig(text: string): SecretResult<SopsConfigText> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter, logLevel: "silent" });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    return refuseConfig(`it is not valid YAML (${problem.code} at line ${line}, column ${col})`);
  }
  const root = document.contents;
  if (!isMap(root) || root.items.some(({ key }) => !isScalar(key))) return refuseConfig("it must be a map");
  const definition: DefinitionText = {
    text,
    root: root as YAMLMap,
    document,
    lineEnd: text.includes("\r\n") ? "\r\n" : "\n",
  };
  const list = findEntry(definition.root, "creation_rules")?.value ?? null;
  if (list === null) return succeed({ definition, rules: [] });
  if (!isSeq(list)) return refuseConfig("creation_rules must be a list");
  const rules: SopsRule[] = [];
  for (const [index, item] of list.items.entries()) {
    const rule = readRule(definition, item as Node | null);
    if (typeof rule === "string") return refuseConfig(`creation rule ${index + 1} ${rule}`);
    rules.push(rule);
  }
  return succeed({ definition, rules });
}

/** The rule that counts for a path: the first that matches, as in SOPS. */
export function findRule({ rules }: SopsConfigText, path: string): SopsRule | undefined {
  return rules.find((rule) => rule.matches(path));
}

/**
 * The recipients of a rule, checked. Errors: `E_UNSUPPORTED_KEY_SERVICE`, `E_SCOPE`, `E_MAC_SCOPE` for a rule under which
 * SOPS would write files we refuse to read; `E_RECIPIENT_INVALID`, `E_CONFIG_INVALID`.
 */
export function readRuleRecipients({ value, pathRegex }: SopsRule): SecretResult<readonly string[]> {
  const rule = pathRegex === "" ? "the creation rule without path_regex" : `the creation rule ${pathRegex}`;
  const service = serviceKeys.find((key) => isPresent(value[key]));
  if (service !== undefined) {
    return refuseRule(
      "E_UNSUPPORTED_KEY_SERVICE",
      `${rule} uses ${service}`,
      "woow seals for one group of age recipients: list them under age",
    );
  }
  if (value["encrypted_regex"] !== encryptedRegex || scopeKeys.some((key) => isPresent(value[key]))) {
    return refuseRule(
      "E_SCOPE",
      `${rule} does not encrypt exactly secret_values`,
      `write encrypted_regex: ${encryptedRegex} into it, and no other expression or suffix`,
    );
  }
  if (value["mac_only_encrypted"] !== true) {
    return refuseRule(
      "E_MAC_SCOPE",
      `${rule} lets the code cover plain values too, so that every edit of a plain value would break the file`,
      "write mac_only_encrypted: true into it",
    );
  }
  const recipients = splitRecipients(value["age"]);
  return recipients === undefined
    ? refuseConfig(`${rule} has an age that is neither text nor a list of texts`)
    : checkRecipients(recipients);
}

/** A refusal to use `.sops.yaml`. */
export function refuseConfig(detail: string): Refusal {
  return refuseRule(
    "E_CONFIG_INVALID",
    `${sopsConfigFile} cannot be used: ${detail}`,
    `correct ${sopsConfigFile} at the repository's root; docs/secrets.md shows what stands in it`,
  );
}

/** A refusal about one rule of `.sops.yaml`. */
export function refuseRule(code: SecretErrorCode, message: string, hint: string): Refusal {
  return fail({ code, message, path: ["creation_rules"], hint });
}

function readRule(definition: DefinitionText, item: Node | null): SopsRule | string {
  if (!isMap(item)) return "is not a map";
  if (item.items.some(({ key }) => !isScalar(key) || typeof key.value !== "string")) return "has an odd key";
  const map = item as YAMLMap;
  // SOPS' YAML reader merges, ours does not: the two would see different rules.
  if (findEntry(map, "<<") !== undefined) return "uses a YAML merge key (<<); write the rule out";
  let value: Record<string, unknown>;
  try {
    value = readNode(definition, map) as Record<string, unknown>;
  } catch {
    return "holds an alias without an anchor";
  }
  const pathRegex = value["path_regex"] ?? "";
  if (typeof pathRegex !== "string") return "has a path_regex that is not text";
  const expression = compileRegex(pathRegex);
  if (expression === undefined) {
    return "has a path_regex that woow cannot be sure to read as SOPS does; use plain letters, [], (), |, *, +, ?, ^ and $";
  }
  return { map, value, pathRegex, matches: (path) => pathRegex === "" || expression.test(path) };
}

/**
 * SOPS reads the expression as Go's RE2. Only what RE2 and JavaScript read alike is taken: no groups with options or
 * names, no classes by name, no escapes but those of punctuation and of `\d \w \s \b` and their opposites.
 */
function compileRegex(source: string): RegExp | undefined {
  const isShared =
    !/\(\?(?!:)|\[\[?:|\\[^\W_dDwWsSbB]|\\$|\[\^?\]|\{,/.test(source) && /^[ -~]*$/.test(source);
  if (!isShared) return undefined;
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

// SOPS splits text at commas; a line end between two keys can only mean the same.
function splitRecipients(age: unknown): readonly string[] | undefined {
  if (age === undefined || age === null) return [];
  if (typeof age === "string") {
    return age
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }
  if (!Array.isArray(age)) return undefined;
  const items: readonly unknown[] = age;
  return items.every((item) => typeof item === "string") ? items : undefined;
}

function isPresent(value: unknown): boolean {
  return (
    value !== undefined &&
    value !== null &&
    value !== "" &&
    value !== 0 &&
    !(Array.isArray(value) && value.length === 0)
  );
}

/** Where a rule's own line begins, its dash included. */
export function ruleStartOf({ text }: DefinitionText, rule: SopsRule): number | undefined {
  const start = startOf(rule.map);
  const dash = text.lastIndexOf("-", start - 1);
  return dash >= 0 && /^-\s+$/.test(text.slice(dash, start)) ? dash : undefined;
}

import { isScalar, isSeq, type YAMLSeq } from "yaml";
import { checkRecipients } from "./age-identity.ts";
import {
  applyEdits,
  columnOf,
  entryEndOf,
  findEntry,
  lineStartOf,
  listEntries,
  startOf,
  type TextEdit,
} from "./definition-text.ts";
import { readRecipientRules } from "./recipient-rules.ts";
import { type SecretResult, succeed } from "./secret-error.ts";
import { encryptedRegex } from "./sops-metadata.ts";
import {
  findRule,
  parseSopsConfig,
  readRuleRecipients,
  refuseConfig,
  ruleStartOf,
  type SopsConfigText,
  type SopsRule,
} from "./sops-rules.ts";

export { sopsConfigFile } from "./sops-rules.ts";

/** Whose secrets, and for whom they are sealed. */
export interface WorkspaceRecipients {
  readonly workspaceId: string;
  /** Age public keys, `age1...`: the platform's, the offline recovery key, the workspace's own. */
  readonly recipients: readonly string[];
}

/** For whom a new file at `path` is sealed; errors as `RecipientRules.recipientsOf` and `readRecipientRules` say. */
export function readRecipients(configText: string, path: string): SecretResult<readonly string[]> {
  const rules = readRecipientRules(configText);
  return rules.ok ? rules.value.recipientsOf(path) : rules;
}

/** The recipients of a workspace's files; the same errors as `readRecipients`. */
export function listWorkspaceRecipients(
  configText: string,
  workspaceId: string,
): SecretResult<readonly string[]> {
  return readRecipients(configText, sampleFileOf(workspaceId));
}

/** A new `.sops.yaml` with one rule for every workspace. Errors: `E_RECIPIENT_INVALID`. */
export function writeSopsConfig({
  recipients,
}: {
  readonly recipients: readonly string[];
}): SecretResult<string> {
  const checked = checkRecipients(recipients);
  if (!checked.ok) return checked;
  return succeed(
    `# Who can open the secrets in workspaces/: read by woow and by sops itself (https://getsops.io).
# For a file the first rule counts whose path_regex matches its path. A change here alone re-seals nothing:
# \`woow secrets recipients add|remove\` edits this file and every file it is about.
creation_rules:
  # Every workspace without a rule of its own above.
${renderRule({ pathRegex: "^workspaces/", recipients: checked.value, column: 2 })}# sops would indent by 4 and so move every line.
stores:
  yaml:
    indent: 2
`,
  );
}

/**
 * Adds a rule of the workspace's own before the first rule that would take its files, comments and other lines unchanged.
 * Errors: `E_CONFIG_INVALID` (also when the workspace has a rule already), `E_RECIPIENT_INVALID`.
 */
export function addWorkspaceRule(text: string, change: WorkspaceRecipients): SecretResult<string> {
  const config = parseSopsConfig(text);
  if (!config.ok) return config;
  if (findOwnRule(config.value, change.workspaceId) !== undefined) {
    return refuseConfig(`there is a rule for the workspace ${change.workspaceId} already`);
  }
  return insertRule(config.value, change);
}

/**
 * Gives the workspace exactly these recipients, in a rule of its own, which is added when the workspace has none.
 * Errors: those of `addWorkspaceRule`, and of `readRecipients` when the rule itself cannot be used.
 */
export function setWorkspaceRecipients(text: string, change: WorkspaceRecipients): SecretResult<string> {
  const config = parseSopsConfig(text);
  if (!config.ok) return config;
  const rule = findOwnRule(config.value, change.workspaceId);
  if (rule === undefined) return insertRule(config.value, change);
  const wanted = checkRecipients(change.recipients);
  if (!wanted.ok) return wanted;
  const current = readRuleRecipients(rule);
  // A rule without recipients, or with a mistyped one, is what this call is to mend.
  if (!current.ok && current.error.code !== "E_RECIPIENT_INVALID") return current;
  const isSame = current.ok && current.value.join() === wanted.value.join();
  return isSame ? succeed(text) : checkResult(editAge(config.value, rule, wanted.value), change);
}

/** The path of any service of a workspace, to ask rules with. */
function sampleFileOf(workspaceId: string): string {
  return `workspaces/${workspaceId}/a.yaml`;
}

/** Names of other shapes: a rule that is about some services of a workspace only is not the workspace's rule. */
const otherNames = ["0", "b", "n8n-01", "postgresql-01", "zz-9-last"];

/** The rule that is about this workspace alone. */
function findOwnRule(config: SopsConfigText, workspaceId: string): SopsRule | undefined {
  const rule = findRule(config, sampleFileOf(workspaceId));
  return rule?.pathRegex.startsWith(`^workspaces/${workspaceId}/`) === true ? rule : undefined;
}

function insertRule(config: SopsConfigText, change: WorkspaceRecipients): SecretResult<string> {
  const { definition, rules } = config;
  const { text, root } = definition;
  const checked = checkRecipients(change.recipients);
  if (!checked.ok) return checked;
  const entry = findEntry(root, "creation_rules");
  if (entry === undefined || !isSeq(entry.value) || entry.value.flow === true) {
    return refuseConfig("creation_rules must be a list with each rule on lines of its own");
  }
  const next = findRule(config, sampleFileOf(change.workspaceId));
  const neighbour = next ?? rules.at(-1);
  const dash = neighbour && ruleStartOf(definition, neighbour);
  if (dash === undefined) return refuseConfig("creation_rules must be a list with at least one rule");
  const column = columnOf(text, dash);
  const start = next === undefined ? entryEndOf(text, entry) : commentStartOf(text, lineStartOf(text, dash));
  const pathRegex = `^workspaces/${change.workspaceId}/[^/]+\\.yaml$`;
  const rule = renderRule({ pathRegex, recipients: checked.value, column });
  return checkResult(applyEdits(definition, [{ start, end: start, text: rule }]), change);
}

/** The text with other recipients in one rule. Errors: `E_CONFIG_INVALID` for an `age` that cannot be edited. */
export function editAge(
  { definition }: SopsConfigText,
  rule: SopsRule,
  recipients: readonly string[],
): SecretResult<string> | string {
  const { text } = definition;
  const entry = findEntry(rule.map, "age");
  const column = columnOf(text, startOf(rule.map));
  if (entry === undefined) {
    const last = listEntries(rule.map).at(-1);
    const start = last === undefined ? text.length : entryEndOf(text, last);
    const age = `${" ".repeat(column)}${renderAge(recipients, column)}`;
    return applyEdits(definition, [{ start, end: start, text: age }]);
  }
  const { value } = entry;
  if (value !== null && "anchor" in value && value.anchor !== undefined) {
    return refuseConfig(`age of the rule ${rule.pathRegex} has a YAML anchor that other rules may use`);
  }
  if (isSeq(value) && value.flow !== true) {
    return applyEdits(definition, editList(text, value as YAMLSeq, recipients));
  }
  const range = value?.range ?? entry.key.range ?? [0, 0];
  const [start, end] = [range[0], range[1]];
  if (isScalar(value) && (value.type === "BLOCK_FOLDED" || value.type === "BLOCK_LITERAL")) {
    const headerEnd = text.indexOf("\n", start) + 1;
    return applyEdits(definition, [{ start: headerEnd, end, text: renderLines(recipients, column + 2) }]);
  }
  if (value === null || start === end) return refuseConfig(`the rule ${rule.pathRegex} has an empty age`);
  const line = isSeq(value) ? `[${recipients.join(", ")}]` : recipients.join(",");
  return applyEdits(definition, [{ start, end, text: line }]);
}

/** Deletes the lines of recipients that go and adds lines for new ones, so that comments beside the others stay. */
function editList(text: string, list: YAMLSeq, recipients: readonly string[]): TextEdit[] {
  const present = new Set<string>();
  const edits: TextEdit[] = [];
  let end = startOf(list);
  for (const item of list.items) {
    if (!isScalar(item)) continue;
    const recipient = String(item.value).trim();
    const start = lineStartOf(text, startOf(item));
    const newline = text.indexOf("\n", item.range?.[1] ?? start);
    end = newline < 0 ? text.length : newline + 1;
    if (recipients.includes(recipient) && !present.has(recipient)) present.add(recipient);
    else edits.push({ start, end, text: "" });
  }
  const dash = " ".repeat(columnOf(text, startOf(list)));
  const added = recipients.filter((recipient) => !present.has(recipient));
  if (added.length > 0) {
    edits.push({ start: end, end, text: added.map((recipient) => `${dash}- ${recipient}\n`).join("") });
  }
  return edits;
}

/** An edit must say what it was to say, also where the text was laid out in a way nobody thought of. */
function checkResult(
  edited: SecretResult<string> | string,
  { workspaceId, recipients }: WorkspaceRecipients,
): SecretResult<string> {
  if (typeof edited !== "string") return edited;
  const read = listWorkspaceRecipients(edited, workspaceId);
  const wanted = checkRecipients(recipients);
  const files = otherNames.map((name) => readRecipients(edited, `workspaces/${workspaceId}/${name}.yaml`));
  const isMeant =
    wanted.ok &&
    [read, ...files].every(
      (found) => found.ok && [...found.value].sort().join() === [...wanted.value].sort().join(),
    );
  return isMeant ? succeed(edited) : refuseConfig("its layout cannot be edited here; edit it by hand");
}

/** Comments directly above a rule belong to it. */
function commentStartOf(text: string, lineStart: number): number {
  let start = lineStart;
  while (start > 0) {
    const above = lineStartOf(text, start - 1);
    if (!/^[ \t]*#/.test(text.slice(above, start))) return start;
    start = above;
  }
  return start;
}

function renderRule(rule: {
  readonly pathRegex: string;
  readonly recipients: readonly string[];
  readonly column: number;
}): string {
  const dash = " ".repeat(rule.column);
  const inner = " ".repeat(rule.column + 2);
  return [
    `${dash}- path_regex: ${rule.pathRegex}\n`,
    `${inner}encrypted_regex: ${encryptedRegex}\n`,
    `${inner}mac_only_encrypted: true\n`,
    inner,
    renderAge(rule.recipients, rule.column + 2),
  ].join("");
}

/** One key a line, in a form that every SOPS reads as one text with commas. */
function renderAge(recipients: readonly string[], column: number): string {
  return `age: >-\n${renderLines(recipients, column + 2)}`;
}

function renderLines(recipients: readonly string[], column: number): string {
  return recipients.map((recipient) => `${" ".repeat(column)}${recipient}`).join(",\n") + "\n";
}

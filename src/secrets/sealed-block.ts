import { isMap, isScalar, isSeq, type Node, type Scalar, stringify, type YAMLMap } from "yaml";
import {
  appendOffsetOf,
  applyEdits,
  columnOf,
  type DefinitionText,
  type Entry,
  entryEndOf,
  findEntry,
  formatKey,
  hasFlow,
  lineStartOf,
  listEntries,
  parseDefinitionText,
  startOf,
  type TextEdit,
} from "./definition-text.ts";
import { bindKey } from "./open-secrets.ts";
import { type SecretResult } from "./secret-error.ts";
import { secretValuesKey } from "./sops-metadata.ts";

const newIndent = 2;

/** A leaf of `secret_values` in the text, with the keys SOPS authenticates. */
export interface LeafNode {
  readonly scalar: Scalar;
  readonly keys: readonly string[];
}

/** Where a Helm path stands: as one dotted key, or nested. */
export interface FoundSecret {
  readonly entry: Entry;
  readonly keys: readonly string[];
  /** The entries to delete so that no empty map is left, which Helm would read as "delete the default". */
  readonly removable: Entry;
}

/** The map below `secret_values`, or undefined when there is none or it is empty. */
export function findSecretMap({ root }: DefinitionText): YAMLMap | undefined {
  const value = findEntry(root, secretValuesKey)?.value;
  return isMap(value) && value.items.length > 0 ? (value as YAMLMap) : undefined;
}

/** The same text with `secret_values` in block style, so that every value has a line to be replaced on. */
export function unfoldSecrets(definition: DefinitionText): SecretResult<DefinitionText> {
  const map = findSecretMap(definition);
  const entry = findEntry(definition.root, secretValuesKey);
  if (map === undefined || entry === undefined || !hasFlow(map)) return { ok: true, value: definition };
  const edit = replaceValue(definition, entry, `\n${renderBlock(map.toJS(definition.document), newIndent)}`);
  return parseDefinitionText(applyEdits(definition, [edit]));
}

/** Finds a Helm path below `secret_values`. A dotted key is found before the same path spelled by nested maps. */
export function findSecret(
  map: YAMLMap,
  path: string,
  above: readonly string[] = [],
): FoundSecret | undefined {
  const keys = above.length === 0 ? [secretValuesKey] : above;
  const direct = findEntry(map, path);
  if (direct !== undefined) return { entry: direct, keys: [...keys, path], removable: direct };
  for (const entry of listEntries(map)) {
    const key = String(entry.key.value);
    if (!isMap(entry.value) || !path.startsWith(`${key}.`)) continue;
    const found = findSecret(entry.value as YAMLMap, path.slice(key.length + 1), [...keys, key]);
    if (found === undefined) continue;
    return entry.value.items.length === 1 ? { ...found, removable: entry } : found;
  }
  return undefined;
}

/** Every leaf below a node, in file order. */
export function listLeaves(node: Node | null, keys: readonly string[]): readonly LeafNode[] {
  if (isScalar(node)) return [{ scalar: node, keys }];
  if (isSeq(node)) return node.items.flatMap((item) => listLeaves(item as Node | null, keys));
  if (!isMap(node)) return [];
  return listEntries(node as YAMLMap).flatMap(({ key, value }) =>
    listLeaves(value, [...keys, String(key.value)]),
  );
}

/** The edit that puts other text in the place of a scalar on its own line. */
export function replaceScalar({ text }: DefinitionText, scalar: Scalar, value: string): TextEdit {
  const [start, end] = scalar.range ?? [0, 0];
  // An absent value has no width and follows its colon directly; a block scalar ends with its line.
  const space = start === end && text[start - 1] === ":" ? " " : "";
  const newline = end > start && text[end - 1] === "\n" ? "\n" : "";
  return { start, end, text: `${space}${value === "" ? '""' : value}${newline}` };
}

/** The edit that deletes an entry's lines. */
export function removeEntry({ text }: DefinitionText, entry: Entry): TextEdit {
  return { start: lineStartOf(text, startOf(entry.key)), end: entryEndOf(text, entry), text: "" };
}

/** The edits that add an entry to `secret_values`, before the hidden one, and the map itself when it is missing. */
export function insertSecret(definition: DefinitionText, key: string, value: string): readonly TextEdit[] {
  const { text, root } = definition;
  const line = `${formatKey(key)}: ${value === "" ? '""' : value}\n`;
  const map = findSecretMap(definition);
  const last = map && listEntries(map).at(-1);
  if (map !== undefined && last !== undefined) {
    const indent = " ".repeat(columnOf(text, startOf(last.key)));
    const hidden = findEntry(map, bindKey);
    const start = hidden ? lineStartOf(text, startOf(hidden.key)) : entryEndOf(text, last);
    return [{ start, end: start, text: indent + line }];
  }
  const entry = findEntry(root, secretValuesKey);
  const indented = " ".repeat(newIndent) + line;
  if (entry !== undefined) {
    const start = entryEndOf(text, entry);
    return [replaceValue(definition, entry, ""), { start, end: start, text: indented }];
  }
  const sops = findEntry(root, "sops");
  const start = sops ? lineStartOf(text, startOf(sops.key)) : appendOffsetOf(definition);
  return [{ start, end: start, text: `${secretValuesKey}:\n${indented}` }];
}

/** The edit that replaces all of an entry after its colon, but a comment behind it. */
export function replaceValue({ text }: DefinitionText, entry: Entry, value: string): TextEdit {
  const keyEnd = entry.key.range?.[1] ?? 0;
  const start = text.indexOf(":", keyEnd) + 1;
  const end = Math.max(start, entry.value?.range?.[1] ?? start);
  return { start, end: text[end - 1] === "\n" && end > start ? end - 1 : end, text: value };
}

/** A value as YAML in block style, without its last line end, indented as a whole. */
export function renderBlock(value: unknown, indent: number): string {
  const text = stringify(value, { lineWidth: 0, indent: newIndent }).trimEnd();
  return text.replace(/^(?=.)/gm, " ".repeat(indent));
}

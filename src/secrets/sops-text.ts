import { isMap, isScalar, type YAMLMap } from "yaml";
import {
  appendOffsetOf,
  applyEdits,
  columnOf,
  type DefinitionText,
  entryEndOf,
  findEntry,
  hasFlow,
  lineStartOf,
  parseDefinitionText,
  readNode,
  refuse,
  startOf,
  type TextEdit,
} from "./definition-text.ts";
import { renderBlock, replaceScalar, replaceValue } from "./sealed-block.ts";
import type { SecretResult } from "./secret-error.ts";
import { decryptTree } from "./secret-tree.ts";
import { computeMac, sealMac } from "./sops-mac.ts";
import {
  type AgeEntry,
  encryptedRegex,
  formatLastModified,
  secretValuesKey,
  sopsVersion,
} from "./sops-metadata.ts";

const indent = 2;

/** What sealing takes from outside: a cryptographic source of bytes, and the time. */
export interface SealTools {
  readonly randomBytes: (size: number) => Uint8Array;
  readonly now: () => Date;
}

/** What the `sops` block is to say. */
export interface Stamp {
  readonly dataKey: Uint8Array;
  /** New copies of the data key; left out, the old ones stay. */
  readonly age?: readonly AgeEntry[];
  readonly tools: SealTools;
}

/**
 * Brings the `sops` block up to date with the values: time and code are new, other lines stay. A missing block is added at
 * the end. Errors: those of `decryptTree`, for values that do not belong to the data key.
 */
export function stampMetadata(definition: DefinitionText, stamp: Stamp): SecretResult<string> {
  const { dataKey, age, tools } = stamp;
  const secrets = findEntry(definition.root, secretValuesKey)?.value ?? null;
  const tree = decryptTree(readNode(definition, secrets), dataKey);
  if (!tree.ok) return tree;
  const lastModified = formatLastModified(tools.now());
  const { randomBytes } = tools;
  const mac = sealMac({ mac: computeMac(tree.value.leaves), lastModified, dataKey, randomBytes });
  const entry = findEntry(definition.root, "sops");
  if (entry === undefined) {
    const start = appendOffsetOf(definition);
    const text = `sops:\n${renderMetadata({ age: age ?? [], lastModified, mac })}\n`;
    return { ok: true, value: applyEdits(definition, [{ start, end: start, text }]) };
  }
  return editMetadata(definition, (current, sops) => [
    replaceText(current, sops, { key: "lastmodified", value: `"${lastModified}"` }),
    replaceText(current, sops, { key: "mac", value: mac }),
    ...(age === undefined ? [] : [replaceAge(current, sops, age)]),
  ]);
}

/** Puts other copies of the same data key into the `sops` block; time and code stay, as `sops updatekeys` leaves them. */
export function replaceAgeEntries(
  definition: DefinitionText,
  age: readonly AgeEntry[],
): SecretResult<string> {
  return editMetadata(definition, (current, sops) => [replaceAge(current, sops, age)]);
}

// The order of keys is SOPS' own, so that its next save moves no line.
function renderMetadata(metadata: {
  readonly age: readonly AgeEntry[];
  readonly lastModified: string;
  readonly mac: string;
}): string {
  return [
    `age:\n${renderAge(metadata.age, indent)}`,
    `encrypted_regex: ${encryptedRegex}`,
    `lastmodified: "${metadata.lastModified}"`,
    `mac: ${metadata.mac}`,
    "mac_only_encrypted: true",
    `version: ${sopsVersion}`,
  ]
    .join("\n")
    .replace(/^/gm, " ".repeat(indent));
}

function renderAge(age: readonly AgeEntry[], by: number): string {
  return renderBlock(
    age.map(({ recipient, enc }) => ({ enc, recipient })),
    by,
  );
}

function editMetadata(
  definition: DefinitionText,
  makeEdits: (definition: DefinitionText, sops: YAMLMap) => readonly TextEdit[],
): SecretResult<string> {
  const unfolded = unfoldMetadata(definition);
  if (!unfolded.ok) return unfolded;
  const sops = findEntry(unfolded.value.root, "sops")?.value;
  if (!isMap(sops)) return refuse("its sops block is not a map");
  return { ok: true, value: applyEdits(unfolded.value, makeEdits(unfolded.value, sops as YAMLMap)) };
}

function unfoldMetadata(definition: DefinitionText): SecretResult<DefinitionText> {
  const entry = findEntry(definition.root, "sops");
  if (!isMap(entry?.value) || !hasFlow(entry.value)) return { ok: true, value: definition };
  const block = renderBlock(readNode(definition, entry.value), indent);
  return parseDefinitionText(applyEdits(definition, [replaceValue(definition, entry, `\n${block}`)]));
}

function replaceText(
  definition: DefinitionText,
  sops: YAMLMap,
  line: { readonly key: string; readonly value: string },
): TextEdit {
  const scalar = findEntry(sops, line.key)?.value;
  return isScalar(scalar)
    ? replaceScalar(definition, scalar, line.value)
    : insertLine(definition, sops, `${line.key}: ${line.value}\n`);
}

function replaceAge(definition: DefinitionText, sops: YAMLMap, age: readonly AgeEntry[]): TextEdit {
  const { text } = definition;
  const entry = findEntry(sops, "age");
  const column = columnOf(text, startOf(entry?.key ?? sops));
  const lines = `age:\n${renderAge(age, column + indent)}\n`;
  if (entry === undefined) return insertLine(definition, sops, lines);
  const start = lineStartOf(text, startOf(entry.key));
  return { start, end: entryEndOf(text, entry), text: " ".repeat(column) + lines };
}

function insertLine({ text }: DefinitionText, sops: YAMLMap, line: string): TextEdit {
  const start = lineStartOf(text, startOf(sops));
  return { start, end: start, text: " ".repeat(columnOf(text, startOf(sops))) + line };
}

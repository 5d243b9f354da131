import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { fail, type Refusal, type SecretResult, succeed } from "./secret-error.ts";
import { secretValuesKey } from "./sops-metadata.ts";

/**
 * A definition as text with the places of its nodes. Edits replace spans of the text and leave every other byte alone:
 * printing a parsed document again would move comments and quotes the user chose.
 */
export interface DefinitionText {
  readonly text: string;
  readonly root: YAMLMap;
  readonly document: Document;
  readonly lineEnd: "\n" | "\r\n";
}

/** Replace `text.slice(start, end)`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A map's entry with both halves known to be there. */
export interface Entry {
  readonly key: Scalar;
  readonly value: Node | null;
}

/**
 * Parses a definition for editing. Errors: `E_FILE_INVALID`, with the parser's code and position but none of the text,
 * for what is no block map at the left margin, or holds anchors, aliases or a second `secret_values` in its way.
 */
export function parseDefinitionText(text: string): SecretResult<DefinitionText> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    return refuse(`it is not valid YAML (${problem.code} at line ${line}, column ${col})`);
  }
  const root = document.contents;
  if (!isMap(root) || root.flow === true || columnOf(text, startOf(root)) !== 0) {
    return refuse("it must be a map in block style that starts at the left margin");
  }
  const odd = findOddNode(root);
  if (odd !== undefined) return refuse(odd);
  if (!isReadable(document))
    return refuse("an alias has no anchor, or too many aliases stand for one another");
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  return succeed({ text, root: root as YAMLMap, document, lineEnd });
}

/** The entry of a map with this key. */
export function findEntry(map: YAMLMap, key: string): Entry | undefined {
  return listEntries(map).find((entry) => entry.key.value === key);
}

/** A map's entries in file order; only for maps without complex keys, which `parseDefinitionText` refuses. */
export function listEntries(map: YAMLMap): readonly Entry[] {
  return map.items as unknown as Pair<Scalar, Node | null>[] as Entry[];
}

/** What a node means, as plain JavaScript. */
export function readNode(definition: DefinitionText, node: Node | null): unknown {
  return node === null ? null : node.toJS(definition.document);
}

/** True when a node lies on one line in brackets or braces, or holds one that does. */
export function hasFlow(node: Node): boolean {
  let isFound = false;
  visit(node, {
    Collection(_, collection) {
      isFound ||= collection.flow === true;
    },
  });
  return isFound;
}

/** Where a node's own text begins. */
export function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** The column, counted from 0, of an offset. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStartOf(text, offset);
}

/** The offset at which the line of an offset begins. */
export function lineStartOf(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** The offset after the last line of an entry, its trailing comment included and comments below it not. */
export function entryEndOf(text: string, entry: Entry): number {
  const end = lastOffsetOf(entry.value ?? entry.key, entry.key);
  if (end > 0 && text[end - 1] === "\n") return end;
  const newline = text.indexOf("\n", end);
  return newline < 0 ? text.length : newline + 1;
}

/** Where a new top-level entry goes: the end of the file, before an end marker. */
export function appendOffsetOf({ text, root }: DefinitionText): number {
  const last = listEntries(root).at(-1);
  const from = last === undefined ? 0 : entryEndOf(text, last);
  const marker = /^\.\.\.(?=\s|$)/m.exec(text.slice(from));
  return marker === null ? text.length : from + marker.index;
}

/** Applies edits that do not overlap. Inserted lines get the file's line ends, and a line of their own. */
export function applyEdits({ text, lineEnd }: DefinitionText, edits: readonly TextEdit[]): string {
  let result = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    const isLineInsert = edit.start === edit.end && edit.text !== "";
    const before = result.slice(0, edit.start);
    const gap = isLineInsert && before !== "" && !before.endsWith("\n") ? "\n" : "";
    result = before + (gap + edit.text).replaceAll("\n", lineEnd) + result.slice(edit.end);
  }
  return result;
}

/** A key as YAML 1.1 and 1.2 both read as that text. */
export function formatKey(key: string): string {
  const isPlain = /^[A-Za-z_][\w./-]*$/.test(key) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(key);
  return isPlain ? key : JSON.stringify(key).replace(notInYaml, escapeCharacter);
}

// Characters JSON may hold as they are and YAML may not, or reads as a line end.
const notInYaml = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * What a definition says next to its secrets, as text to compare. An edit must never change it: there are texts, such as
 * a block or quoted scalar cut off at the end of the file, that take in what is added below them.
 */
export function readRest({ document }: DefinitionText): string {
  const { [secretValuesKey]: _secrets, sops: _sops, ...rest } = document.toJS() as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** A refusal to edit. */
export function refuse(detail: string): Refusal {
  return fail({
    code: "E_FILE_INVALID",
    message: `the definition cannot be edited: ${detail}`,
    path: [],
    hint: "correct the file first; `woow validate` names every problem with its line",
  });
}

function lastOffsetOf(node: Node, key: Node): number {
  if (isMap(node) && node.flow !== true) {
    const last = listEntries(node as YAMLMap).at(-1);
    if (last !== undefined) return lastOffsetOf(last.value ?? last.key, last.key);
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1) as Node | undefined;
    if (last !== undefined) return lastOffsetOf(last, last);
  }
  return Math.max(node.range?.[1] ?? 0, key.range?.[1] ?? 0);
}

function isReadable(document: Document): boolean {
  try {
    // Aliases within themselves are found only here.
    JSON.stringify(document.toJS());
    return true;
  } catch {
    return false;
  }
}

function findOddNode(root: YAMLMap | Node): string | undefined {
  let odd: string | undefined;
  visit(root, {
    Pair(_, pair, path) {
      if (!isScalar(pair.key)) odd = "a key is not a plain text";
      // SOPS tests its expression against every key, so it would encrypt below this one too.
      else if (pair.key.value === secretValuesKey && path.length > 1)
        odd = `${secretValuesKey} may stand at the top only`;
    },
  });
  for (const key of [secretValuesKey, "sops"]) {
    visit(isMap(root) ? (findEntry(root as YAMLMap, key)?.value ?? null) : null, {
      Alias: () => {
        odd = `${key} must not hold aliases`;
      },
      Node(_, node) {
        if ("anchor" in node && node.anchor !== undefined) odd = `${key} must not hold anchors`;
      },
    });
  }
  return odd;
}

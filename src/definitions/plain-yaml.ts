import type { Json } from "./convert.ts";
import { forbiddenKey, identityKeys, readFlow, readScalar } from "./plain-scalar.ts";

/**
 * Reads the plain part of YAML that nearly all definitions are written in: block maps and lists, one-line values,
 * `|` blocks, simple `{...}` and `[...]`, comments. Whatever is not plainly that, wrong or merely unusual, gives
 * undefined, and the whole text goes to the full parser; so this reader may be narrow but never different. It exists
 * because the full parser takes ten times as long (decision 0004), and a property test holds the two together.
 */
export function readPlainYaml(text: string): { [key: string]: Json } | undefined {
  if (text.length > maxLength || !text.endsWith("\n") || unusual.test(text)) return undefined;
  const reader: Reader = { lines: text.split("\n"), at: 0 };
  reader.lines.pop();
  try {
    if (skipBlank(reader) !== 0) return undefined;
    const value = readBlock(reader, { indent: 0, depth: 0 });
    if (reader.at < reader.lines.length || Array.isArray(value) || "verified" in value) return undefined;
    return value;
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

interface Reader {
  readonly lines: string[];
  at: number;
}

interface Level {
  readonly indent: number;
  readonly depth: number;
}

/** Longer files could pass the limits that the full parser guards. */
const maxLength = 200_000;
const maxDepth = 24;
/** Tabs, carriage returns, byte order marks, spaces and line ends of Unicode, halves of characters. */
const unusual = /[^\S \n]|[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

/** Thrown and caught in this file only. */
const notPlain = new Error("not plain YAML");

/** Moves to the next line with content and gives its indentation; -1 at the end. */
function skipBlank(reader: Reader): number {
  for (; reader.at < reader.lines.length; reader.at += 1) {
    const line = reader.lines[reader.at] ?? "";
    const indent = indentOf(line);
    if (indent < line.length && line[indent] !== "#") return indent;
  }
  return -1;
}

function readBlock(reader: Reader, level: Level): { [key: string]: Json } | Json[] {
  if (level.depth > maxDepth) throw notPlain;
  const line = reader.lines[reader.at] ?? "";
  return line.startsWith("- ", level.indent) ? readList(reader, level) : readMap(reader, level);
}

function readMap(reader: Reader, { indent, depth }: Level): { [key: string]: Json } {
  const map: { [key: string]: Json } = {};
  for (let next = indent; next === indent; next = skipBlank(reader)) {
    const line = reader.lines[reader.at] ?? "";
    keyPattern.lastIndex = indent;
    const match = keyPattern.exec(line);
    const key = match?.[1];
    if (match === null || key === undefined || forbiddenKey.test(key) || Object.hasOwn(map, key))
      throw notPlain;
    const value = readValue(reader, line.slice(indent + match[0].length), { indent, depth });
    // what the full parser says about identities that were read as numbers is its own business
    if (typeof value === "number" && identityKeys.has(key)) throw notPlain;
    map[key] = value;
  }
  endLevel(reader, indent);
  return map;
}

function readList(reader: Reader, { indent, depth }: Level): Json[] {
  const list: Json[] = [];
  for (let next = indent; next === indent; next = skipBlank(reader)) {
    const line = reader.lines[reader.at] ?? "";
    // a list may stand as deep as its key, so a key at this depth ends it
    if (!line.startsWith("- ", indent)) return list;
    const inner = indent + 2;
    keyPattern.lastIndex = inner;
    if (keyPattern.test(line)) {
      reader.lines[reader.at] = " ".repeat(inner) + line.slice(inner);
      list.push(readBlock(reader, { indent: inner, depth: depth + 1 }));
    } else {
      list.push(readInline(reader, line.slice(inner)));
    }
  }
  endLevel(reader, indent);
  return list;
}

/** Deeper than this level would continue a text, or be wrong. */
function endLevel(reader: Reader, indent: number): void {
  if (skipBlank(reader) > indent) throw notPlain;
}

/** What stands behind a key, on its line or below. */
function readValue(reader: Reader, rest: string, { indent, depth }: Level): Json {
  const text = rest.trim();
  if (text === "" || text.startsWith("#")) {
    if (text !== "" && !rest.startsWith(" ")) throw notPlain;
    reader.at += 1;
    const next = skipBlank(reader);
    const line = reader.lines[reader.at] ?? "";
    if (next > indent || (next === indent && line.startsWith("- ", indent))) {
      return readBlock(reader, { indent: next, depth: depth + 1 });
    }
    throw notPlain;
  }
  if (text === "|" || text === "|-") return readLiteral(reader, { indent, keepsEnd: text === "|" });
  return readInline(reader, rest);
}

function readInline(reader: Reader, rest: string): Json {
  const text = rest.trimStart();
  const value = text.startsWith("{") || text.startsWith("[") ? readFlow(text) : readScalar(text);
  if (value === undefined) throw notPlain;
  reader.at += 1;
  return value;
}

/** A `|` block whose lines all stand at least as deep as its first. */
function readLiteral(
  reader: Reader,
  { indent, keepsEnd }: { readonly indent: number; readonly keepsEnd: boolean },
): string {
  reader.at += 1;
  const first = reader.lines[reader.at] ?? "";
  const depth = indentOf(first);
  if (depth <= indent || depth === first.length) throw notPlain;
  const found: string[] = [];
  for (; reader.at < reader.lines.length; reader.at += 1) {
    const line = reader.lines[reader.at] ?? "";
    const here = indentOf(line);
    if (line === "") found.push("");
    else if (here === line.length || (here > indent && here < depth)) throw notPlain;
    else if (here <= indent) break;
    else found.push(line.slice(depth));
  }
  while (found.at(-1) === "") found.pop();
  return found.join("\n") + (keepsEnd ? "\n" : "");
}

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === 0x20) indent += 1;
  return indent;
}

const keyPattern = /([A-Za-z_][\w./-]{0,200}):(?= |$)/y;

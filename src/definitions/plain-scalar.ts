import type { Json } from "./convert.ts";

/** A value on one line with an optional comment behind it; undefined when it is not plainly one. */
export function readScalar(text: string): Json | undefined {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = text.indexOf(quote, 1);
    const inner = text.slice(1, end);
    const after = text.slice(end + 1);
    // a backslash escapes in one kind of quotes, a second quote in the other
    if (end < 0 || inner.includes("\\") || after.startsWith(quote) || !endsLine(after)) return undefined;
    return inner;
  }
  const comment = text.indexOf(" #");
  return readPlain((comment < 0 ? text : text.slice(0, comment)).trimEnd());
}

/** `{...}` or `[...]` on one line, of simple parts; undefined when it is not plainly that. */
export function readFlow(text: string): Json | undefined {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  const value = readFlowValue(cursor);
  return value !== undefined && endsLine(text.slice(cursor.at)) ? value : undefined;
}

/** Keys that are read as something else than their text, or refused. */
export const forbiddenKey = /^(null|true|false|constructor|prototype|__proto__)$/i;
/** Keys whose numbers mean texts, or are problems: the full parser's business. */
export const identityKeys: ReadonlySet<string> = new Set([
  "id",
  "reference_id",
  "template_id",
  "subdomain",
  "chart_version",
]);

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

const maxFlowDepth = 16;

function endsLine(after: string): boolean {
  return /^ *$|^ +#/.test(after);
}

function readPlain(text: string): Json | undefined {
  if (text.endsWith(":") || text.includes(": ") || text.includes("\t")) return undefined;
  if (/^[A-Za-z/(^$]/.test(text)) {
    // what YAML 1.1 or 1.2 reads as another value is left to the full parser, which says so
    return /^(null|true|false|yes|no|on|off|y|n)$/i.test(text) ? readWord(text) : text;
  }
  if (/^(0|-?[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  if (/^(0|[1-9][0-9]{0,6})\.[0-9]{1,7}$/.test(text)) return Number(text);
  // a version, an address range or a size: no number has two dots, a slash or one of these letters in it
  if (/^[0-9][\w./+-]*$/.test(text) && /\..*\.|[/G-NP-WYZg-np-wyz]/.test(text)) return text;
  return undefined;
}

function readWord(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}

function readFlowValue(cursor: Cursor): Json | undefined {
  skipSpaces(cursor);
  const { text, at } = cursor;
  if (text[at] === "{" || text[at] === "[") return readFlowCollection(cursor);
  const quote = text[at];
  if (quote === '"' || quote === "'") {
    const end = text.indexOf(quote, at + 1);
    const inner = text.slice(at + 1, end);
    if (end < 0 || inner.includes("\\") || text[end + 1] === quote) return undefined;
    cursor.at = end + 1;
    return inner;
  }
  flowPlain.lastIndex = at;
  const [plain] = flowPlain.exec(text) ?? [];
  if (plain === undefined) return undefined;
  cursor.at += plain.length;
  return readPlain(plain);
}

function readFlowCollection(cursor: Cursor): Json | undefined {
  const isMap = cursor.text[cursor.at] === "{";
  const close = isMap ? "}" : "]";
  const map: { [key: string]: Json } = {};
  const list: Json[] = [];
  cursor.at += 1;
  cursor.depth += 1;
  if (cursor.depth > maxFlowDepth) return undefined;
  skipSpaces(cursor);
  while (cursor.text[cursor.at] !== close) {
    if (isMap) {
      flowKey.lastIndex = cursor.at;
      const match = flowKey.exec(cursor.text);
      const key = match?.[1];
      if (match === null || key === undefined || forbiddenKey.test(key) || Object.hasOwn(map, key))
        return undefined;
      cursor.at += match[0].length;
      const value = readFlowValue(cursor);
      if (value === undefined || (typeof value === "number" && identityKeys.has(key))) return undefined;
      map[key] = value;
    } else {
      const value = readFlowValue(cursor);
      if (value === undefined) return undefined;
      list.push(value);
    }
    skipSpaces(cursor);
    if (cursor.text[cursor.at] === close) break;
    if (!cursor.text.startsWith(", ", cursor.at)) return undefined;
    cursor.at += 2;
    skipSpaces(cursor);
    if (cursor.text[cursor.at] === close) return undefined;
  }
  cursor.at += 1;
  cursor.depth -= 1;
  return isMap ? map : list;
}

function skipSpaces(cursor: Cursor): void {
  while (cursor.text[cursor.at] === " ") cursor.at += 1;
}

const flowPlain = /[A-Za-z0-9/-][\w./@+-]*/y;
const flowKey = /([A-Za-z_][\w./-]{0,200}): /y;

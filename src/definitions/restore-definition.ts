import { stringify } from "yaml";
import {
  appendOffsetOf,
  applyEdits,
  entryEndOf,
  findEntry,
  lineStartOf,
  listEntries,
  parseDefinitionText,
  startOf,
} from "../secrets/definition-text.ts";
import type { DefinitionText } from "../secrets/definition-text.ts";
import { removeDefinitionValue, setDefinitionValue } from "./edit-definition.ts";
import type { EditedText } from "./edit-definition.ts";

/** Keys whose values are sealed: never brought back as they stood. */
const sealedKeys: readonly string[] = ["secret_values", "sops"];
const byteOrderMark = "\ufeff";

type Plain = Readonly<Record<string, unknown>>;

/**
 * Today's text, made to say what an older one said, secrets aside: those stay as they are today. Comments, order and
 * quotes of today stay where a value can be set in place; an entry that cannot be is taken over with the comments it
 * had then, and a text that cannot be edited at all gives way to the older one. Without a text of today: the older one
 * without its secrets.
 */
export function restoreDefinition(today: string | undefined, recorded: string): EditedText {
  const old = readText(recorded);
  if (!old.ok) return old;
  const { definition, value: wanted } = old;
  if (today === undefined) return replaceSealed(definition, undefined);
  const now = readText(today);
  if (!now.ok) return now;
  let text = today;
  for (const key of new Set([...Object.keys(now.value), ...Object.keys(wanted)])) {
    if (sealedKeys.includes(key)) continue;
    const edited = restoreEntry(text, { key, wanted, from: definition });
    if (!edited.ok) return replaceSealed(definition, now.definition);
    text = edited.text;
  }
  return says(text, wanted) ? { ok: true, text } : replaceSealed(definition, now.definition);
}

/**
 * Sets a top-level entry to any value: in place where that is possible, else the entry is written anew, without its
 * comments.
 */
export function setDefinitionEntry(
  text: string,
  { key, value }: { readonly key: string; readonly value: Plain },
): EditedText {
  const read = readText(text);
  if (!read.ok) return read;
  const { definition } = read;
  const edited = setInPlace(text, { path: [key], before: read.value[key], after: value });
  if (edited.ok) return edited;
  const lines = stringify({ [key]: value }, { lineWidth: 0, aliasDuplicateObjects: false });
  const result = markOf(text) + putEntry(definition, { key, lines });
  const wanted = { ...read.value, [key]: value };
  return says(result, wanted) && sealedOf(result) === sealedOf(text)
    ? { ok: true, text: result }
    : { ok: false, reason: `${key} stands where it cannot be edited` };
}

/** What a definition says beside its secrets; undefined for a text that is none. */
export function readPlainDefinition(text: string): Plain | undefined {
  const read = readText(text);
  return read.ok ? withoutSealed(read.value) : undefined;
}

interface RestoredEntry {
  readonly key: string;
  readonly wanted: Plain;
  readonly from: DefinitionText;
}

function restoreEntry(text: string, { key, wanted, from }: RestoredEntry): EditedText {
  const read = readText(text);
  if (!read.ok) return read;
  const before = read.value[key];
  const after = wanted[key];
  if (isSame(before, after)) return { ok: true, text };
  const edited = setInPlace(text, { path: [key], before, after });
  if (edited.ok) return edited;
  const entry = findEntry(from.root, key);
  if (entry === undefined) return { ok: false, reason: `${key} cannot be taken away` };
  const start = lineStartOf(from.text, startOf(entry.key));
  const lines = from.text.slice(start, entryEndOf(from.text, entry)).replaceAll("\r\n", "\n");
  return { ok: true, text: markOf(text) + putEntry(read.definition, { key, lines }) };
}

/** Only scalars are set in place, and maps around them must be there. */
function setInPlace(
  text: string,
  change: {
    readonly path: readonly [string, ...string[]];
    readonly before: unknown;
    readonly after: unknown;
  },
): EditedText {
  const { path, before, after } = change;
  if (isSame(before, after)) return { ok: true, text };
  if (after === undefined) return removeDefinitionValue(text, { path });
  if (typeof after === "string" || typeof after === "number" || typeof after === "boolean") {
    return setDefinitionValue(text, { path, value: after });
  }
  if (!isMap(before) || !isMap(after) || Object.keys(after).length === 0) {
    return { ok: false, reason: `${path.join(".")} is a map or a list` };
  }
  let result: EditedText = { ok: true, text };
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!result.ok) return result;
    result = setInPlace(result.text, { path: [...path, key], before: before[key], after: after[key] });
  }
  return result;
}

/** In the place of the entry that is there, else before the secrets, else at the end. */
function putEntry(
  definition: DefinitionText,
  { key, lines }: { readonly key: string; readonly lines: string },
): string {
  const entry = findEntry(definition.root, key);
  const { text } = definition;
  if (entry !== undefined) {
    const start = lineStartOf(text, startOf(entry.key));
    const end = entryEndOf(text, entry);
    return applyEdits({ ...definition, text: text.slice(0, start) + text.slice(end) }, [
      { start, end: start, text: lines },
    ]);
  }
  const sealed = sealedKeys.flatMap((name) => findEntry(definition.root, name) ?? []);
  const at = sealed.map(({ key: node }) => lineStartOf(text, startOf(node)));
  const start = at.length === 0 ? appendOffsetOf(definition) : Math.min(...at);
  return applyEdits(definition, [{ start, end: start, text: lines }]);
}

/** The older text with the secrets of another, or with none. */
function replaceSealed(older: DefinitionText, today: DefinitionText | undefined): EditedText {
  let text = older.text;
  for (const key of sealedKeys) {
    const read = readText(text);
    if (!read.ok) return read;
    const entry = findEntry(read.definition.root, key);
    if (entry === undefined) continue;
    const start = lineStartOf(text, startOf(entry.key));
    text = text.slice(0, start) + text.slice(entryEndOf(text, entry));
  }
  for (const key of today === undefined ? [] : sealedKeys) {
    const entry = today && findEntry(today.root, key);
    const read = readText(text);
    if (entry === undefined || !read.ok) continue;
    const start = lineStartOf(today?.text ?? "", startOf(entry.key));
    const lines = (today?.text ?? "").slice(start, entryEndOf(today?.text ?? "", entry));
    const at = appendOffsetOf(read.definition);
    text = applyEdits(read.definition, [{ start: at, end: at, text: lines.replaceAll("\r\n", "\n") }]);
  }
  const wanted = withoutSealed(older.document.toJS() as Plain);
  const isWhole =
    says(text, wanted) && sealedOf(text) === (today === undefined ? "{}" : sealedOf(today.text));
  return isWhole ? { ok: true, text } : { ok: false, reason: "its secrets cannot be told from the rest" };
}

type ReadText =
  | { readonly ok: true; readonly definition: DefinitionText; readonly value: Plain }
  | { readonly ok: false; readonly reason: string };

function readText(text: string): ReadText {
  const parsed = parseDefinitionText(text.slice(markOf(text).length));
  if (!parsed.ok) return { ok: false, reason: parsed.error.message };
  if (listEntries(parsed.value.root).length === 0) return { ok: false, reason: "it is empty" };
  return { ok: true, definition: parsed.value, value: parsed.value.document.toJS() as Plain };
}

function markOf(text: string): string {
  return text.startsWith(byteOrderMark) ? byteOrderMark : "";
}

function says(text: string, wanted: Plain): boolean {
  const read = readText(text);
  return read.ok && isSame(withoutSealed(read.value), withoutSealed(wanted));
}

function sealedOf(text: string): string {
  const read = readText(text);
  if (!read.ok) return "";
  return JSON.stringify(Object.fromEntries(sealedKeys.map((key) => [key, read.value[key]])));
}

function withoutSealed(value: Plain): Plain {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !sealedKeys.includes(key)));
}

function isMap(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The order of keys says nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => isSame(item, b[index]))
    );
  }
  if (!isMap(a) || !isMap(b)) return Object.is(a, b);
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  );
}

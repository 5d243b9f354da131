import { isAlias, isMap, isScalar, parseDocument } from "yaml";
import type { YAMLMap } from "yaml";
import {
  columnOf,
  entryEndOf,
  findEntry,
  formatKey,
  lineStartOf,
  listEntries,
  parseDefinitionText,
  startOf,
} from "../secrets/definition-text.ts";
import type { DefinitionText, Entry, TextEdit } from "../secrets/definition-text.ts";

/** What a key can be set to here. */
export type EditValue = string | number | boolean;

/** The new text, or why the definition cannot be edited: then it is for a person to do. */
export type EditedText =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/**
 * Sets one key of a definition (`["chart_version"]`, `["traefik", "manage"]`). Its quotes stay when the new value
 * allows it; every other byte stays in any case. A key that is not there yet goes to the end of its map; the maps
 * above it must be there.
 */
export function setDefinitionValue(
  text: string,
  { path, value }: { readonly path: readonly [string, ...string[]]; readonly value: EditValue },
): EditedText {
  return editText(text, path, {
    plan: (definition, { map, key, entry }) =>
      entry === undefined
        ? insertEntry(definition, { map, key, value })
        : replaceValue(definition, entry, value),
    expect: (holder, key) => {
      holder[key] = value;
    },
  });
}

/** Removes one key with its value and the comment behind it; comments on lines of their own stay. */
export function removeDefinitionValue(
  text: string,
  { path }: { readonly path: readonly [string, ...string[]] },
): EditedText {
  return editText(text, path, {
    plan: (definition, { map, entry }) => (entry === undefined ? [] : removeEntry(definition, map, entry)),
    expect: (holder, key) => {
      delete holder[key];
    },
  });
}

interface Target {
  readonly map: YAMLMap;
  readonly key: string;
  readonly entry: Entry | undefined;
}

type Plain = Record<string, unknown>;

interface EditPlan {
  /** Undefined when this place is none to edit. */
  readonly plan: (definition: DefinitionText, target: Target) => readonly TextEdit[] | undefined;
  /** The same change on plain values: what the edited text must mean. */
  readonly expect: (holder: Plain, key: string) => void;
}

const byteOrderMark = "\ufeff";

function editText(
  text: string,
  path: readonly [string, ...string[]],
  { plan, expect }: EditPlan,
): EditedText {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const parsed = parseDefinitionText(text.slice(mark.length));
  if (!parsed.ok) return { ok: false, reason: parsed.error.message };
  const definition = parsed.value;
  const target = findTarget(definition, path);
  if (target === undefined) return { ok: false, reason: `there is no map ${path.slice(0, -1).join(".")}` };
  const edits = plan(definition, target);
  if (edits === undefined) return { ok: false, reason: `${path.join(".")} is a map or a list` };
  const result = applyEdits(definition.text, edits);
  const wanted = definition.document.toJS() as Plain;
  expect(followPath(wanted, path), target.key);
  // there are texts that take in what is written below them; better no edit than a wrong one
  if (!means(result, wanted))
    return { ok: false, reason: `${path.join(".")} stands where it cannot be edited` };
  return { ok: true, text: mark + result };
}

function findTarget({ root }: DefinitionText, path: readonly [string, ...string[]]): Target | undefined {
  let map: YAMLMap = root;
  for (const step of path.slice(0, -1)) {
    const value = findEntry(map, step)?.value;
    if (!isMap(value)) return undefined;
    map = value as YAMLMap;
  }
  const key = path.at(-1) ?? path[0];
  return { map, key, entry: findEntry(map, key) };
}

function followPath(value: Plain, path: readonly string[]): Plain {
  return path.slice(0, -1).reduce((level, step) => level[step] as Plain, value);
}

function means(text: string, wanted: Plain): boolean {
  return JSON.stringify(readPlain(text)) === JSON.stringify(wanted);
}

/** What a text means as plain values; undefined when it means nothing, or an alias in it has lost its anchor. */
export function readPlain(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

function replaceValue(
  { text }: DefinitionText,
  entry: Entry,
  value: EditValue,
): readonly TextEdit[] | undefined {
  const node = entry.value;
  const [start, end] = node?.range ?? [0, 0];
  if (start === end) {
    const at = text.indexOf(":", entry.key.range?.[1] ?? 0) + 1;
    return [{ start: at, end: at, text: ` ${formatValue(value, undefined)}` }];
  }
  if (!isScalar(node) && !isAlias(node)) return undefined;
  const written = text.slice(start, end);
  // a block scalar takes its line end along
  const tail = /\r?\n$/.exec(written)?.[0] ?? "";
  return [
    { start, end, text: formatValue(value, isScalar(node) && tail === "" ? written[0] : undefined) + tail },
  ];
}

function insertEntry(
  definition: DefinitionText,
  { map, key, value }: { map: YAMLMap; key: string; value: EditValue },
): TextEdit[] {
  const { text, lineEnd } = definition;
  const line = `${formatKey(key)}: ${formatValue(value, undefined)}`;
  const last = listEntries(map).at(-1);
  if (map.flow === true) {
    const end = last === undefined ? (map.range?.[0] ?? 0) + 1 : endOf(last);
    return [{ start: end, end, text: last === undefined ? ` ${line} ` : `, ${line}` }];
  }
  if (last === undefined) return [];
  const at = entryEndOf(text, last);
  const indent = " ".repeat(columnOf(text, startOf(last.key)));
  const gap = text.slice(0, at).endsWith("\n") ? "" : lineEnd;
  return [{ start: at, end: at, text: `${gap}${indent}${line}${lineEnd}` }];
}

function removeEntry({ text }: DefinitionText, map: YAMLMap, entry: Entry): TextEdit[] {
  if (map.flow === true) {
    const entries = listEntries(map);
    const index = entries.findIndex(({ key }) => key === entry.key);
    const [before, after] = [entries[index - 1], entries[index + 1]];
    if (after !== undefined) return [{ start: startOf(entry.key), end: startOf(after.key), text: "" }];
    const start = before === undefined ? startOf(entry.key) : endOf(before);
    return [{ start, end: endOf(entry), text: "" }];
  }
  return [{ start: lineStartOf(text, startOf(entry.key)), end: entryEndOf(text, entry), text: "" }];
}

function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return edits.reduce(
    (result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end),
    text,
  );
}

function endOf(entry: Entry): number {
  return Math.max(entry.value?.range?.[1] ?? 0, entry.key.range?.[1] ?? 0);
}

/** In the quotes it had, when it had some; text that a YAML reader could take for something else gets quotes. */
function formatValue(value: EditValue, quote: string | undefined): string {
  if (typeof value !== "string") return String(value);
  if (quote === "'" && /^[\u0020-\u007e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const isPlain = /^[A-Za-z][A-Za-z0-9._/-]*$/.test(value) && formatKey(value) === value;
  const isVersion = /^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$/.test(value);
  if (quote !== undefined && quote !== '"' && (isPlain || isVersion)) return value;
  if (quote === undefined && isPlain) return value;
  return JSON.stringify(value);
}

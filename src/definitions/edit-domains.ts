import { isMap, isSeq } from "yaml";
import type { Node, YAMLSeq } from "yaml";
import {
  columnOf,
  entryEndOf,
  findEntry,
  lineStartOf,
  listEntries,
  parseDefinitionText,
} from "../secrets/definition-text.ts";
import type { DefinitionText, Entry, TextEdit } from "../secrets/definition-text.ts";
import { readPlain } from "./edit-definition.ts";
import type { EditedText } from "./edit-definition.ts";

/** A domain whose proof was seen. */
export interface VerifiedDomain {
  readonly domain: string;
  readonly workspace: string;
  /** RFC 3339. */
  readonly verifiedAt: string;
}

/** domains.yaml with its first entries. */
export function writeDomains(entries: readonly VerifiedDomain[]): string {
  return `# yaml-language-server: $schema=schemas/domains.schema.json
# Custom domains whose owner was proven, written by woow domain verify. A custom_domain that is not listed is not served.
kind: Domains
verified:
${entries.map((entry) => `  - ${formatEntry(entry)}\n`).join("")}`;
}

/** Adds entries at the end of `verified`; every other byte stays. */
export function addDomains(text: string, entries: readonly VerifiedDomain[]): EditedText {
  return editList(text, {
    plan: (definition, list) => insertEntries(definition, list, entries),
    expect: (verified) => [
      ...verified,
      ...entries.map(({ domain, workspace, verifiedAt }) => ({
        domain,
        workspace,
        verified_at: verifiedAt,
      })),
    ],
  });
}

/** Takes the entry of a domain out with its lines; comments on lines of their own stay. */
export function removeDomain(text: string, domain: string): EditedText {
  return editList(text, {
    plan: (definition, list) => removeEntry(definition, list, domain),
    expect: (verified) => verified.filter((entry) => entry["domain"] !== domain),
  });
}

type Plain = Record<string, unknown>;

interface ListEntry {
  readonly entry: Entry;
  readonly list: YAMLSeq<Node>;
}

interface ListEdit {
  readonly plan: (definition: DefinitionText, list: ListEntry) => readonly TextEdit[] | undefined;
  /** The same change on plain values: what the edited text must mean. */
  readonly expect: (verified: readonly Plain[]) => readonly Plain[];
}

const byteOrderMark = "\ufeff";

function editList(text: string, { plan, expect }: ListEdit): EditedText {
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : "";
  const parsed = parseDefinitionText(text.slice(mark.length));
  if (!parsed.ok) return { ok: false, reason: parsed.error.message };
  const definition = parsed.value;
  const entry = findEntry(definition.root, "verified");
  if (entry === undefined || !isSeq(entry.value)) return { ok: false, reason: "there is no list verified" };
  const list = entry.value as YAMLSeq<Node>;
  const edits = plan(definition, { entry, list });
  const result = edits === undefined ? undefined : applyEdits(definition, edits);
  const before = definition.document.toJS() as Plain;
  const wanted = { ...before, verified: expect(before["verified"] as readonly Plain[]) };
  if (result === undefined || !means(result, wanted)) {
    return { ok: false, reason: "verified is written in a way that only a person can edit" };
  }
  return { ok: true, text: mark + result };
}

function insertEntries(
  { text, lineEnd }: DefinitionText,
  { entry, list }: ListEntry,
  entries: readonly VerifiedDomain[],
): readonly TextEdit[] | undefined {
  const last = list.items.at(-1);
  if (list.flow !== true) {
    const at = entryEndOf(text, entry);
    const indent = " ".repeat(columnOf(text, list.range?.[0] ?? 0));
    const gap = at > 0 && text[at - 1] !== "\n" ? lineEnd : "";
    const lines = entries.map((one) => `${indent}- ${formatEntry(one)}${lineEnd}`);
    return [{ start: at, end: at, text: gap + lines.join("") }];
  }
  if (last !== undefined) {
    const at = last.range?.[1] ?? 0;
    return [{ start: at, end: at, text: entries.map((one) => `, ${formatEntry(one)}`).join("") }];
  }
  const start = text.indexOf(":", entry.key.range?.[1] ?? 0) + 1;
  const lines = entries.map((one) => `${lineEnd}  - ${formatEntry(one)}`);
  return [{ start, end: list.range?.[1] ?? start, text: lines.join("") }];
}

function removeEntry(
  { text }: DefinitionText,
  { entry, list }: ListEntry,
  domain: string,
): readonly TextEdit[] | undefined {
  const index = list.items.findIndex((item) => isMap(item) && item.get("domain") === domain);
  const item = list.items[index];
  if (!isMap(item)) return undefined;
  const [from, to] = item.range ?? [0, 0];
  if (list.flow === true) {
    const before = list.items[index - 1]?.range?.[1];
    const after = list.items[index + 1]?.range?.[0];
    if (after !== undefined) return [{ start: from, end: after, text: "" }];
    return [{ start: before ?? from, end: to, text: "" }];
  }
  const start = lineStartOf(text, from);
  const isOnDashLine = /^\s*-\s+$/.test(text.slice(start, from));
  const last = listEntries(item as Parameters<typeof listEntries>[0]).at(-1);
  if (!isOnDashLine || last === undefined) return undefined;
  const end = entryEndOf(text, item.flow === true ? { ...last, value: item } : last);
  const removal = { start, end, text: "" };
  if (list.items.length > 1) return [removal];
  const colon = text.indexOf(":", entry.key.range?.[1] ?? 0) + 1;
  return [removal, { start: colon, end: colon, text: " []" }];
}

/** From the end to the start, so that places stay right. */
function applyEdits({ text }: DefinitionText, edits: readonly TextEdit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}

/** A workspace may stand there as a number, which every reader of definitions takes for its text. */
function means(text: string, wanted: Plain): boolean {
  const plain = readPlain(text);
  return plain !== undefined && comparable(plain) === comparable(wanted);
}

function comparable(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) => (key === "workspace" ? String(item) : item));
}

function formatEntry({ domain, workspace, verifiedAt }: VerifiedDomain): string {
  const name = /^[a-z][a-z0-9.-]*$/.test(domain) ? domain : JSON.stringify(domain);
  return `{ domain: ${name}, workspace: ${formatId(workspace)}, verified_at: ${JSON.stringify(verifiedAt)} }`;
}

/** Ids of digits stand there as in the files people write; what another reader could take for something else is quoted. */
function formatId(id: string): string {
  const isWord = /^[a-z][a-z0-9]*$/.test(id) && !/^(true|false|null|yes|no|on|off|y|n)$/.test(id);
  return isWord || /^[1-9][0-9]{0,14}$/.test(id) ? id : JSON.stringify(id);
}

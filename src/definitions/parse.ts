import { isMap, isPair, isScalar } from "yaml";
import type { Document } from "yaml";
import { convertDocument } from "./convert.ts";
import type { Json } from "./convert.ts";
import { readPlainYaml } from "./plain-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Finding, Problem } from "./problem.ts";
import { mayHoldSecretAt } from "./secret-path.ts";
import { parseWithLines, Source } from "./source.ts";

/** Larger files are refused before they are parsed. */
export const maxFileBytes = 1024 * 1024;

/** One open bracket makes the reader stumble over all that follows; the first few say where to look. */
const maxSyntaxErrors = 10;

/** A parsed file: its value, or the problems that stand in the way. */
export type ParseResult =
  | { readonly ok: true; readonly value: { [key: string]: Json }; readonly source: Source }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** What could be read all the same, so that one run also shows what is wrong with the rest of the file. */
      readonly partial?: { readonly value: { [key: string]: Json }; readonly source: Source };
    };

/** Bytes to text; says why when they are no text. A byte order mark is dropped, as YAML does. */
export function decodeText(file: string, bytes: Uint8Array): { text: string } | { problem: Problem } {
  const place = { file, line: 1, column: 1 };
  if (bytes.byteLength > maxFileBytes) {
    const finding: Finding = {
      code: "file-too-large",
      message: `the file has ${bytes.byteLength} bytes; definitions are at most ${maxFileBytes}`,
      hint: "split it, or move data into the app itself",
    };
    return { problem: problemAt(place, finding) };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return { text };
  } catch {
    // falls through to the same finding as a NUL byte
  }
  return {
    problem: problemAt(place, {
      code: "not-text",
      message: "the file is not UTF-8 text",
      hint: "save it as UTF-8, or move it out of here",
    }),
  };
}

/** Reads one YAML document. Never throws; every problem of the YAML itself is reported with its place. */
export function parseDefinition(file: string, text: string): ParseResult {
  const source = new Source(file, text);
  const plain = readPlainYaml(text);
  return plain === undefined ? parseFully(source) : { ok: true, value: plain, source };
}

/** The same with the full parser, whatever the text looks like. */
export function parseFully(source: Source): ParseResult {
  const { text } = source;
  let parsed: ReturnType<typeof parseWithLines>;
  try {
    parsed = parseWithLines(text);
  } catch (error) {
    return fail(source, [[0, tooDeepOrBroken(error)]]);
  }
  const { document, lines } = parsed;
  const found: [number, Finding][] = [];
  const exhausted = document.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (exhausted !== undefined) return fail(source, [[exhausted.pos[0], tooDeep]], lines);
  for (const error of document.errors.slice(0, maxSyntaxErrors))
    found.push([error.pos[0], yamlFinding(error, text)]);
  if (found.length > 0) return fail(source, found, lines);
  for (const warning of document.warnings) {
    found.push([warning.pos[0], { code: "unknown-tag", message: readerMessage(warning, text) }]);
  }
  if (document.contents === null) {
    return fail(source, [
      [
        0,
        {
          code: "empty-file",
          message: "the file is empty",
          hint: "write a definition (kind: ...), or bring the file back from git",
        },
      ],
    ]);
  }
  let value: Json;
  try {
    const converted = convertDocument(document);
    value = converted.value;
    for (const { offset, finding } of converted.findings) found.push([offset, finding]);
  } catch (error) {
    return fail(source, [[0, tooDeepOrBroken(error)]]);
  }
  for (const entry of fixIdentities(document, value)) found.push(entry);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const finding: Finding = {
      code: "wrong-type",
      message: "a definition is a map of keys and values",
      hint: "start with kind: ...",
    };
    return fail(source, [...found, [0, finding]], lines);
  }
  if (found.length === 0) return { ok: true, value, source };
  const failed = fail(source, found, lines);
  const isMisread = found.every(([, { code }]) => misreadCodes.has(code));
  return isMisread ? { ...failed, partial: { value, source } } : failed;
}

/** A value that two readers would read differently: the shape is sound, so the rest of the file can be checked. */
const misreadCodes: ReadonlySet<string> = new Set([
  "unquoted-version",
  "ambiguous-scalar",
  "number-out-of-range",
]);

/**
 * `id: 123` means the text 123, because people name tenants by number; what YAML would change on the way
 * (0123, 1e3, 1.10) is a problem instead of a surprise.
 */
function fixIdentities(document: Document, value: Json): [number, Finding][] {
  const found: [number, Finding][] = [];
  if (!isMap(document.contents) || typeof value !== "object" || value === null || Array.isArray(value))
    return found;
  const visit = (map: unknown, target: { [key: string]: Json }): void => {
    if (!isMap(map)) return;
    for (const pair of map.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      const key = String(pair.key.value);
      const node = pair.value;
      const nested = target[key];
      if (key === "helm_chart" && typeof nested === "object" && nested !== null && !Array.isArray(nested))
        visit(node, nested);
      if (!isScalar(node) || typeof node.value !== "number") continue;
      const written = node.source ?? String(node.value);
      const offset = node.range?.[0] ?? 0;
      if (key === "chart_version") {
        found.push([
          offset,
          {
            code: "unquoted-version",
            message: `the version ${written} is read as the number ${String(node.value)}`,
            hint: `write it in quotes: chart_version: "${written}"`,
          },
        ]);
        target[key] = written;
      } else if (identityKeys.has(key)) {
        if (/^(0|[1-9][0-9]*)$/.test(written)) target[key] = written;
        else {
          found.push([
            offset,
            {
              code: "unquoted-id",
              message: `${key} ${written} is read as the number ${String(node.value)}`,
              hint: `write it in quotes: ${key}: "${written}"`,
            },
          ]);
        }
      }
    }
  };
  visit(document.contents, value);
  const verified = value["verified"];
  if (Array.isArray(verified)) {
    for (const entry of verified) {
      if (
        typeof entry === "object" &&
        entry !== null &&
        !Array.isArray(entry) &&
        typeof entry["workspace"] === "number" &&
        Number.isSafeInteger(entry["workspace"])
      ) {
        entry["workspace"] = String(entry["workspace"]);
      }
    }
  }
  return found;
}

const identityKeys = new Set(["id", "reference_id", "template_id", "subdomain"]);

interface ReaderError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** What the YAML reader says; it quotes the text it stumbled over, so not where that may be a secret. */
function readerMessage({ code, message, pos }: ReaderError, text: string): string {
  const [start, end] = pos;
  return mayHoldSecretAt(text, start) || mayHoldSecretAt(text, end)
    ? `the value cannot be read and is not shown here (${code})`
    : firstLine(message);
}

function yamlFinding(error: ReaderError, text: string): Finding {
  const { code } = error;
  if (code === "TAB_AS_INDENT") {
    return { code: "tab-indentation", message: "a tab is used for indentation", hint: "indent with spaces" };
  }
  if (code === "MULTIPLE_DOCS") {
    return {
      code: "several-documents",
      message: "the file holds more than one YAML document",
      hint: "one definition per file: split it at the ---",
    };
  }
  return { code: "yaml-syntax", message: `not valid YAML: ${readerMessage(error, text)}` };
}

const tooDeep: Finding = { code: "too-deep", message: "nested too deeply to be read", hint: "flatten it" };

function tooDeepOrBroken(error: unknown): Finding {
  if (error instanceof RangeError) return tooDeep;
  return {
    code: "yaml-syntax",
    message: `not valid YAML: ${error instanceof Error ? firstLine(error.message) : "unreadable"}`,
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}

function fail(
  source: Source,
  found: readonly [number, Finding][],
  lines?: ReturnType<typeof parseWithLines>["lines"],
): { ok: false; problems: Problem[] } {
  const place = (offset: number) =>
    lines === undefined ? { file: source.file, line: 1, column: 1 } : source.placeAt(offset, lines);
  return { ok: false, problems: found.map(([offset, finding]) => problemAt(place(offset), finding)) };
}

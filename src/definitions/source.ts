import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { Place } from "./problem.ts";

/** Where a value stands in a document: keys and list positions from the top. */
export type ValuePath = readonly (string | number)[];

/**
 * The text of one definition file. Values are kept without positions, because ten thousand parsed documents
 * would not fit in memory; a place is found by parsing the text again, which only a file with a problem pays for.
 */
export class Source {
  readonly file: string;
  readonly text: string;
  #parsed: { document: Document; lines: LineCounter } | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** The place of the value at `path`, or of its key; of the nearest parent when it is not there. */
  locate(path: ValuePath, target: "key" | "value" = "value"): Place {
    this.#parsed ??= parseWithLines(this.text);
    const { document, lines } = this.#parsed;
    let node = document.contents as Node | null;
    let offset = startOf(node);
    for (const [index, step] of path.entries()) {
      const last = index === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        if (pair === undefined || !isPair(pair)) break;
        const value = pair.value as Node | null;
        offset = last && target === "key" ? startOf(pair.key as Node) : startOf(value ?? (pair.key as Node));
        node = value;
      } else if (isSeq(node)) {
        node = (node.items[Number(step)] as Node | undefined) ?? null;
        if (node !== null) offset = startOf(node);
      } else break;
    }
    return this.placeAt(offset, lines);
  }

  /** The place of a character offset. */
  placeAt(offset: number, lines?: LineCounter): Place {
    const counter = lines ?? (this.#parsed ??= parseWithLines(this.text)).lines;
    const { line, col } = counter.linePos(Math.min(Math.max(offset, 0), this.text.length));
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/**
 * The same reading for positions as for values: YAML 1.2, no pretty errors. Duplicate keys are left to the
 * conversion, because the reader's own search takes a minute for a file of 1 MiB. `logLevel: "silent"` would also
 * silence the error about several documents.
 */
export function parseWithLines(text: string): { document: Document; lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: "error",
    stringKeys: false,
  }) as unknown as Document;
  return { document, lines };
}

function startOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

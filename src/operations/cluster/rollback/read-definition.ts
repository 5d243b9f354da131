import { parse } from "yaml";
import { decodeText } from "../../../definitions/parse.ts";
import type { DefinitionTree } from "../../../definitions/definition-tree.ts";
import { isMapValue } from "../../../model/helm-values.ts";

/** What a definition's text says, unchecked; nothing for what is no map. */
export function readDefinitionValue(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parse(text.replace(/^\ufeff/, ""));
    return isMapValue(value) ? value : {};
  } catch {
    return {};
  }
}

/** A file's text byte for byte, mark included; undefined when it is not there or no text. */
export function readExactText(tree: DefinitionTree, path: string): string | undefined {
  const read = tree.read(path);
  if ("reason" in read || "problem" in decodeText(path, read.bytes)) return undefined;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.bytes);
}

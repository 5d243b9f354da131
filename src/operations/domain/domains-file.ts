import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { OperationError } from "../../errors.ts";

export const domainsPath = "domains.yaml";

/** The file's text with every byte, as the writer compares it; undefined when there is none. Errors: `unreadable`. */
export function readDomainsText(tree: DefinitionTree): string | undefined {
  if (!tree.entries.some(({ path }) => path === domainsPath)) return undefined;
  const read = tree.read(domainsPath);
  if ("reason" in read) {
    throw new OperationError("unreadable", `${domainsPath} cannot be read: ${read.reason}`, {
      subject: domainsPath,
    });
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.bytes);
}

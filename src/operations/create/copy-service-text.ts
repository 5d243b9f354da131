import { isScalar } from "yaml";
import type { Source } from "../../definitions/source.ts";
import { OperationError } from "../../errors.ts";
import {
  applyEdits,
  entryEndOf,
  findEntry,
  parseDefinitionText,
  readRest,
} from "../../secrets/definition-text.ts";
import type { TextEdit } from "../../secrets/definition-text.ts";
import { removeEntry, replaceScalar } from "../../secrets/sealed-block.ts";
import { formatScalar, formatText } from "./write-yaml-text.ts";

/** How a copy's text differs from the original's. */
export interface CopyText {
  readonly from: { readonly unit: string; readonly release: string };
  readonly to: { readonly unit: string; readonly release: string };
  readonly name: string | undefined;
  readonly subdomain: string | undefined;
  readonly domain: string;
}

/**
 * The text of a copy: every line stays but identity, hosts and secrets. Comments that name the original itself (its
 * release, its `woow secrets` commands) name the copy instead. Errors: `usage` for YAML that cannot be edited by line.
 */
export function copyServiceText({ file, text }: Source, change: CopyText): string {
  const parsed = parseDefinitionText(text);
  if (!parsed.ok) {
    const { message, hint } = parsed.error;
    throw new OperationError("usage", `${file}: ${message}`, { subject: file, hint });
  }
  const definition = parsed.value;
  const edits: TextEdit[] = [];
  for (const key of ["reference_id", "subdomain", "custom_domain", "secret_values", "sops"]) {
    const entry = findEntry(definition.root, key);
    if (entry !== undefined) edits.push(removeEntry(definition, entry));
  }
  if (change.subdomain !== undefined) {
    const line = `subdomain: ${formatScalar(change.subdomain)} # ${change.subdomain}.${change.domain}\n`;
    const pin = findEntry(definition.root, "chart_version");
    const at = pin === undefined ? 0 : entryEndOf(text, pin);
    edits.push({ start: at, end: at, text: line });
  }
  const name = findEntry(definition.root, "name")?.value;
  if (change.name !== undefined && isScalar(name))
    edits.push(replaceScalar(definition, name, formatText(change.name)));
  const edited = applyEdits(definition, edits);
  const renamed = renameInComments(edited, change);
  return sayTheSame(edited, renamed) ? renamed : edited;
}

/** False when what looked like a comment was part of a value, for example a line of a block of text. */
function sayTheSame(before: string, after: string): boolean {
  const [a, b] = [parseDefinitionText(before), parseDefinitionText(after)];
  return a.ok && b.ok && readRest(a.value) === readRest(b.value);
}

function renameInComments(text: string, { from, to }: CopyText): string {
  const release = new RegExp(`(?<![a-z0-9-])${from.release}(?![a-z0-9-])`, "g");
  const command = new RegExp(`(woow secrets [a-z-]+ )${from.unit}(?![a-z0-9-])`, "g");
  return text.replace(/^[ \t]*#.*$/gm, (line) =>
    line.replace(release, to.release).replace(command, (_, head: string) => head + to.unit),
  );
}

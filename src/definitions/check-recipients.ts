import { compareRecipients, readRecipientRules } from "../secrets/recipient-rules.ts";
import type { ForeignRecipient, RecipientRules } from "../secrets/recipient-rules.ts";
import type { SecretError } from "../secrets/secret-error.ts";
import { sopsConfigFile } from "../secrets/sops-rules.ts";
import type { DefinitionTree } from "./definition-tree.ts";
import { decodeText } from "./parse.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { Source } from "./source.ts";

/** A service's file that holds secrets. */
export interface SealedFile {
  readonly workspaceId: string;
  /** The reference id. */
  readonly id: string;
  /** The value of its `sops` key. */
  readonly sops: unknown;
  readonly source: Source;
}

/**
 * Makes the check that a file's secrets are sealed for those whom `.sops.yaml` names: one reader too many is an error,
 * because `secrets set` would hand them the next password; one too few is a warning, and so is what cannot be judged.
 * `.sops.yaml` is read with the first file and only once, and what is wrong with it is said once. Needs no key.
 */
export function createRecipientCheck(tree: DefinitionTree): (file: SealedFile) => readonly Problem[] {
  let opened: RecipientRules | Problem | undefined;
  const reported = new Set<Problem | SecretError>();
  const reportOnce = <T extends Problem | SecretError>(fault: T, make: (fault: T) => Problem): Problem[] => {
    if (reported.has(fault)) return [];
    reported.add(fault);
    return [make(fault)];
  };
  return (file) => {
    opened ??= openRules(tree);
    if (!("recipientsOf" in opened)) return reportOnce(opened, (problem) => problem);
    const wanted = opened.recipientsOf(file.source.file);
    if (wanted.ok) return compareFile(file, wanted.value);
    return reportOnce(wanted.error, ({ code, message, hint }) =>
      problemAt(file.source.locate(["sops"], "key"), { code, message, hint, severity: "warning" }),
    );
  };
}

function openRules(tree: DefinitionTree): RecipientRules | Problem {
  const place = { file: sopsConfigFile, line: 1, column: 1 };
  const read = tree.read(sopsConfigFile);
  if ("reason" in read) {
    return problemAt(place, {
      code: "missing-file",
      severity: "warning",
      message: `${sopsConfigFile}, which says who may read secrets, cannot be read: ${read.reason}`,
      hint: "bring it back from git, or write one (docs/secrets.md shows it); until then a reader too many is not noticed",
    });
  }
  const decoded = decodeText(sopsConfigFile, read.bytes);
  if ("problem" in decoded) return { ...decoded.problem, severity: "warning" };
  const rules = readRecipientRules(decoded.text);
  if (rules.ok) return rules.value;
  const { code, message, hint } = rules.error;
  return problemAt(place, { code, message, hint, severity: "warning" });
}

function compareFile(file: SealedFile, wanted: readonly string[]): Problem[] {
  const { source, sops, workspaceId, id } = file;
  const { foreign, missing } = compareRecipients(sops, wanted);
  const reseal = `woow secrets rotate-key ${workspaceId}/${id}`;
  const problems = foreign.map((extra) =>
    problemAt(source.locate(extra.path), {
      code: "foreign-recipient",
      message: `the secrets are sealed for ${describeForeign(extra)} too, whom ${sopsConfigFile} does not name`,
      hint: hintForeign(extra, { reseal, workspaceId }),
    }),
  );
  if (missing.length === 0) return problems;
  const finding = {
    code: "missing-recipient",
    severity: "warning",
    message: `the secrets are not sealed for ${missing.join(", ")}, whom ${sopsConfigFile} names`,
    hint: `${reseal} seals them for everybody it names`,
  } as const;
  return [...problems, problemAt(source.locate(["sops", "age"], "key"), finding)];
}

const publicKeyPattern = /^age1[0-9a-z]{1,200}$/;

// What was written there may be a private key, or a text made to be pasted into a shell.
function describeForeign({ recipient, path }: ForeignRecipient): string {
  if (path[1] !== "age") return `a key of ${recipient}`;
  return publicKeyPattern.test(recipient) ? recipient : "something that is no age public key";
}

function hintForeign(
  { recipient, path }: ForeignRecipient,
  { reseal, workspaceId }: { readonly reseal: string; readonly workspaceId: string },
): string {
  if (path[1] !== "age") {
    return `take sops.${recipient} out of the file, then ${reseal} makes a new data key`;
  }
  const shutOut = `${reseal} makes a new data key without it`;
  if (!publicKeyPattern.test(recipient)) return shutOut;
  return `${shutOut}; if it is to read this workspace: woow secrets recipients add -w ${workspaceId} ${recipient}`;
}

import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { checkRecipients } from "../../secrets/age-identity.ts";
import { changeEveryRule } from "../../secrets/change-rules.ts";
import type { SecretResult } from "../../secrets/secret-error.ts";
import { listWorkspaceRecipients, setWorkspaceRecipients } from "../../secrets/sops-config.ts";
import type { ChangeRecipientsOptions } from "./change-secret-recipients.ts";
import { listWorkspaceFolders } from "./secret-file.ts";
import type { SecretFile } from "./secret-file.ts";
import { listSealedFor } from "./secret-recipients.ts";
import type { SopsConfigFile } from "./secret-recipients.ts";

/** The rules that are to change, as they stand. */
export interface RecipientTarget {
  readonly text: string;
  readonly workspaceIds: readonly string[];
  /** Recipients in any of the rules. */
  readonly named: readonly string[];
  /** Recipients in any of the files: an edit of `.sops.yaml` by hand leaves them there. */
  readonly sealedFor: readonly string[];
}

/** `.sops.yaml` as it is to be. */
export interface PlannedRecipients {
  readonly text: string;
  /** Recipients in any of the rules. */
  readonly recipients: readonly string[];
  /** The recipients of each rule that changes, or of the workspace's one. */
  readonly changed: readonly (readonly string[])[];
}

/** Reads the rules of a workspace, or of all. Errors: those of `.sops.yaml`. */
export function readTarget(
  from: {
    readonly tree: DefinitionTree;
    readonly config: SopsConfigFile;
    readonly files: readonly SecretFile[];
  },
  { workspaceId }: Pick<ChangeRecipientsOptions, "workspaceId">,
): SecretResult<RecipientTarget> {
  const { text } = from.config;
  const workspaceIds = listWorkspaceFolders(from.tree);
  const sealedFor = [...new Set(from.files.flatMap((file) => listSealedFor(file) ?? []))];
  if (workspaceId !== undefined) {
    const named = listWorkspaceRecipients(text, workspaceId);
    return named.ok ? { ok: true, value: { text, workspaceIds, named: named.value, sealedFor } } : named;
  }
  const named = new Set<string>();
  const keep = (present: readonly string[]) => {
    for (const recipient of present) named.add(recipient);
    return present;
  };
  const read = changeEveryRule(text, { workspaceIds, change: keep });
  return read.ok ? { ok: true, value: { text, workspaceIds, named: [...named], sealedFor } } : read;
}

/**
 * What is to stand in `.sops.yaml`. Errors: `not-found` for the removal of somebody who is nowhere, `usage` for what is
 * no public key, and for a rule that would name nobody.
 */
export function planRecipients(
  target: RecipientTarget,
  { workspaceId, action, recipient: given }: ChangeRecipientsOptions,
): SecretResult<PlannedRecipients> {
  const recipient = readRecipient(given);
  const known = [...new Set([...target.named, ...target.sealedFor])];
  if (action === "remove" && !known.includes(recipient)) {
    throw new OperationError("not-found", `${recipient} is not among the recipients`, {
      subject: recipient,
      hint: suggestHint(recipient, known),
    });
  }
  const changed: (readonly string[])[] = [];
  const recipients = new Set<string>();
  const change = (present: readonly string[], pathRegex?: string): readonly string[] => {
    const wanted =
      action === "add" ? addTo(present, recipient) : removeFrom(present, { recipient, pathRegex });
    for (const named of wanted) recipients.add(named);
    if (workspaceId !== undefined || wanted.join() !== present.join()) changed.push(wanted);
    return wanted;
  };
  const { text, workspaceIds } = target;
  const edited =
    workspaceId === undefined
      ? changeEveryRule(text, { workspaceIds, change })
      : setWorkspaceRecipients(text, { workspaceId, recipients: change(target.named) });
  if (!edited.ok) return edited;
  return { ok: true, value: { text: edited.value, recipients: [...recipients], changed } };
}

function readRecipient(given: string): string {
  const checked = checkRecipients([given]);
  if (!checked.ok) throw new OperationError("usage", checked.error.message, { hint: checked.error.hint });
  return checked.value[0] ?? given;
}

function addTo(present: readonly string[], recipient: string): readonly string[] {
  return present.includes(recipient) ? present : [...present, recipient];
}

function removeFrom(
  present: readonly string[],
  { recipient, pathRegex }: { readonly recipient: string; readonly pathRegex: string | undefined },
): readonly string[] {
  const rest = present.filter((other) => other !== recipient);
  if (rest.length > 0) return rest;
  const where = pathRegex === undefined ? "" : ` of the rule ${pathRegex}`;
  throw new OperationError(
    "usage",
    `${recipient} is the last recipient${where}: nobody could open the secrets`,
    {
      subject: recipient,
      hint: "add another one first: woow secrets recipients add",
    },
  );
}

import type { DefinitionTree } from "../../definitions/definition-tree.ts";
import type { DefinitionWriter } from "../../definitions/definition-writer.ts";
import { workspaceIdPattern } from "../../definitions/id-patterns.ts";
import { hasErrors } from "../../definitions/problem.ts";
import type { Problem } from "../../definitions/problem.ts";
import { suggestHint } from "../../definitions/suggest.ts";
import { OperationError } from "../../errors.ts";
import { roles } from "../../model/workspace.ts";
import type { Role } from "../../model/workspace.ts";
import { checkRecipients } from "../../secrets/age-identity.ts";
import {
  listWorkspaceRecipients,
  setWorkspaceRecipients,
  sopsConfigFile,
} from "../../secrets/sops-config.ts";
import { loadPlatform } from "../load-platform.ts";
import { overlayTree } from "../overlay-tree.ts";
import { loadChoices } from "./service-choices.ts";
import { findNewProblems } from "../new-problems.ts";
import { readSopsConfig, sealError } from "./workspace-recipients.ts";
import { writeWorkspaceYaml } from "./write-workspace-yaml.ts";

export interface CreateWorkspaceOptions {
  readonly id: string;
  /** Left out: the id. */
  readonly name?: string | undefined;
  readonly cluster?: string | undefined;
  /** `user=role`. */
  readonly members?: readonly string[];
  /** Age public keys that may read this workspace's secrets, beside the platform's. */
  readonly recipients?: readonly string[];
}

/** The workspace that was written, or why nothing was. */
export type CreateWorkspaceResult =
  | {
      readonly ok: true;
      readonly path: string;
      /** Who can read its secrets; undefined when the repository has no .sops.yaml. */
      readonly recipients: readonly string[] | undefined;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Writes a workspace's file and its rule in .sops.yaml. Nothing is written when either would be wrong.
 * Errors: `usage`, `already-exists`, `secrets`, and those of the writer.
 */
export function createWorkspace(
  { tree, writer }: { readonly tree: DefinitionTree; readonly writer: DefinitionWriter },
  options: CreateWorkspaceOptions,
): CreateWorkspaceResult {
  const { id, cluster } = options;
  checkId(id);
  const { definitions, problems } = loadChoices(tree);
  const path = `workspaces/${id}/workspace.yaml`;
  if (definitions.workspaces.has(id) || tree.entries.some((entry) => entry.path === path)) {
    throw new OperationError("already-exists", `the workspace ${id} is already there`, {
      subject: path,
      hint: "choose another id, or edit its workspace.yaml; nothing was written",
    });
  }
  const text = writeWorkspaceYaml({
    id,
    name: options.name ?? id,
    cluster,
    members: (options.members ?? []).map(parseMember),
  });
  const after = loadPlatform(overlayTree(tree, new Map([[path, text]])));
  const found = findNewProblems(problems, after.problems);
  if (hasErrors(found)) return { ok: false, problems: found };
  const rule = planRule(tree, { id, recipients: options.recipients ?? [] });
  // the rule first: one without a workspace does no harm, a workspace without its rule would seal for too few
  if (rule !== undefined && rule.before !== rule.after) {
    writer.replace([{ path: sopsConfigFile, before: rule.before, after: rule.after }]);
  }
  writer.create(new Map([[path, text]]));
  return { ok: true, path, recipients: rule?.recipients, warnings: found };
}

/** The text of .sops.yaml with the workspace's rule. Errors: `secrets`. */
function planRule(
  tree: DefinitionTree,
  { id, recipients }: { id: string; recipients: readonly string[] },
): { readonly before: string; readonly after: string; readonly recipients: readonly string[] } | undefined {
  const checked = checkRecipients(recipients);
  if (recipients.length > 0 && !checked.ok) throw sealError(checked.error, "--recipient");
  const before = readSopsConfig(tree);
  if (before === undefined) {
    if (recipients.length === 0) return undefined;
    throw new OperationError("secrets", `there is no ${sopsConfigFile} to add a recipient to`, {
      subject: sopsConfigFile,
      hint: "bring it back from git; woow init shows what it looks like",
    });
  }
  const platform = listWorkspaceRecipients(before, id);
  if (!platform.ok) throw sealError(platform.error, sopsConfigFile);
  const all = [...new Set([...platform.value, ...(checked.ok ? checked.value : [])])];
  const after = setWorkspaceRecipients(before, { workspaceId: id, recipients: all });
  if (!after.ok) throw sealError(after.error, sopsConfigFile);
  return { before, after: after.value, recipients: all };
}

function checkId(id: string): void {
  const rule = "1 to 20 lower-case letters and digits, no hyphen, dot or underscore, for example acme";
  if (!new RegExp(workspaceIdPattern).test(id)) {
    throw new OperationError("usage", `${JSON.stringify(id)} is not a usable workspace id`, {
      subject: id,
      hint: rule,
    });
  }
  if (id === "platform") {
    throw new OperationError("usage", "the workspace id platform is reserved", {
      subject: id,
      hint: `choose another one: ${rule}`,
    });
  }
}

function parseMember(text: string): { user: string; role: Role } {
  const at = text.lastIndexOf("=");
  const role = text.slice(at + 1);
  const known = roles.find((candidate) => candidate === role);
  if (at > 0 && known !== undefined) return { user: text.slice(0, at), role: known };
  throw new OperationError(
    "usage",
    at > 0 ? `${role} is no role` : `${JSON.stringify(text)} is no member: --member takes USER=ROLE`,
    { subject: text, hint: suggestHint(at > 0 ? role : "", roles) },
  );
}

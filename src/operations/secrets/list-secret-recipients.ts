import { listWorkspaceRecipients } from "../../secrets/sops-config.ts";
import { comingWorkspace } from "../../secrets/change-rules.ts";
import { listSecretFiles, listWorkspaceFolders, refuseSecret } from "./secret-file.ts";
import type { SecretDeps, SecretOutcome } from "./secret-file.ts";
import { listSealedFor, readSopsConfigFile } from "./secret-recipients.ts";

/** Who may open a workspace's secrets, by `.sops.yaml` and by the files themselves. */
export interface ListedRecipients {
  readonly recipients: readonly {
    readonly recipient: string;
    /** True when a key at hand belongs to it. */
    readonly isYours: boolean;
  }[];
  /** Files sealed for others than `.sops.yaml` names, because it was edited by hand. */
  readonly differing: readonly { readonly path: string; readonly recipients: readonly string[] }[];
}

/** Compares `.sops.yaml` with the files of a workspace. Opens nothing. Errors: `not-found`, `secrets`. */
export function listSecretRecipients(
  deps: Pick<SecretDeps, "tree" | "identities">,
  { workspaceId }: { readonly workspaceId: string },
): SecretOutcome<ListedRecipients> {
  const found = listSecretFiles(deps.tree, workspaceId);
  if (!found.ok) return found;
  const config = readSopsConfigFile(deps.tree);
  const listed = listWorkspaceRecipients(config.text, workspaceId);
  if (!listed.ok) return refuseSecret(config, listed.error);
  const own = new Set(deps.identities().map(({ recipient }) => recipient));
  const wanted = [...listed.value].sort().join();
  return {
    ok: true,
    recipients: listed.value.map((recipient) => ({ recipient, isYours: own.has(recipient) })),
    differing: found.files.flatMap((file) => {
      const recipients = listSealedFor(file);
      const isSame = recipients === undefined || [...recipients].sort().join() === wanted;
      return isSame ? [] : [{ path: file.path, recipients }];
    }),
  };
}

/**
 * Every workspace, and who may open the secrets of one that is still to come: nobody is named when no rule is about it.
 * Errors: `secrets` without `.sops.yaml`.
 */
export function listAllRecipients(deps: Pick<SecretDeps, "tree" | "identities">): {
  readonly workspaceIds: readonly string[];
  readonly coming: ListedRecipients["recipients"];
} {
  const listed = listWorkspaceRecipients(readSopsConfigFile(deps.tree).text, comingWorkspace);
  const own = new Set(deps.identities().map(({ recipient }) => recipient));
  const recipients = listed.ok ? listed.value : [];
  return {
    workspaceIds: listWorkspaceFolders(deps.tree),
    coming: recipients.map((recipient) => ({ recipient, isYours: own.has(recipient) })),
  };
}

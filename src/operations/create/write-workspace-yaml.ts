import type { Role } from "../../model/workspace.ts";
import { formatScalar, formatText } from "./write-yaml-text.ts";

/** What a new workspace's file says. */
export interface WorkspaceText {
  readonly id: string;
  readonly name: string;
  readonly cluster?: string | undefined;
  readonly members: readonly { readonly user: string; readonly role: Role }[];
}

/** A commented definition of a tenant. */
export function writeWorkspaceYaml({ name, cluster, members }: WorkspaceText): string {
  return [
    "# yaml-language-server: $schema=../../schemas/workspace.schema.json\n",
    "# A tenant: one namespace with its quota and members. The folder's name is its id, for good.\n",
    "kind: Workspace\n",
    `name: ${formatText(name)}\n`,
    cluster === undefined
      ? "# cluster: default # one of the clusters in platform.yaml\n"
      : `cluster: ${formatScalar(cluster)}\n`,
    "\n# Merged over default_quota in platform.yaml; _gb means Gi.\n",
    "# quota: { vcpu: 16, ram_gb: 32, limits_vcpu: 32, limits_ram_gb: 64, storage_gb: 200 }\n",
    "\n# Who may see and change it: owner, admin, member or viewer.\n",
    ...(members.length === 0
      ? ["# members:\n#   - { user: alice@customer.example, role: owner }\n"]
      : [
          "members:\n",
          ...members.map(({ user, role }) => `  - { user: ${formatText(user)}, role: ${role} }\n`),
        ]),
  ].join("");
}

import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import type { Role } from "../model/workspace.ts";
import { clusterRoleName } from "./tenant-roles.ts";

export interface MemberBindingsProps {
  readonly namespace: string;
  /** Users by role. */
  readonly members: ReadonlyMap<Role, readonly string[]>;
}

/** In front of every user name, so that no login can be a `system:` name. */
export const userPrefix = "paas:";

/** One RoleBinding per role that somebody has. */
export class MemberBindings extends Construct {
  constructor(scope: Construct, id: string, { namespace, members }: MemberBindingsProps) {
    super(scope, id);
    const apiGroup = "rbac.authorization.k8s.io";
    for (const [role, users] of members) {
      const name = clusterRoleName(role);
      new k8s.KubeRoleBinding(this, role, {
        metadata: { name, namespace },
        roleRef: { apiGroup, kind: "ClusterRole", name },
        subjects: users.map((user) => ({ apiGroup, kind: "User", name: `${userPrefix}${user}` })),
      });
    }
  }
}

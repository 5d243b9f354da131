import { k8s } from "cdk8s-plus-28";
import { Construct } from "constructs";
import { roles } from "../model/workspace.ts";
import type { Role } from "../model/workspace.ts";
import { labelPrefix } from "./labels.ts";

type Rule = k8s.PolicyRule;

/** The group of names that exist for authorization only: the console asks about them, no object has them. */
const virtualGroup = labelPrefix;

const look = ["get", "list", "watch"];

/** What every member sees of the workspace itself. Never `secrets`: Helm keeps the merged values there. */
const kubernetesRules: readonly Rule[] = [
  {
    apiGroups: [""],
    resources: ["events", "limitranges", "persistentvolumeclaims", "pods", "resourcequotas", "services"],
    verbs: look,
  },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get", "list"] },
  {
    apiGroups: ["apps"],
    resources: ["daemonsets", "deployments", "replicasets", "statefulsets"],
    verbs: look,
  },
  { apiGroups: ["batch"], resources: ["cronjobs", "jobs"], verbs: look },
  { apiGroups: ["metrics.k8s.io"], resources: ["pods"], verbs: ["get", "list"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: look },
];

const virtual = (resources: string[], verbs: string[]): Rule => ({
  apiGroups: [virtualGroup],
  resources,
  verbs,
});

/** What each role adds to the one below it. */
const added: Readonly<Record<Role, readonly Rule[]>> = {
  viewer: [...kubernetesRules, virtual(["backups", "logs", "metrics", "services"], ["get", "list"])],
  member: [
    virtual(["services"], ["create", "update"]),
    virtual(["services/rollback"], ["create"]),
    virtual(["backups"], ["create"]),
  ],
  admin: [
    virtual(["services"], ["delete"]),
    virtual(["backups"], ["delete"]),
    virtual(["backups/export", "backups/restore", "backups/upload"], ["create"]),
    virtual(["domains"], ["create", "delete", "get", "list", "update"]),
    virtual(["secrets/reveal"], ["create"]),
  ],
  owner: [
    virtual(["members"], ["create", "delete", "get", "list", "update"]),
    virtual(["workspaces"], ["delete", "get", "update"]),
  ],
};

/** Name of the ClusterRole of a role. */
export function clusterRoleName(role: Role): string {
  return `woow-${role}`;
}

/** ClusterRoles woow-owner, woow-admin, woow-member and woow-viewer; each holds all that the weaker ones hold. */
export class TenantRoles extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const strongestFirst = [...roles];
    for (const [index, role] of strongestFirst.entries()) {
      const rules = strongestFirst
        .slice(index)
        .reverse()
        .flatMap((held) => added[held]);
      new k8s.KubeClusterRole(this, role, { metadata: { name: clusterRoleName(role) }, rules });
    }
  }
}

import type { Template } from "../../../model/template.ts";
import type { FindingList } from "./finding.ts";

/** Kinds that give away more than the tenant's own, and what. Admission holds back the plainest abuse of some. */
const strongKinds: readonly (readonly [kind: RegExp, gives: string])[] = [
  [
    /^PersistentVolume$/,
    "mounts any folder of a node into a pod: that node with every tenant's data and credentials on it",
  ],
  [/^ClusterRole$/, "holds any rights, for every namespace once it is bound: the cluster"],
  [
    /^ClusterRoleBinding$/,
    "gives the release's own accounts a ClusterRole in every namespace, other tenants' passwords too: the cluster",
  ],
  [/^CustomResourceDefinition$/, "is for every tenant, and with it go the objects that all of them have"],
  [/Webhook/, "sees and changes every request to the cluster: the cluster"],
  [/AdmissionPolicy/, "refuses or changes every request to the cluster: the cluster"],
  [/^APIService$/, "answers in place of the API server, and sees the logins of who asks: the cluster"],
  [/^ClusterIssuer$/, "gives certificates for hosts of other tenants, and calls any address for them"],
];

/**
 * A note for each kind that a template declares and that is no small thing to allow: declaring is deciding, so it is no
 * error, but nobody should decide it unknowingly. By the template alone: what the chart renders now is not the limit.
 */
export function checkDeclaredKinds({ clusterScopedKinds }: Template, findings: FindingList): void {
  for (const [index, kind] of clusterScopedKinds.entries()) {
    const gives = strongKinds.find(([pattern]) => pattern.test(kind))?.[1];
    if (gives === undefined) continue;
    findings.add({
      code: "strong-kind",
      severity: "note",
      path: ["cluster_scoped_kinds", index],
      message: `${kind} is declared, so this chart may make any: a ${kind} ${gives}`,
      hint: "declare it only for a chart that you trust like woow itself; better switch it off in default_values",
    });
  }
}

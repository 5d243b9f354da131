import type { AdmissionRule } from "./admission-policy.ts";
import { chartAccountPrefix, isChartAccount } from "./who.ts";

/** What the chart of a release may make outside its namespace. */
export interface ClusterScopedRelease {
  readonly release: string;
  /** As the template declares them in cluster_scoped_kinds. */
  readonly kinds: readonly string[];
}

const account = `${chartAccountPrefix}helm-`;
const isOwn =
  "oldObject != null && request.userInfo.username == " +
  `'${account}' + oldObject.?metadata.?annotations[?'meta.helm.sh/release-name'].orValue('(none)')`;

/**
 * A chart job is cluster-admin (k3s-facts A3) and writes in the namespace of its release only. Cluster-scoped objects:
 * it makes kinds that its template declares, changes those that Helm's own mark says are its release's, and removes
 * them whatever is declared by then, so that a service that is gone from git leaves nothing behind.
 */
export function chartJobRule(releases: readonly ClusterScopedRelease[]): AdmissionRule {
  const declared = releases
    // a namespace is a tenant's or the platform's
    .map(({ release, kinds }) => ({
      release,
      kinds: kinds.filter((kind) => kind !== "Namespace").toSorted(),
    }))
    .filter(({ kinds }) => kinds.length > 0)
    .toSorted((a, b) => (a.release < b.release ? -1 : 1));
  const list = (items: readonly string[]) => `[${items.map((item) => `'${item}'`).join(", ")}]`;
  const entries = declared.map(({ release, kinds }) => `'${account}${release}': ${list(kinds)}`);
  return {
    name: "woow-chart-jobs",
    where: "everywhere",
    matches: [
      {
        apiGroups: ["*"],
        apiVersions: ["*"],
        operations: ["CREATE", "UPDATE", "DELETE", "CONNECT"],
        resources: ["*/*"],
      },
    ],
    matchConditions: { "chart-jobs": isChartAccount },
    variables: {
      isInOwnNamespace:
        "request.resource.resource != 'namespaces' && has(request.namespace) && " +
        // a workspace's id has no hyphen: no other namespace can be the beginning of a release's name
        "request.namespace.matches('^paas-ws-[a-z0-9]+$') && " +
        `request.userInfo.username.startsWith('${account}' + request.namespace + '-')`,
      isClusterScoped: "request.resource.resource != 'namespaces' && !has(request.namespace)",
      isDeclared:
        entries.length === 0
          ? "false"
          : `request.kind.kind in {${entries.join(", ")}}[?request.userInfo.username].orValue([])`,
      isOwn,
    },
    validations: [
      {
        expression:
          "variables.isInOwnNamespace || variables.isClusterScoped && (" +
          "request.operation == 'CREATE' && variables.isDeclared || " +
          "request.operation == 'UPDATE' && variables.isDeclared && variables.isOwn || " +
          "request.operation == 'DELETE' && variables.isOwn)",
        message: "a chart writes in the namespace of its release only",
        messageExpression:
          "'a chart writes in the namespace of its release only, not ' + request.kind.kind + " +
          "(has(request.namespace) ? ' in ' + request.namespace : ' for the whole cluster') + " +
          "'; what else it may make stands in cluster_scoped_kinds of its template'",
      },
    ],
  };
}

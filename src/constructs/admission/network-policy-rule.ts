import type { AdmissionRule } from "./admission-policy.ts";
import { boundUsers } from "./who.ts";

const ownPods = (rules: string, peers: string) =>
  `object.?spec.?${rules}.orValue([]).all(rule, size(rule.?${peers}.orValue([])) > 0 && ` +
  `rule.${peers}.all(peer, has(peer.podSelector) && !has(peer.namespaceSelector) && !has(peer.ipBlock)))`;

/** NetworkPolicies add up, so a tenant's own may deny, or open what is open already: its own namespace. */
export const networkPolicyRule: AdmissionRule = {
  name: "woow-network-policies",
  where: "tenant namespaces",
  matches: [
    {
      apiGroups: ["networking.k8s.io"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["networkpolicies"],
    },
  ],
  matchConditions: boundUsers,
  validations: [
    {
      expression: ownPods("ingress", "from"),
      message:
        "this NetworkPolicy would open the tenant to others: every ingress rule names pods of its own namespace " +
        "(from: podSelector); switch it off in the chart's values",
    },
    {
      expression: ownPods("egress", "to"),
      message:
        "this NetworkPolicy would open the way out of the tenant: every egress rule names pods of its own namespace " +
        "(to: podSelector); switch it off in the chart's values",
    },
  ],
};

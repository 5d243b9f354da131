import { createHash } from "node:crypto";
import { Construct } from "constructs";
import { AdmissionPolicy, policySpec } from "./admission-policy.ts";
import type { AdmissionRule } from "./admission-policy.ts";
import { admissionDigestLabel, admissionProbeRule } from "./admission-probe.ts";
import { certificateRules } from "./certificate-rules.ts";
import { clusterRoleRules } from "./cluster-role-rules.ts";
import { chartJobRule } from "./chart-job-rule.ts";
import type { ClusterScopedRelease } from "./chart-job-rule.ts";
import { ingressRule } from "./ingress-rule.ts";
import { networkPolicyRule } from "./network-policy-rule.ts";
import { platformObjectRule } from "./platform-object-rule.ts";
import { podRule } from "./pod-rule.ts";
import { refusedKinds } from "./refused-kinds.ts";
import { releaseRecordRule } from "./release-record-rule.ts";
import { roleBindingRule } from "./role-binding-rule.ts";
import { serviceRule } from "./service-rule.ts";
import { tenantAccountRule } from "./tenant-account-rule.ts";

export interface AdmissionPoliciesProps {
  /** Every release of the cluster whose template declares cluster_scoped_kinds. */
  readonly clusterScoped: readonly ClusterScopedRelease[];
}

/** Every rule but the probe. */
export function admissionRules({ clusterScoped }: AdmissionPoliciesProps): readonly AdmissionRule[] {
  return [
    ingressRule,
    serviceRule,
    networkPolicyRule,
    roleBindingRule,
    podRule,
    ...refusedKinds,
    ...certificateRules,
    releaseRecordRule,
    ...clusterRoleRules,
    platformObjectRule,
    tenantAccountRule,
    chartJobRule(clusterScoped),
  ];
}

/** The policies that keep tenants inside their namespaces and charts inside their releases (docs/isolation.md). */
export class AdmissionPolicies extends Construct {
  constructor(scope: Construct, id: string, props: AdmissionPoliciesProps) {
    super(scope, id);
    const rules = admissionRules(props);
    for (const rule of rules) new AdmissionPolicy(this, rule.name, { rule });
    const text = JSON.stringify(rules.map((rule) => [rule.name, policySpec(rule)]));
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    const probe = admissionProbeRule(digest);
    // the binding carries the digest too: policies and bindings reach the API server's admission separately
    new AdmissionPolicy(this, probe.name, {
      rule: probe,
      bindingScope: { objectLabels: { [admissionDigestLabel]: digest } },
    });
  }
}

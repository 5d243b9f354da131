import { App, Chart } from "cdk8s";
import { expect, test } from "vitest";
import { AdmissionPolicies, admissionRules } from "../../src/constructs/admission/admission-policies.ts";
import { policySpec } from "../../src/constructs/admission/admission-policy.ts";
import { admissionDigestLabel, admissionProbeName } from "../../src/constructs/admission/admission-probe.ts";
import { chartJobRule } from "../../src/constructs/admission/chart-job-rule.ts";
import type { ClusterScopedRelease } from "../../src/constructs/admission/chart-job-rule.ts";

interface PolicyObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

function render(clusterScoped: readonly ClusterScopedRelease[] = []): PolicyObject[] {
  const chart = new Chart(new App(), "platform");
  new AdmissionPolicies(chart, "admission", { clusterScoped });
  return chart.toJson() as PolicyObject[];
}

const one = { release: "paas-ws-a-op-01", kinds: ["ClusterRoleBinding", "ClusterRole"] };
const two = { release: "paas-ws-b-op-01", kinds: ["ClusterRole"] };

test("every policy is in force: it has a binding of its name that denies", () => {
  const objects = render();
  const named = (kind: string) => objects.filter((object) => object.kind === kind);
  const policies = named("ValidatingAdmissionPolicy").map(({ metadata }) => metadata.name);
  expect(new Set(policies).size).toBe(policies.length);
  expect(policies.filter((name) => !name.startsWith("woow-"))).toEqual([]);
  expect(named("ValidatingAdmissionPolicyBinding")).toHaveLength(policies.length);
  for (const { metadata, spec } of named("ValidatingAdmissionPolicyBinding")) {
    expect(spec).toMatchObject({ policyName: metadata.name, validationActions: ["Deny"] });
  }
});

test("a policy that looks at DELETE or CONNECT names whom it binds: the namespace controller must never be among them", () => {
  for (const rule of admissionRules({ clusterScoped: [] })) {
    const operations = rule.matches.flatMap((match) => match.operations);
    if (!operations.includes("DELETE") && !operations.includes("CONNECT")) continue;
    // all conditions must hold, so one that names is enough
    const named = Object.values(rule.matchConditions ?? {}).filter((condition) =>
      condition
        .split(" || ")
        .every((text) =>
          /^request\.userInfo\.username\.startsWith\('(system:serviceaccount:paas-(charts:|ws-)|paas:)'\)$/.test(
            text,
          ),
        ),
    );
    expect(named.length, rule.name).toBeGreaterThan(0);
  }
});

test("what may not be made may not be made of something else either: every rule looks at UPDATE where it looks at CREATE", () => {
  // a pod's priority class never changes
  const rules = admissionRules({ clusterScoped: [] }).filter(({ name }) => name !== "woow-pods");
  for (const { name, matches } of rules) {
    for (const { operations } of matches) {
      expect(operations, name).toContain("CREATE");
      expect(operations, name).toContain("UPDATE");
    }
  }
});

test("what charts may make for the whole cluster is the same text whatever the order, and never a Namespace", () => {
  const text = JSON.stringify(policySpec(chartJobRule([one, two])));
  const other = { ...one, kinds: [...one.kinds].reverse() };
  expect(JSON.stringify(policySpec(chartJobRule([two, other])))).toBe(text);
  const none = JSON.stringify(policySpec(chartJobRule([])));
  expect(JSON.stringify(policySpec(chartJobRule([{ release: one.release, kinds: ["Namespace"] }])))).toBe(
    none,
  );
});

test("the probe carries another digest when any policy is another", () => {
  const digest = (objects: readonly PolicyObject[]) =>
    JSON.stringify(objects.filter(({ metadata }) => metadata.name === admissionProbeName));
  expect(digest(render([one]))).toBe(digest(render([one])));
  expect(digest(render([one]))).not.toBe(digest(render([two])));
  expect(digest(render([one]))).toContain(admissionDigestLabel);
});

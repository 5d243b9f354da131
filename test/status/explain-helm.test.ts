import { expect, test } from "vitest";
import { explainHelm } from "../../src/status/explain-helm.ts";

const canary = "made-up-password-1";
const repo = "https://charts.example.com/stable";

/** What Helm 4.3.1 and klipper-helm really say, secrets put where a value is echoed. */
const cases: readonly (readonly [what: string, text: string, code: string, message: string])[] = [
  [
    "a version that is not there",
    `Error: INSTALLATION FAILED: chart "web" matching 9.9.9 not found in paas-ws-a-x index. (try 'helm repo update'): no chart version found for web-9.9.9`,
    "chart-not-found",
    `chart web 9.9.9 is not in the repository ${repo}`,
  ],
  [
    "a chart that is not there",
    `Error: INSTALLATION FAILED: chart "nothing" matching 1.0.0 not found in paas-ws-a-x index. (try 'helm repo update'): no chart name found`,
    "chart-not-found",
    `chart nothing 1.0.0 is not in the repository ${repo}`,
  ],
  [
    "an OCI registry that does not know it",
    `Error: INSTALLATION FAILED: failed to perform "FetchReference" on source: registry.example.com/charts/web:9.9.9: not found`,
    "chart-not-found",
    "the registry has no chart of this name and version",
  ],
  [
    "a repository that does not answer",
    `Error: looks like "https://user:${canary}@charts.example.com/stable" is not a valid chart repository or cannot be reached: Get "https://charts.example.com/stable/index.yaml": dial tcp 192.0.2.1:443: connect: connection refused`,
    "repository-down",
    "the chart repository https://***@charts.example.com/stable cannot be reached (connection refused)",
  ],
  [
    "values of the wrong type",
    `Error: UPGRADE FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n- at '/replicas': got string, want integer\n- at '/mode': value must be one of '${canary}', 'b'\n- at '/name': '${canary}' does not match pattern '^[a-z]+$'\n- at '': missing property 'auth'\n`,
    "bad-values",
    "the chart refuses its values: replicas: got string, want integer; mode: not what the chart's schema allows; name: not what the chart's schema allows; the top: missing property 'auth'",
  ],
  [
    "a template that ends with a message",
    `Error: INSTALLATION FAILED: execution error at (web/templates/deployment.yaml:12:3): password ${canary} is too short`,
    "bad-values",
    "the chart refuses its values at web/templates/deployment.yaml:12:3",
  ],
  [
    "an object of the wrong type",
    `Error: INSTALLATION FAILED: server-side apply failed for object paas-ws-a/x apps/v1, Kind=Deployment: failed to create typed patch object (paas-ws-a/x; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].resources: expected map, got &{${canary}}`,
    "bad-values",
    `Deployment paas-ws-a/x of the chart is wrong at .spec.template.spec.containers[name="web"].resources: expected map`,
  ],
  [
    "YAML that cannot be read",
    `Error: INSTALLATION FAILED: YAML parse error on web/templates/secret.yaml: error converting YAML to JSON: yaml: line 5: could not find expected ':' near ${canary}`,
    "template-error",
    "the chart's template web/templates/secret.yaml makes YAML that cannot be read with these values",
  ],
  [
    "a template that fails (Helm 4)",
    `Error: INSTALLATION FAILED: web/templates/hooks.tpl:4:20\n  executing "web/templates/hooks.tpl" at <$hooks>:\n    wrong type for value; expected map[string]interface {}; got float64`,
    "template-error",
    "the chart's template fails at web/templates/hooks.tpl:4:20 with these values",
  ],
  [
    "a template that fails (Helm 3)",
    `Error: INSTALLATION FAILED: template: web/templates/x.yaml:3:14: executing "web/templates/x.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b`,
    "template-error",
    "the chart's template fails at web/templates/x.yaml:3:14 with these values",
  ],
  [
    "a selector that cannot change",
    `Error: UPGRADE FAILED: server-side apply failed for object paas-ws-a/x apps/v1, Kind=Deployment: Deployment.apps "x" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"${canary}"}}: field is immutable`,
    "immutable-field",
    "spec.selector of Deployment x cannot be changed",
  ],
  [
    "a StatefulSet that cannot change",
    `Error: UPGRADE FAILED: cannot patch "x" with kind StatefulSet: StatefulSet.apps "x" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden`,
    "immutable-field",
    "spec of StatefulSet x cannot be changed (often the size of its volumes)",
  ],
  [
    "another manager's field",
    `Error: UPGRADE FAILED: conflict occurred while applying object paas-ws-a/x apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1: .spec.replicas`,
    "field-conflict",
    "kubectl-scale holds fields that the chart sets (.spec.replicas)",
  ],
  [
    "an object that is there already",
    `Error: INSTALLATION FAILED: unable to continue with install: Service "x" in namespace "paas-ws-a" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key`,
    "object-exists",
    "Service paas-ws-a/x is there already and is not of this release",
  ],
  [
    "a quota",
    `Error: INSTALLATION FAILED: persistentvolumeclaims "x" is forbidden: exceeded quota: workspace-quota, requested: requests.storage=500Gi, used: requests.storage=1Gi, limited: requests.storage=100Gi`,
    "quota",
    "quota workspace-quota is full: asked for requests.storage=500Gi, used requests.storage=1Gi, limit requests.storage=100Gi",
  ],
  [
    "an admission policy",
    `Error: INSTALLATION FAILED: services "x" is forbidden: ValidatingAdmissionPolicy 'paas-tenant-services' with binding 'paas-tenant-services' denied request: no LoadBalancer for ${canary}`,
    "admission-denied",
    "admission policy paas-tenant-services refuses an object of the chart",
  ],
  [
    "a failed hook (install)",
    `Error: INSTALLATION FAILED: failed pre-install: resource Job/paas-ws-a/x-pre-install not ready. status: Failed, message: Job Failed. failed: 1/1\ncontext deadline exceeded`,
    "hook-failed",
    "the chart's pre-install hook failed (Job x-pre-install)",
  ],
  [
    "a failed hook (upgrade)",
    `Error: UPGRADE FAILED: post-upgrade hooks failed: 1 error occurred: job x-post-upgrade failed: BackoffLimitExceeded`,
    "hook-failed",
    "the chart's post-upgrade hook failed (Job x-post-upgrade)",
  ],
  [
    "a release another helm works on",
    `Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress`,
    "release-locked",
    "Helm holds the release for another operation that did not end",
  ],
  [
    "time that ran out",
    `Error: UPGRADE FAILED: context deadline exceeded`,
    "helm-timeout",
    "Helm gave up when the chart's time limit was over",
  ],
];

const named = cases.map(([what, text, code, message]) => ({ what, text, code, message }));

test.each(named)("$what", ({ text, code, message }) => {
  const explained = explainHelm(text, repo);
  expect(explained).toMatchObject({ code, message });
  expect(JSON.stringify(explained)).not.toContain(canary);
  expect(explained?.hint).not.toBe("");
});

test("what nobody knows is not repeated", () => {
  expect(explainHelm(`Error: INSTALLATION FAILED: something new about ${canary}`, repo)).toBeUndefined();
});

test("only a repository and a lock can mend by themselves", () => {
  const passing = cases
    .filter(([, text]) => explainHelm(text, repo)?.isFinal === false)
    .map(([, , code]) => code);
  expect(new Set(passing)).toEqual(new Set(["repository-down", "release-locked"]));
});

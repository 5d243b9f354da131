import { systemNamespace } from "../../model/names.ts";
import { labelPrefix } from "../labels.ts";
import type { AdmissionRule } from "./admission-policy.ts";

/** Name of the policy that is written last, and of the ConfigMap it refuses. */
export const admissionProbeName = "woow-admission-probe";

/** The label of that ConfigMap: the digest of all policies that must be in force. */
export const admissionDigestLabel = `${labelPrefix}/admission-digest`;

/** What a refusal says when the policies of this digest are in force. */
export function admissionProbeMessage(digest: string): string {
  return `the admission policies ${digest} are in force`;
}

/** Refuses one ConfigMap that nobody needs, so that apply can see that the API server has read what it wrote. */
export function admissionProbeRule(digest: string): AdmissionRule {
  return {
    name: admissionProbeName,
    where: "everywhere",
    matches: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
    matchConditions: {
      probe: `request.namespace == '${systemNamespace}' && object.metadata.name == '${admissionProbeName}'`,
    },
    validations: [{ expression: "false", message: admissionProbeMessage(digest) }],
  };
}

import type { LiveObject } from "../../src/cluster/live-object.ts";
import { labelRef, refOf } from "../../src/cluster/object-ref.ts";
import type { WritableObject } from "../../src/cluster/cluster-client.ts";
import { admissionDigestLabel, admissionProbeName } from "../../src/constructs/admission/admission-probe.ts";
import { OperationError } from "../../src/errors.ts";

interface Probe {
  readonly spec?: {
    readonly validations?: readonly { readonly message?: string }[];
    readonly matchResources?: {
      readonly objectSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    };
  };
}

/** The one thing an API server without admission must do: refuse the probe once its policy and binding are there. */
export function refuseProbe(object: WritableObject, objects: Iterable<LiveObject>): void {
  if (object.kind !== "ConfigMap" || object.metadata.name !== admissionProbeName) return;
  const named = [...objects].filter(({ metadata }) => metadata.name === admissionProbeName);
  const policy = named.find(({ kind }) => kind === "ValidatingAdmissionPolicy") as Probe | undefined;
  const binding = named.find(({ kind }) => kind === "ValidatingAdmissionPolicyBinding") as Probe | undefined;
  const wanted = binding?.spec?.matchResources?.objectSelector?.matchLabels?.[admissionDigestLabel];
  if (wanted === undefined || wanted !== object.metadata.labels?.[admissionDigestLabel]) return;
  const message = policy?.spec?.validations?.[0]?.message ?? "";
  throw new OperationError("forbidden", `not allowed: policy ${admissionProbeName}: ${message}`, {
    subject: labelRef(refOf(object)),
  });
}

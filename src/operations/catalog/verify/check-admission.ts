import type { CheckContext } from "./check-context.ts";
import type { FindingDraft } from "./finding.ts";
import { listPods } from "./pods.ts";
import { describeObject, listAt, mapAt, textAt } from "./rendered-objects.ts";
import type { RenderedObject } from "./rendered-objects.ts";

type Fault = Omit<FindingDraft, "path">;

/** What the admission policies of a workspace refuse when the chart's job runs (docs/security.md), found before. */
export function checkAdmission(context: CheckContext): void {
  const { rendering, findings } = context;
  for (const object of rendering.objects) {
    for (const check of [subjectFault, labelFault, recordFault, certificateFault, annotationFault]) {
      const fault = check(object, context);
      if (fault !== undefined) findings.add({ path: ["helm_chart"], ...fault });
    }
  }
  for (const { owner, spec } of listPods(rendering.objects)) {
    const name = textAt(spec, "priorityClassName") ?? "";
    if (!name.startsWith("system-")) continue;
    findings.add({
      path: ["helm_chart"],
      code: "unsafe-pod",
      message: `${describeObject(owner)} has the priority class ${name}, which is the cluster's own`,
      hint: "switch it off in default_values",
    });
  }
}

/** A chart's role is for its own pods: not for people, not for groups, not for another tenant. */
function subjectFault(object: RenderedObject, { sample }: CheckContext): Fault | undefined {
  if (object.kind !== "RoleBinding") return undefined;
  const foreign = listAt(object.body, "subjects").find(
    (subject) =>
      textAt(subject, "kind") !== "ServiceAccount" ||
      !["", sample.namespace].includes(textAt(subject, "namespace") ?? ""),
  );
  if (foreign === undefined) return undefined;
  const who = ["kind", "namespace", "name"].flatMap((key) => textAt(foreign, key) ?? []).join(" ");
  return {
    code: "foreign-subject",
    message: `${describeObject(object)} gives rights in the workspace to ${who}`,
    hint: "switch the chart's RBAC off in default_values; only ServiceAccounts of the workspace get rights",
  };
}

function labelFault(object: RenderedObject): Fault | undefined {
  const labels = mapAt(mapAt(object.body, "metadata"), "labels");
  if (textAt(labels, "app.kubernetes.io/managed-by") !== "woow") return undefined;
  return {
    code: "forbidden-kind",
    message: `${describeObject(object)} carries the label that makes an object woow's`,
    hint: "take the label app.kubernetes.io/managed-by: woow away",
  };
}

/** Helm finds its records by labels, and does as cluster-admin what they say was installed. */
function recordFault(object: RenderedObject): Fault | undefined {
  if (object.kind !== "Secret") return undefined;
  const owner = textAt(mapAt(mapAt(object.body, "metadata"), "labels"), "owner");
  const isRecord =
    owner === "helm" ||
    object.name.startsWith("sh.helm.release.") ||
    textAt(object.body, "type") === "helm.sh/release.v1";
  if (!isRecord) return undefined;
  return {
    code: "forbidden-kind",
    message: `${describeObject(object)} passes for a record of a Helm release, which says what Helm deletes`,
    hint: "do not run this chart before you know why it brings one",
  };
}

function certificateFault(object: RenderedObject, { sample }: CheckContext): Fault | undefined {
  const { kind, apiVersion, body, name } = object;
  const spec = mapAt(body, "spec");
  const fault = (message: string): Fault => ({
    code: "forbidden-kind",
    message: `${describeObject(object)} ${message}`,
    hint: "switch it off in default_values",
  });
  if (kind === "Secret" && name.startsWith(`${sample.namespace}-`) && name.endsWith("-tls"))
    return fault("has the name of a Secret that Traefik serves certificates from");
  if (!apiVersion.startsWith("cert-manager.io/")) return undefined;
  if (kind === "Issuer" && Object.keys(spec).some((key) => key !== "ca" && key !== "selfSigned"))
    return fault("makes cert-manager call an address of the chart's choice");
  if (kind === "Certificate" && (textAt(mapAt(spec, "issuerRef"), "kind") ?? "Issuer") !== "Issuer")
    return fault("asks the platform's issuer for a certificate; the Ingress does that, for allotted hosts");
  return undefined;
}

function annotationFault(object: RenderedObject): Fault | undefined {
  if (object.kind !== "Service") return undefined;
  const annotations = Object.keys(mapAt(mapAt(object.body, "metadata"), "annotations"));
  const key = annotations.find((one) =>
    /^traefik\.ingress\.kubernetes\.io\/.*(serverstransport|service\.middlewares)/i.test(one),
  );
  if (key === undefined) return undefined;
  return {
    code: "exposed-service",
    message: `${describeObject(object)} names Traefik's objects in ${key}, which may be another tenant's`,
    hint: "take the annotation away in default_values",
  };
}

import type { AdmissionRule } from "./admission-policy.ts";
import { boundUsers, chartAccountPrefix } from "./who.ts";

const recordPrefix = "sh.helm.release.v1.";
const labelOf = (object: string, label: string, otherwise: string) =>
  `${object}.metadata.?labels[?'${label}'].orValue('${otherwise}')`;

/** Helm finds records by their labels; the name and the type are what people and other programs go by. */
const isRecord = (object: string) =>
  `(${object} != null && (${object}.metadata.?name.orValue('').startsWith('${recordPrefix}') || ` +
  `${object}.?type.orValue('') == 'helm.sh/release.v1' || ${labelOf(object, "owner", "")} == 'helm'))`;

const isOwnRecord = (object: string) => {
  const release = labelOf(object, "name", "(none)");
  return (
    `(${object} == null || request.userInfo.username == '${chartAccountPrefix}helm-' + ${release} && ` +
    `${object}.metadata.?name.orValue('').startsWith('${recordPrefix}' + ${release} + '.v'))`
  );
};

/**
 * A record says what Helm deletes at the next upgrade and which hooks it runs when the release goes, and the chart job
 * does both as cluster-admin, admission policies included: only the release's own job writes it.
 */
export const releaseRecordRule: AdmissionRule = {
  name: "woow-release-records",
  where: "tenant namespaces",
  matches: [
    {
      apiGroups: [""],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE", "DELETE"],
      resources: ["secrets"],
    },
  ],
  matchConditions: {
    ...boundUsers,
    "release-records": `${isRecord("object")} || ${isRecord("oldObject")}`,
  },
  validations: [
    {
      expression: `${isOwnRecord("object")} && ${isOwnRecord("oldObject")}`,
      message: "the records of a Helm release are written by its own chart job only",
    },
  ],
};

import type { AdmissionRule } from "./admission-policy.ts";
import { boundUsers } from "./who.ts";

const isNotOurs = (object: string) =>
  `(${object} == null || ${object}.?metadata.?labels[?'app.kubernetes.io/managed-by'].orValue('') != 'woow')`;

/**
 * What woow manages is woow's: walls, quotas and the namespace itself. A chart may give its own ServiceAccount every
 * right in its namespace, by a Role, so rights alone do not keep them.
 */
export const platformObjectRule: AdmissionRule = {
  name: "woow-platform-objects",
  where: "everywhere",
  matches: [
    {
      apiGroups: ["*"],
      apiVersions: ["*"],
      operations: ["CREATE", "UPDATE", "DELETE"],
      resources: ["*/*"],
    },
  ],
  matchConditions: boundUsers,
  validations: [
    {
      expression: `${isNotOurs("object")} && ${isNotOurs("oldObject")}`,
      message:
        "what carries the label app.kubernetes.io/managed-by: woow is the platform's: change it in git",
    },
  ],
};

import type { AdmissionRule } from "./admission-policy.ts";
import { boundUsers } from "./who.ts";

/** A Service leads to pods of its own namespace, and is reached from inside or through Traefik. */
export const serviceRule: AdmissionRule = {
  name: "woow-services",
  where: "tenant namespaces",
  matches: [
    { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["services"] },
  ],
  matchConditions: boundUsers,
  validations: [
    {
      expression: "object.spec.?type.orValue('ClusterIP') == 'ClusterIP'",
      message:
        "a Service is of type ClusterIP: another type opens a way beside Traefik, or leads out of the tenant",
    },
    {
      expression: "size(object.spec.?externalIPs.orValue([])) == 0",
      message: "a Service has no externalIPs: they take over addresses of others",
    },
    {
      expression: "size(object.spec.?selector.orValue({})) > 0",
      message: "a Service selects its pods: without a selector its addresses would be written by hand",
    },
    {
      expression:
        "object.metadata.?annotations.orValue({}).all(key, " +
        "!key.lowerAscii().startsWith('traefik.ingress.kubernetes.io/') || " +
        "!key.lowerAscii().matches('serverstransport|service\\\\.middlewares'))",
      message: "Traefik's serverstransport and middlewares of a Service may be another tenant's",
    },
  ],
};

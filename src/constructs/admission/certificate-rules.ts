import type { AdmissionRule, Matches } from "./admission-policy.ts";
import { hostsVariable, isRewritten, isServedSecret } from "./allotted-hosts.ts";
import { boundUsers } from "./who.ts";

const kind = (resource: string): Matches => ({
  apiGroups: ["cert-manager.io"],
  // fields differ between versions of cert-manager, and a cluster may have none
  apiVersions: ["*"],
  operations: ["CREATE", "UPDATE"],
  resources: [resource],
});

/** A certificate that others trust, or that Traefik serves, names hosts of its tenant. Binds everybody. */
const certificateRule: AdmissionRule = {
  name: "woow-certificates",
  where: "tenant namespaces",
  matches: [kind("certificates")],
  matchConditions: isRewritten,
  variables: {
    ...hostsVariable,
    isLocal:
      "object.spec.issuerRef.?kind.orValue('Issuer') == 'Issuer' && " +
      "object.spec.issuerRef.?group.orValue('cert-manager.io') == 'cert-manager.io' && " +
      `!${isServedSecret("object.spec.secretName")}`,
    names:
      "object.spec.?dnsNames.orValue([]) + " +
      "(object.spec.?commonName.orValue('') == '' ? [] : [object.spec.commonName])",
  },
  validations: [
    {
      expression: "variables.isLocal || variables.names.all(name, name in variables.hosts)",
      message: "a Certificate may name only hosts that are allotted to its namespace",
    },
    {
      expression:
        "variables.isLocal || !object.spec.?isCA.orValue(false) && " +
        "['ipAddresses', 'uris', 'emailAddresses', 'emailSANs', 'uriSANs', 'otherNames', 'literalSubject']" +
        ".all(field, !(field in object.spec) || size(object.spec[field]) == 0)",
      message: "a Certificate holds names of hosts and nothing else, and is no authority",
    },
  ],
};

/** An Issuer of a tenant signs by itself: any other makes cert-manager call an address of the tenant's choice. */
const issuerRule: AdmissionRule = {
  name: "woow-issuers",
  where: "tenant namespaces",
  matches: [kind("issuers")],
  matchConditions: boundUsers,
  validations: [
    {
      expression: "object.spec.all(field, field in ['ca', 'selfSigned'])",
      message:
        "an Issuer in a tenant's namespace is selfSigned or ca; others are the platform's ClusterIssuers",
    },
  ],
};

/** Traefik serves what these Secrets hold, for whatever host the certificate names. */
const servedSecretRule: AdmissionRule = {
  name: "woow-served-secrets",
  where: "tenant namespaces",
  matches: [
    { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["secrets"] },
  ],
  matchConditions: boundUsers,
  validations: [
    {
      expression: `!${isServedSecret("object.metadata.name")}`,
      message:
        "Secrets <namespace>-<anything>-tls hold the certificates that are served: cert-manager writes them",
    },
  ],
};

/** What keeps certificates to the hosts of their tenant. */
export const certificateRules: readonly AdmissionRule[] = [certificateRule, issuerRule, servedSecretRule];

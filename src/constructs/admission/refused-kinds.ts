import type { AdmissionRule, Matches } from "./admission-policy.ts";
import { boundUsers } from "./who.ts";

const groups = (apiGroups: readonly string[], resources: readonly string[] = ["*/*"]): Matches => ({
  apiGroups,
  // a kind that a cluster lacks cannot be type-checked
  apiVersions: ["*"],
  operations: ["CREATE", "UPDATE"],
  resources,
});

const refuse = (message: string) => [{ expression: "false", message }];

/** Kinds that nothing of a tenant's may write: each is a way past the walls. */
export const refusedKinds: readonly AdmissionRule[] = [
  {
    // a Middleware too: forwardAuth and errors make Traefik itself ask whatever address they name
    name: "woow-routes",
    where: "tenant namespaces",
    matches: [
      groups([
        "gateway.networking.k8s.io",
        "gateway.networking.x-k8s.io",
        "hub.traefik.io",
        "traefik.containo.us",
        "traefik.io",
      ]),
    ],
    matchConditions: boundUsers,
    validations: refuse(
      "routes and middlewares of Traefik or the Gateway API are not for tenants: the way in is the Ingress of a service",
    ),
  },
  {
    // Traefik proxies to the addresses they hold, past every NetworkPolicy of whoever owns them
    name: "woow-endpoints",
    where: "tenant namespaces",
    matches: [groups([""], ["endpoints"]), groups(["discovery.k8s.io"], ["endpointslices"])],
    matchConditions: boundUsers,
    validations: refuse("addresses behind a Service come from its selector, never by hand"),
  },
  {
    // a pod that no node runs keeps whatever address is written there, and its Service serves it
    name: "woow-pod-status",
    where: "tenant namespaces",
    matches: [groups([""], ["pods/status"])],
    matchConditions: boundUsers,
    validations: refuse("the status of a pod, its address among it, is the node's to write"),
  },
  {
    // whoever may write these is cluster-admin
    name: "woow-charts",
    where: "everywhere",
    matches: [groups(["helm.cattle.io", "k3s.cattle.io"])],
    matchConditions: boundUsers,
    validations: refuse(
      "charts are installed by woow alone: a service is a file in the platform's repository",
    ),
  },
  {
    // the scheduler reads it for every tenant's claims
    name: "woow-storage-capacities",
    where: "tenant namespaces",
    matches: [groups(["storage.k8s.io"])],
    matchConditions: boundUsers,
    validations: refuse("how much room storage has is told by its driver, for the whole cluster"),
  },
  {
    // other network plugins' own policies, which add up with ours
    name: "woow-foreign-network-policies",
    where: "tenant namespaces",
    matches: [groups(["cilium.io", "crd.projectcalico.org", "projectcalico.org"])],
    matchConditions: boundUsers,
    validations: refuse("network rules of a tenant are the workspace's; NetworkPolicy may close more"),
  },
  {
    // a request for a certificate of any name, past what an Ingress or Certificate may name
    name: "woow-certificate-requests",
    where: "tenant namespaces",
    matches: [
      groups(["acme.cert-manager.io"]),
      // what is written into a status is what cert-manager takes for issued; `certificates/*` would be Certificates too
      groups(
        ["cert-manager.io"],
        ["certificaterequests", "certificaterequests/*", "certificates/status", "issuers/status"],
      ),
    ],
    matchConditions: boundUsers,
    validations: refuse("certificates are asked for by cert-manager, from an Ingress or a Certificate"),
  },
];

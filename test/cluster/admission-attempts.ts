import { bound, everybody, madeByControllers } from "./admission-scene.ts";
import type { Attempt, Who } from "./admission-scene.ts";

/** What one policy refuses and what it lets pass, by whom. */
export interface PolicyCase {
  readonly policy: string;
  readonly by: readonly Who[];
  readonly refused: readonly Attempt[];
  readonly allowed: readonly Attempt[];
  /** Harmless objects, and what makes of them what is refused. */
  readonly changed?: readonly Change[];
}

/** A change to an object that is there already. */
export interface Change {
  readonly title: string;
  /** The object as an administrator makes it; left out: a controller does. */
  readonly made: Attempt | undefined;
  /** The collection, with the name or a selector of the object in it. */
  readonly collection: string;
  readonly object: { readonly name: string } | { readonly labelSelector: string };
  /** A merge patch. */
  readonly patch: object;
}

const home = "namespaces/paas-ws-a";
const core = (plural: string) => `/api/v1/${home}/${plural}`;
const path = (group: string, plural: string) => `/apis/${group}/${home}/${plural}`;
const create = (where: string, title: string, body: object): Attempt => ({
  title,
  method: "POST",
  path: where,
  body: { metadata: { name: "tried" }, ...body },
});

const own = "a-web-01.apps.example.com";
const foreign = "b-web-01.apps.example.com";
const traefik = "traefik.ingress.kubernetes.io";

function ingress(
  title: string,
  {
    rule = {},
    paths = {},
    spec = {},
    annotations = {},
  }: { rule?: object; paths?: object; spec?: object; annotations?: Record<string, string> },
): Attempt {
  const backend = { service: { name: "paas-ws-a-web-01", port: { number: 80 } } };
  const http = { paths: [{ path: "/", pathType: "Prefix", backend, ...paths }] };
  return create(path("networking.k8s.io/v1", "ingresses"), title, {
    metadata: { name: "tried", annotations },
    spec: { rules: [{ host: own, http, ...rule }], ...spec },
  });
}

const service = (title: string, spec: object, annotations: Record<string, string> = {}) =>
  create(core("services"), title, {
    metadata: { name: "tried", annotations },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }], ...spec },
  });
const selectorless = (title: string, spec: object) =>
  create(core("services"), title, { spec: { ports: [{ port: 80 }], ...spec } });
const networkPolicy = (title: string, spec: object) =>
  create(path("networking.k8s.io/v1", "networkpolicies"), title, { spec: { podSelector: {}, ...spec } });
const roleBinding = (title: string, roleRef: object, subject: object) =>
  create(path("rbac.authorization.k8s.io/v1", "rolebindings"), title, {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", ...roleRef },
    subjects: [subject],
  });
const strong = { kind: "Role", name: "strong" };
const app = { kind: "ServiceAccount", name: "app", namespace: "paas-ws-a" };
const traefikObject = (kind: string, plural: string, spec: object) =>
  create(path("traefik.io/v1alpha1", plural), `a ${kind}`, { apiVersion: "traefik.io/v1alpha1", kind, spec });
const certificate = (title: string, spec: object) =>
  create(path("cert-manager.io/v1", "certificates"), title, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    spec: { secretName: "paas-ws-a-x-tls", issuerRef: { kind: "ClusterIssuer", name: "le" }, ...spec },
  });
const issuer = (title: string, spec: object) =>
  create(path("cert-manager.io/v1", "issuers"), title, {
    apiVersion: "cert-manager.io/v1",
    kind: "Issuer",
    spec,
  });
const acmeOfOwn = { server: "http://10.42.0.9", privateKeySecretRef: { name: "key" }, solvers: [] };
const pod = (title: string, spec: object) =>
  create(core("pods"), title, {
    spec: { containers: [{ name: "c", image: "registry.example.com/c" }], ...spec },
  });
/** Every object has a name of its own, said by `name` or made from the title. */
const change = (
  made: Attempt,
  patch: object,
  {
    title,
    name = `was-${title.replaceAll(/[^a-z]+/g, "-")}`,
  }: { readonly title: string; readonly name?: string },
): Change => {
  const { metadata, ...rest } = made.body as { readonly metadata: object };
  const body = { ...rest, metadata: { ...metadata, name } };
  return { title, made: { ...made, body }, collection: made.path, object: { name }, patch };
};
const traefikMade = traefikObject("Middleware", "middlewares", { headers: {} });
/** The one of admission-scene.ts, to which controllers make these. */
const ofService = (title: string, collection: string, patch: object): Change => ({
  title,
  made: undefined,
  collection,
  object: { labelSelector: `app=${madeByControllers.app}` },
  patch,
});

/** Rules about one kind of object; those about whoever asks are in admission-jobs.test.ts. */
export const policyCases: readonly PolicyCase[] = [
  {
    policy: "woow-ingresses",
    by: everybody,
    refused: [
      ingress("another tenant's host", { rule: { host: foreign } }),
      ingress("a host of nobody", { rule: { host: "nobody.example.com" } }),
      ingress("a rule without a host", { rule: { host: undefined } }),
      ingress("a wildcard", { rule: { host: "*.apps.example.com" } }),
      ingress("no rule but a default backend", {
        spec: { rules: [], defaultBackend: { service: { name: "x", port: { number: 80 } } } },
      }),
      ingress("a certificate for another tenant's host", { spec: { tls: [{ hosts: [foreign] }] } }),
      ingress("a certificate out of a Secret of its own making", {
        spec: { tls: [{ hosts: [own], secretName: "made-up" }] },
      }),
      ingress("another class", { spec: { ingressClassName: "nginx" } }),
      ingress("another class by annotation", { annotations: { "kubernetes.io/ingress.class": "nginx" } }),
      ingress("a path that ends Traefik's rule", {
        paths: { path: "/`) || Host(`victim.example", pathType: "ImplementationSpecific" },
      }),
      ...[
        ["router.middlewares", "paas-ws-b-private@kubernetescrd"],
        ["router.middlewares", "paas-ws-a-x@kubernetescrd,auth@file"],
        ["router.middlewares", "dashboard@internal"],
        ["Router.Middlewares", "paas-ws-a-x@kubernetescrd"],
        ["router.tls.options", "paas-ws-b-weak@kubernetescrd"],
        ["router.tls.domains.0.main", foreign],
        ["router.entrypoints", "websecure,metrics"],
        ["router.pathmatcher", "Host(`victim.example`) || PathPrefix"],
      ].map(([key = "", value = ""]) =>
        ingress(`annotation ${key}: ${value}`, { annotations: { [`${traefik}/${key}`]: value } }),
      ),
    ],
    allowed: [
      ingress("its own host", {}),
      ingress("its own host, class, certificate and middleware", {
        spec: { ingressClassName: "traefik", tls: [{ hosts: [own], secretName: "paas-ws-a-web-01-tls" }] },
        annotations: {
          [`${traefik}/router.middlewares`]: "paas-ws-a-one@kubernetescrd, paas-ws-a-two@kubernetescrd",
          [`${traefik}/router.entrypoints`]: "web,websecure",
          [`${traefik}/router.tls`]: "true",
          "example.com/other": "value",
        },
      }),
    ],
    changed: [
      change(ingress("", {}), { spec: { rules: [{ host: foreign }] } }, { title: "to a foreign host" }),
      change(
        ingress("", {}),
        {
          metadata: { annotations: { [`${traefik}/router.middlewares`]: "paas-ws-b-private@kubernetescrd" } },
        },
        { title: "to a foreign middleware" },
      ),
    ],
  },
  {
    policy: "woow-services",
    by: bound,
    refused: [
      service("a NodePort", { type: "NodePort" }),
      service("a LoadBalancer", { type: "LoadBalancer" }),
      selectorless("an ExternalName", { type: "ExternalName", externalName: "x.paas-ws-b.svc" }),
      service("external addresses", { externalIPs: ["192.0.2.9"] }),
      selectorless("no selector", {}),
      service(
        "a foreign transport",
        {},
        { [`${traefik}/service.serversTransport`]: "paas-ws-b-t@kubernetescrd" },
      ),
    ],
    allowed: [
      service("one with a selector", {}),
      service("a headless one, as StatefulSets have", { clusterIP: "None" }),
      service("sticky sessions", {}, { [`${traefik}/service.sticky.cookie`]: "true" }),
    ],
    changed: [
      change(service("", {}), { spec: { type: "NodePort" } }, { title: "to a node port" }),
      change(service("", {}), { spec: { selector: null } }, { title: "to no selector" }),
    ],
  },
  {
    policy: "woow-network-policies",
    by: bound,
    refused: [
      networkPolicy("from everywhere", { ingress: [{}] }),
      networkPolicy("from everywhere on a port, as Bitnami's allowExternal", {
        ingress: [{ ports: [{ port: 5432 }] }],
      }),
      networkPolicy("from every namespace", { ingress: [{ from: [{ namespaceSelector: {} }] }] }),
      networkPolicy("from chosen pods of every namespace", {
        ingress: [{ from: [{ namespaceSelector: {}, podSelector: {} }] }],
      }),
      networkPolicy("from addresses, beside its own pods", {
        ingress: [{ from: [{ podSelector: {} }, { ipBlock: { cidr: "10.0.0.0/8" } }] }],
      }),
      networkPolicy("to everywhere, as allowExternalEgress", { egress: [{}], policyTypes: ["Egress"] }),
      networkPolicy("to the metadata address", {
        egress: [{ to: [{ ipBlock: { cidr: "169.254.169.254/32" } }] }],
      }),
    ],
    allowed: [
      networkPolicy("nothing comes in", { ingress: [] }),
      networkPolicy("from its own namespace", {
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "x" } } }], ports: [{ port: 80 }] }],
        egress: [{ to: [{ podSelector: {} }] }],
      }),
    ],
    changed: [
      change(networkPolicy("", { ingress: [] }), { spec: { ingress: [{}] } }, { title: "to everywhere" }),
    ],
  },
  {
    policy: "woow-role-bindings",
    by: bound,
    refused: [
      roleBinding("cluster-admin", { kind: "ClusterRole", name: "cluster-admin" }, app),
      roleBinding("a role of the platform", { kind: "ClusterRole", name: "woow-owner" }, app),
      roleBinding("a user", strong, { kind: "User", name: "mallory" }),
      roleBinding("every account of another tenant", strong, {
        kind: "Group",
        name: "system:serviceaccounts:paas-ws-b",
      }),
      roleBinding("an account of another tenant", strong, { ...app, namespace: "paas-ws-b" }),
    ],
    allowed: [
      roleBinding("a Role of its own for its own account", strong, app),
      roleBinding("view for its own account", { kind: "ClusterRole", name: "view" }, app),
    ],
    changed: [
      change(
        roleBinding("", strong, app),
        { subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "mallory" }] },
        { title: "to a user" },
      ),
    ],
  },
  {
    policy: "woow-pods",
    by: everybody,
    refused: [pod("a priority of the cluster's own", { priorityClassName: "system-cluster-critical" })],
    allowed: [pod("an ordinary pod", {})],
  },
  {
    policy: "woow-routes",
    by: bound,
    refused: [
      traefikObject("IngressRoute", "ingressroutes", { routes: [] }),
      traefikObject("IngressRouteTCP", "ingressroutetcps", { routes: [] }),
      traefikObject("IngressRouteUDP", "ingressrouteudps", { routes: [] }),
      traefikObject("TraefikService", "traefikservices", {}),
      traefikObject("ServersTransport", "serverstransports", {}),
      traefikObject("ServersTransportTCP", "serverstransporttcps", {}),
      traefikObject("TLSOption", "tlsoptions", {}),
      traefikObject("TLSStore", "tlsstores", {}),
      traefikObject("MiddlewareTCP", "middlewaretcps", {}),
      traefikObject("Middleware", "middlewares", { forwardAuth: { address: "http://10.42.0.9" } }),
    ],
    allowed: [],
    changed: [
      change(
        traefikMade,
        { spec: { forwardAuth: { address: "http://10.42.0.9" } } },
        { title: "to one that asks" },
      ),
    ],
  },
  {
    policy: "woow-endpoints",
    by: bound,
    refused: [
      create(core("endpoints"), "Endpoints", {
        subsets: [{ addresses: [{ ip: "10.42.0.9" }], ports: [{ port: 80 }] }],
      }),
      create(path("discovery.k8s.io/v1", "endpointslices"), "an EndpointSlice", {
        metadata: { name: "tried", labels: { "kubernetes.io/service-name": "paas-ws-a-web-01" } },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.42.0.9"] }],
        ports: [{ port: 80 }],
      }),
    ],
    allowed: [],
    changed: [
      ofService("those of a controller", core("endpoints"), {
        subsets: [{ addresses: [{ ip: "10.42.0.9" }], ports: [{ port: 80 }] }],
      }),
      ofService("a slice of a controller", path("discovery.k8s.io/v1", "endpointslices"), {
        endpoints: [{ addresses: ["10.42.0.9"] }],
        ports: [{ port: 80 }],
      }),
    ],
  },
  {
    policy: "woow-certificates",
    by: everybody,
    refused: [
      certificate("another tenant's host", { dnsNames: [own, foreign] }),
      certificate("a wildcard", { dnsNames: ["*.apps.example.com"] }),
      certificate("another tenant's host as common name", { dnsNames: [own], commonName: foreign }),
      certificate("an address", { dnsNames: [own], ipAddresses: ["192.0.2.1"] }),
      certificate("an authority", { dnsNames: [own], isCA: true }),
      certificate("another tenant's host, signed by itself, where Traefik would serve it", {
        dnsNames: [foreign],
        issuerRef: { kind: "Issuer", name: "self" },
      }),
    ],
    allowed: [
      certificate("its own host", { dnsNames: [own], commonName: own, usages: ["server auth"] }),
      certificate("a name inside, of an issuer of its own", {
        dnsNames: ["web.paas-ws-a.svc"],
        issuerRef: { kind: "Issuer", name: "self" },
        secretName: "internal",
        isCA: true,
      }),
    ],
    changed: [
      change(
        certificate("", { dnsNames: [own] }),
        { spec: { dnsNames: [own, foreign] } },
        { title: "to a foreign host" },
      ),
    ],
  },
  {
    policy: "woow-issuers",
    by: bound,
    refused: [
      issuer("one that calls an address of the tenant's choice", {
        acme: acmeOfOwn,
      }),
    ],
    allowed: [issuer("one that signs by itself", { selfSigned: {} })],
    changed: [
      change(
        issuer("", { selfSigned: {} }),
        { spec: { selfSigned: null, acme: acmeOfOwn } },
        { title: "to one that calls" },
      ),
    ],
  },
  {
    policy: "woow-served-secrets",
    by: bound,
    refused: [
      create(core("secrets"), "a certificate where Traefik would serve it", {
        metadata: { name: "paas-ws-a-web-01-tls" },
      }),
      create(core("secrets"), "that of a second host", {
        metadata: { name: "paas-ws-a-web-01-tls-0123abcd" },
      }),
    ],
    allowed: [create(core("secrets"), "any other Secret", { metadata: { name: "internal-tls" } })],
    changed: [
      change(
        create(core("secrets"), "", { metadata: {} }),
        { stringData: { "tls.crt": "made up" } },
        { title: "to another certificate", name: "paas-ws-a-changed-tls" },
      ),
    ],
  },
  {
    policy: "woow-charts",
    by: bound,
    refused: ["HelmChart", "HelmChartConfig"].map((kind) =>
      create(path("helm.cattle.io/v1", `${kind.toLowerCase()}s`), `a ${kind}`, {
        apiVersion: "helm.cattle.io/v1",
        kind,
        spec: {},
      }),
    ),
    allowed: [],
    changed: [
      change(
        create(path("helm.cattle.io/v1", "helmchartconfigs"), "", {
          apiVersion: "helm.cattle.io/v1",
          kind: "HelmChartConfig",
          spec: {},
        }),
        { spec: { valuesContent: "a: b" } },
        { title: "to other values" },
      ),
    ],
  },
];

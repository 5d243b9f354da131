import { describe, expect, test } from "vitest";
import { writeClaim } from "../../../src/apply/inventory/inventory-store.ts";
import { OperationError } from "../../../src/errors.ts";
import { diagnose } from "../../../src/operations/cluster/doctor/diagnose.ts";
import type { Finding } from "../../../src/operations/cluster/doctor/finding.ts";
import { append, edit, samplePlatform, sealedService } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster, FakeClusterOptions, SeedObject } from "../../support/fake-cluster.ts";
import { careDeps, healthyK3s } from "./care-world.ts";

type Options = Parameters<typeof careDeps>[1] & {
  readonly cluster?: FakeClusterOptions;
  /** Objects added, or put in the place of those of the same name. */
  readonly objects?: readonly SeedObject[];
  /** `Kind/name` of what is not there. */
  readonly without?: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly prepare?: (cluster: FakeCluster) => unknown;
};

async function examine(options: Options = {}) {
  const { cluster: settings, objects = [], without = [], prepare, resolve, ...rest } = options;
  const seeds = new Map(
    [...healthyK3s(), ...objects].map((one) => [`${one.kind}/${one.metadata.name}`, one]),
  );
  for (const key of without) if (!seeds.delete(key)) throw new Error(`there is no ${key} to leave out`);
  const cluster = createFakeCluster([...seeds.values()], settings);
  await prepare?.(cluster);
  const { findings } = await diagnose(careDeps(cluster, rest), {
    cluster: undefined,
    resolve: resolve ?? (async () => ["192.0.2.10"]),
  });
  return { cluster, findings };
}

const bad = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level !== "ok").map(({ check, level }) => `${check} ${level}`);
const privateService = edit(samplePlatform(), "workspaces/acme/web-01.yaml", [
  "template_id: web\n",
  "template_id: web\nis_private_network: true\n",
]);

test("a healthy cluster: nothing to do, and nothing is written", async () => {
  const { cluster, findings } = await examine();
  expect(bad(findings)).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual([
    "definitions",
    "keys",
    "connection",
    "owner",
    "version",
    "clock",
    "rights",
    "helm-controller",
    "network-policies",
    "secrets-encryption",
    "addresses",
    "traefik",
    "ingress-class",
    "cert-manager",
    "issuer",
    "storage",
    "dns",
  ]);
  expect(cluster.writes()).toEqual([]);
});

test("every finding that is not ok says what to do", async () => {
  const { findings } = await examine({
    files: privateService,
    without: [
      "CustomResourceDefinition/helmcharts.helm.cattle.io",
      "CustomResourceDefinition/middlewares.traefik.io",
      "CustomResourceDefinition/certificates.cert-manager.io",
      "IngressClass/traefik",
      "StorageClass/local-path",
      "Node/n1",
      "Lease/n1",
      "Service/traefik",
    ],
    cluster: { mayI: () => false, paths: { "/version": { gitVersion: "v1.32.1+k3s1" } } },
    resolve: async () => [],
  });
  const wrong = findings.filter(({ level }) => level !== "ok");
  expect(wrong.length).toBeGreaterThanOrEqual(12);
  for (const { hint } of wrong) expect(hint).toMatch(/.{10}/);
});

describe("on this machine", () => {
  test("a mistake in the definitions does not stop the rest, save in platform.yaml", async () => {
    const files = append(samplePlatform(), "workspaces/acme/web-01.yaml", "chart_verison: 1\n");
    const { findings } = await examine({ files });
    expect(bad(findings)).toEqual(["definitions problem"]);
    expect(findings[0]?.message).toMatch(/^workspaces\/acme\/web-01.yaml:\d+/);
    const broken = await examine({ files: append(samplePlatform(), "platform.yaml", "domian: x\n") });
    expect(broken.findings.map(({ check, level }) => `${check} ${level}`)).toEqual(["definitions problem"]);
  });

  test("secrets that no key at hand opens", async () => {
    const files = {
      ...samplePlatform(),
      "workspaces/acme/db-01.yaml": await sealedService("acme/db-01"),
    };
    expect(bad((await examine({ files })).findings)).toEqual([]);
    const locked = await examine({ files, identities: () => [] });
    expect(bad(locked.findings)).toEqual(["keys problem"]);
    expect(locked.findings.find(({ check }) => check === "keys")?.message).toContain("acme/db-01");
    const torn = await examine({
      files,
      identities: () => {
        throw new OperationError("unreadable", "the age key file is not there");
      },
    });
    expect(bad(torn.findings)).toEqual(["keys problem"]);
  });

  test("a cluster that cannot be reached: that is all that is said of it", async () => {
    const { findings } = await examine({
      connect: async () => {
        throw new OperationError("unreachable", "the API server cannot be reached", { hint: "check it" });
      },
    });
    expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual([
      "definitions ok",
      "keys ok",
      "connection problem",
    ]);
  });
});

describe("in the cluster", () => {
  const object = (kind: string, name: string, rest: object): SeedObject => {
    const seed = healthyK3s().find((one) => one.kind === kind && one.metadata.name === name);
    if (seed === undefined) throw new Error(`no ${kind} ${name}`);
    return { ...seed, ...rest };
  };
  const serverArguments = (...args: readonly string[]): SeedObject =>
    object("Node", "n1", {
      metadata: { name: "n1", annotations: { "k3s.io/node-args": JSON.stringify(args) } },
    });
  /** The node at other addresses, with another range for its pods or none. */
  const nodeAt = (addresses: readonly string[], podCIDRs = ["10.42.0.0/24"]): SeedObject =>
    object("Node", "n1", {
      spec: { podCIDRs },
      status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
    });
  const version = (gitVersion: string): FakeClusterOptions => ({ paths: { "/version": { gitVersion } } });
  const helmChart = healthyK3s()[0]!;
  const withoutField = (field: string): SeedObject =>
    JSON.parse(
      JSON.stringify(helmChart).replace(`"${field}":{},`, "").replace(`,"${field}":{}`, ""),
    ) as SeedObject;

  test.each<[string, { given: Options; found: readonly string[]; says: RegExp }]>([
    [
      "another platform's cluster",
      {
        given: {
          objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } }],
          prepare: (cluster) =>
            writeClaim(cluster, {
              platform: "other",
              clusterUid: "uid-of-kube-system",
              records: "local",
              lastDeploymentId: 1,
              resourceVersion: undefined,
              uid: undefined,
            }),
        },
        found: ["owner problem"],
        says: /platform other/,
      },
    ],
    ["not K3s", { given: { cluster: version("v1.35.8") }, found: ["version problem"], says: /not K3s/ }],
    ["too old", { given: { cluster: version("v1.32.9+k3s1") }, found: ["version problem"], says: /v1.33.0/ }],
    [
      "older than definitions say, with fields it drops",
      { given: { cluster: version("v1.34.1+k3s1") }, found: ["version problem"], says: /v1.34.1\+k3s1/ },
    ],
    [
      "newer than definitions say",
      { given: { cluster: version("v1.36.4+k3s1") }, found: ["version warning"], says: /v1.36.4\+k3s1/ },
    ],
    [
      "a clock that is off",
      {
        given: { objects: [object("Lease", "n1", { spec: { renewTime: "2026-01-01T00:10:00Z" } })] },
        found: ["clock warning"],
        says: /10 min behind the nodes/,
      },
    ],
    [
      "no node that tells the time",
      { given: { without: ["Lease/n1"] }, found: ["clock warning"], says: /no node/ },
    ],
    [
      "rights that are missing",
      {
        given: {
          cluster: {
            mayI: ({ verb, resource }) => verb !== "*" && !(verb === "delete" && resource === "secrets"),
          },
        },
        found: ["rights problem"],
        says: /not allowed to delete secrets$/,
      },
    ],
    [
      "no helm-controller",
      {
        given: { without: ["CustomResourceDefinition/helmcharts.helm.cattle.io"] },
        found: ["helm-controller problem"],
        says: /HelmChart is not there/,
      },
    ],
    ...["valuesSecrets", "forceConflicts"].map(
      (field) =>
        [
          `a HelmChart without ${field}`,
          {
            given: { objects: [withoutField(field)] },
            found: ["helm-controller problem"],
            says: new RegExp(field),
          },
        ] as [string, { given: Options; found: readonly string[]; says: RegExp }],
    ),
    [
      "servers that say nothing of their arguments",
      {
        given: { without: ["Node/n1"] },
        found: ["network-policies warning", "secrets-encryption warning", "addresses warning"],
        says: /cannot be seen/,
      },
    ],
    [
      "a node with a public address that node_cidrs does not name",
      {
        given: { objects: [nodeAt(["192.0.2.1", "203.0.113.7", "2001:db8::7"])] },
        found: ["addresses problem"],
        says: /tenants reach nodes at 203\.0\.113\.7 \(n1\)/,
      },
    ],
    [
      "a node with a public address, and no node_cidrs at all",
      {
        given: {
          objects: [nodeAt(["192.168.1.1", "203.0.113.7"])],
          files: edit(samplePlatform(), "platform.yaml", ["    node_cidrs: [192.0.2.0/28]\n", ""]),
        },
        found: ["addresses problem"],
        says: /tenants reach nodes at 203\.0\.113\.7 \(n1\)/,
      },
    ],
    [
      "pods in another range than pod_cidr",
      {
        given: { objects: [nodeAt(["192.0.2.1"], ["10.52.1.0/24"])] },
        found: ["addresses problem"],
        says: /10\.52\.1\.0\/24, platform\.yaml says 10\.42\.0\.0\/16/,
      },
    ],
    [
      "Services in another range than service_cidr",
      {
        given: { objects: [object("Service", "kubernetes", { spec: { clusterIP: "10.53.0.1" } })] },
        found: ["addresses problem"],
        says: /10\.53\.0\.1, platform\.yaml says 10\.43\.0\.0\/16/,
      },
    ],
    [
      "nodes of another network plugin, which say nothing of their pods",
      {
        given: { objects: [nodeAt(["192.0.2.1"], [])] },
        found: ["addresses warning"],
        says: /where its pods are/,
      },
    ],
    [
      "secrets in clear",
      {
        given: { objects: [serverArguments("server")] },
        found: ["secrets-encryption problem"],
        says: /in clear/,
      },
    ],
    [
      "secrets in clear, said outright",
      {
        given: { objects: [serverArguments("server", "--secrets-encryption", "false")] },
        found: ["secrets-encryption problem"],
        says: /in clear/,
      },
    ],
    [
      "no network policies, no helm-controller, no Traefik",
      {
        given: {
          objects: [
            serverArguments(
              "server",
              "--secrets-encryption",
              "--disable-network-policy",
              "--disable-helm-controller=true",
              "--disable=servicelb,traefik",
            ),
          ],
        },
        found: ["network-policies problem", "helm-controller problem", "traefik warning"],
        says: /disable/,
      },
    ],
    [
      "no Traefik, and nobody needs its kinds",
      {
        given: { without: ["CustomResourceDefinition/middlewares.traefik.io"] },
        found: ["traefik warning"],
        says: /Middleware/,
      },
    ],
    [
      "no Traefik, and a private service",
      {
        given: { files: privateService, without: ["CustomResourceDefinition/middlewares.traefik.io"] },
        found: ["traefik problem"],
        says: /private services need it/,
      },
    ],
    [
      "no class for Ingresses",
      {
        given: { without: ["IngressClass/traefik"] },
        found: ["ingress-class problem"],
        says: /IngressClass/,
      },
    ],
    [
      "a private service behind nodes' addresses",
      {
        given: {
          files: privateService,
          objects: [object("Service", "traefik", { spec: { externalTrafficPolicy: "Cluster" } })],
        },
        found: ["client-addresses problem"],
        says: /externalTrafficPolicy Cluster/,
      },
    ],
    [
      "no cert-manager",
      {
        given: { without: ["CustomResourceDefinition/certificates.cert-manager.io"] },
        found: ["cert-manager problem"],
        says: /not installed/,
      },
    ],
    [
      "no issuer",
      {
        given: { without: ["ClusterIssuer/letsencrypt-staging"] },
        found: ["issuer problem"],
        says: /letsencrypt-staging/,
      },
    ],
    [
      "an issuer that is not ready",
      {
        given: {
          objects: [
            object("ClusterIssuer", "letsencrypt-staging", {
              status: { conditions: [{ type: "Ready", status: "False", message: "account is unknown" }] },
            }),
          ],
        },
        found: ["issuer problem"],
        says: /account is unknown/,
      },
    ],
    [
      "an issuer whose solvers open a port on every node",
      {
        given: {
          objects: [
            object("ClusterIssuer", "letsencrypt-staging", {
              spec: { acme: { solvers: [{ http01: { ingress: { ingressClassName: "traefik" } } }] } },
            }),
          ],
        },
        found: ["issuer problem"],
        says: /NodePort/,
      },
    ],
    [
      "an issuer whose solvers the admission policies refuse",
      {
        given: {
          objects: [
            object("ClusterIssuer", "letsencrypt-staging", {
              spec: {
                acme: {
                  solvers: [{ http01: { ingress: { ingressClassName: "nginx", serviceType: "ClusterIP" } } }],
                },
              },
            }),
          ],
        },
        found: ["issuer problem"],
        says: /class nginx/,
      },
    ],
    [
      "an issuer nobody trusts",
      {
        given: {
          objects: [
            object("ClusterIssuer", "letsencrypt-staging", {
              spec: { acme: { server: "https://acme-staging-v02.api.letsencrypt.org/directory" } },
            }),
          ],
        },
        found: ["issuer warning"],
        says: /do not trust/,
      },
    ],
    [
      "no default class of volumes",
      { given: { without: ["StorageClass/local-path"] }, found: ["storage problem"], says: /default/ },
    ],
    [
      "two default classes of volumes",
      {
        given: {
          objects: [
            object("StorageClass", "local-path", {
              metadata: {
                name: "other",
                annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
              },
            }),
          ],
        },
        found: ["storage warning"],
        says: /local-path, other/,
      },
    ],
    [
      "a host without an address",
      { given: { resolve: async () => [] }, found: ["dns problem"], says: /apps.example.com/ },
    ],
    [
      "a host that leads elsewhere",
      { given: { resolve: async () => ["198.51.100.7"] }, found: ["dns warning"], says: /198.51.100.7/ },
    ],
    [
      "no name server",
      {
        given: {
          resolve: async () => {
            throw new OperationError("unavailable", "nobody answers");
          },
        },
        found: ["dns warning"],
        says: /nobody answers/,
      },
    ],
    [
      "what we may not see",
      {
        given: {
          prepare: (cluster) =>
            cluster.beforeRequest(({ verb, kind }) => {
              if (verb === "list" && kind === "StorageClass")
                throw new OperationError("forbidden", "not allowed to list storageclasses");
            }),
        },
        found: ["storage warning"],
        says: /cannot be seen from here.*storageclasses/,
      },
    ],
  ])("%s", async (_, { given, found, says }) => {
    const { findings } = await examine(given);
    expect(bad(findings).sort()).toEqual([...found].sort());
    for (const { level, message } of findings) if (level !== "ok") expect(message).toMatch(says);
  });
});

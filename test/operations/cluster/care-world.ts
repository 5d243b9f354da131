import type { ClusterClient } from "../../../src/cluster/cluster-client.ts";
import type { ClusterDeps } from "../../../src/operations/cluster/cluster-deps.ts";
import { identity, tools } from "../../secrets/fixtures.ts";
import { samplePlatform } from "../../support/builders.ts";
import type { SeedObject } from "../../support/fake-cluster.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import type { ManualClock } from "../../support/manual-clock.ts";
import { memoryTree } from "../../support/memory-tree.ts";

/** Deps of an operation that looks at a cluster and writes no file. */
export function careDeps(
  client: ClusterClient,
  more: Partial<ClusterDeps> & { readonly files?: Readonly<Record<string, string>> } = {},
): ClusterDeps & { readonly clock: ManualClock } {
  const never = () => {
    throw new Error("this needs no file, no history and no git");
  };
  const { files = samplePlatform(), ...rest } = more;
  return {
    readTree: () => memoryTree(files),
    writer: { create: never, replace: never, remove: never },
    identities: () => [identity],
    connect: async () => client,
    openRevisions: never,
    memory: { recall: () => undefined, remember: never },
    readGit: never,
    readCommitted: never,
    randomBytes: tools.randomBytes,
    actor: "ada@desk",
    processName: "test",
    signal: new AbortController().signal,
    progress: () => undefined,
    ...rest,
    clock: createManualClock(),
  };
}

const crd = (name: string, fields: readonly string[] = []): SeedObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name },
  spec: {
    versions: [
      {
        name: "v1",
        schema: {
          openAPIV3Schema: {
            properties: { spec: { properties: Object.fromEntries(fields.map((field) => [field, {}])) } },
          },
        },
      },
    ],
  },
});

/** A K3s on which nothing is missing for the sample platform. */
export function healthyK3s(): readonly SeedObject[] {
  const chartFields = [
    "chart",
    "repo",
    "version",
    "chartContent",
    "targetNamespace",
    "failurePolicy",
    "backOffLimit",
    "timeout",
    "valuesContent",
    "valuesSecrets",
    "forceConflicts",
  ];
  return [
    crd("helmcharts.helm.cattle.io", chartFields),
    crd("helmchartconfigs.helm.cattle.io"),
    crd("middlewares.traefik.io"),
    crd("certificates.cert-manager.io"),
    crd("clusterissuers.cert-manager.io"),
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: "letsencrypt-staging" },
      spec: { acme: { server: "https://acme-v02.api.letsencrypt.org/directory" } },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    },
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "n1",
        annotations: { "k3s.io/node-args": '["server","--secrets-encryption","true","--tls-san","x"]' },
      },
      spec: { podCIDR: "10.42.0.0/24", podCIDRs: ["10.42.0.0/24"] },
      status: {
        addresses: [
          { type: "InternalIP", address: "192.0.2.1" },
          { type: "Hostname", address: "n1" },
        ],
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kubernetes", namespace: "default" },
      spec: { clusterIP: "10.43.0.1" },
    },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-node-lease" } },
    {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "n1", namespace: "kube-node-lease" },
      spec: { renewTime: "2026-01-01T00:00:05.000000Z" },
    },
    { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name: "traefik" } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "traefik", namespace: "kube-system" },
      spec: { externalTrafficPolicy: "Local" },
      status: { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } },
    },
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: "local-path",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "rancher.io/local-path",
    },
  ];
}

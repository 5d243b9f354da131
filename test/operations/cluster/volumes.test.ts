import { expect, test } from "vitest";
import { deleteKeptVolumes, listKeptVolumes } from "../../../src/operations/cluster/volumes.ts";
import { drain } from "../../apply/removal-world.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { SeedObject } from "../../support/fake-cluster.ts";
import { careDeps } from "./care-world.ts";

interface Scene {
  /** The claim the volume is bound to; undefined: it was released. */
  readonly boundTo?: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** Kept only as perhaps the service's. */
  readonly isUnclear?: boolean;
  /** True: reserved for the service's claim, which has not come. */
  readonly isReserved?: boolean;
  /** The service's HelmChart is there. */
  readonly isServed?: boolean;
  readonly more?: readonly SeedObject[];
}

const home = "paas-ws-acme";
const release = `${home}-db-01`;
const claim = { namespace: home, name: "data", uid: "kept-claim" };

function makeScene({ boundTo, isUnclear = false, isReserved = false, isServed = false, more = [] }: Scene) {
  const labels = { "paas.woowtech.com/platform": "test-platform", "paas.woowtech.com/workspace": "acme" };
  const { uid, ...named } = boundTo ?? claim;
  const seeds: SeedObject[] = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } },
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: {
        name: "pv",
        labels: { ...labels, ...(isUnclear ? {} : { "paas.woowtech.com/service": "db-01" }) },
        annotations: {
          "paas.woowtech.com/kept-since": "2026-01-01T00:00:00Z",
          "paas.woowtech.com/kept-claim": claim.uid,
          ...(isUnclear ? { "paas.woowtech.com/perhaps-of": "acme/db-01" } : {}),
        },
      },
      spec: { persistentVolumeReclaimPolicy: "Retain", claimRef: isReserved ? named : { ...named, uid } },
      status: { phase: isReserved ? "Available" : boundTo === undefined ? "Released" : "Bound" },
    },
    ...(boundTo === undefined ? [] : [claimSeed(boundTo, "pv")]),
    ...(isServed
      ? [
          {
            apiVersion: "helm.cattle.io/v1",
            kind: "HelmChart",
            metadata: { name: release, namespace: "paas-charts", labels },
          },
        ]
      : []),
    ...more,
  ];
  const cluster = createFakeCluster(seeds);
  return { cluster, deps: careDeps(cluster) };
}

function claimSeed({ namespace, name, uid }: typeof claim, volumeName: string): SeedObject {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace, name, uid },
    spec: { volumeName },
    status: { phase: "Bound" },
  };
}

const pod: SeedObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: home, name: "backup" },
  spec: { volumes: [{ persistentVolumeClaim: { claimName: claim.name } }] },
  status: { phase: "Running" },
};

const cases: readonly (readonly [string, Scene, string])[] = [
  ["released", {}, "kept"],
  ["bound to the claim that outlived its release", { boundTo: claim }, "kept"],
  ["that claim is mounted by a pod", { boundTo: claim, more: [pod] }, "in-use"],
  ["its service is there again", { boundTo: claim, isServed: true }, "in-use"],
  ["its service is there, and has not claimed it yet", { isReserved: true, isServed: true }, "reserved"],
  [
    "its service's claim took another volume",
    { isReserved: true, isServed: true, more: [claimSeed(claim, "pv-new")] },
    "kept",
  ],
  ["bound by hand to another tenant's claim", { boundTo: { ...claim, namespace: "paas-ws-b" } }, "foreign"],
  ["bound by hand to another claim of its tenant", { boundTo: { ...claim, uid: "by-hand" } }, "foreign"],
  ["held by a claim that may be somebody else's", { boundTo: claim, isUnclear: true }, "foreign"],
];

test.each(cases)("%s", async (_, scene, state) => {
  const { deps } = makeScene(scene);
  const { volumes } = await listKeptVolumes(deps, { cluster: undefined });
  expect(volumes.map((one) => [one.volume.name, one.state])).toEqual([["pv", state]]);
});

const deletable = new Set(["kept"]);

test.each(cases.filter(([, , state]) => !deletable.has(state)))(
  "%s: its deletion is refused before anything is written",
  async (_, scene) => {
    const { cluster, deps } = makeScene(scene);
    const run = deleteKeptVolumes(deps, {
      cluster: undefined,
      names: ["pv"],
      lock: { termMs: 15_000, waitMs: 0 },
      confirm: async () => {
        throw new Error("nobody is asked");
      },
    });
    await expect(drain(run)).rejects.toMatchObject({ code: "refused", subject: "pv" });
    expect(cluster.writes()).toEqual([]);
  },
);

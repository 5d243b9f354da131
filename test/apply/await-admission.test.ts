import { expect, test } from "vitest";
import { awaitAdmission, createAdmissionProof, writesPolicies } from "../../src/apply/await-admission.ts";
import { admissionProbeName } from "../../src/constructs/admission/admission-probe.ts";
import { refOf } from "../../src/cluster/object-ref.ts";
import { OperationError } from "../../src/errors.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import type { Change, UnitPlan } from "../../src/plan/change.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";

const digest = "0123456789abcdef";
const manifest = (kind: string, spec: object): Manifest => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  metadata: { name: admissionProbeName },
  spec,
});
const probe = [
  manifest("ValidatingAdmissionPolicy", {
    validations: [{ message: `the admission policies ${digest} are in force` }],
  }),
  manifest("ValidatingAdmissionPolicyBinding", {
    matchResources: {
      objectSelector: { matchLabels: { "paas.woowtech.com/admission-digest": digest } },
    },
  }),
];
const other: Manifest = {
  ...manifest("ValidatingAdmissionPolicyBinding", {}),
  metadata: { name: "woow-services" },
};

const workspace: UnitPlan = {
  ...planOf([{ apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-ws-a" } }]),
  address: "a",
  workspaceId: "a",
};

function planOf(written: readonly Manifest[]): UnitPlan {
  const changes = written.map(
    (desired): Change => ({ action: "create", ref: refOf(desired), desired }) as Change,
  );
  return { address: "platform", changes } as unknown as UnitPlan;
}

/** A cluster with paas-system, and a clock that runs as fast as it is asked. */
function world() {
  const client = createFakeCluster([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "paas-system" } },
  ]);
  let now = 0;
  const clock = {
    nowMs: () => now,
    monotonicMs: () => now,
    sleep: async (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  return { client, clock, signal: new AbortController().signal, elapsed: () => now };
}

test("it ends at once when the probe of today's digest is refused", async () => {
  const deps = world();
  for (const object of probe) await deps.client.apply(object);
  await awaitAdmission({ unit: planOf(probe), manifests: probe }, deps);
  expect(deps.elapsed()).toBe(0);
});

test("it asks until the API server has read what was written, and says so when it never does", async () => {
  const deps = world();
  const waiting = awaitAdmission({ unit: planOf(probe), manifests: probe }, deps);
  await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
  expect(deps.elapsed()).toBeGreaterThanOrEqual(30_000);
  expect(deps.client.objects("ConfigMap")).toEqual([]);
});

test("a policy put right beside an untouched probe: the probe is written anew, and stands as it should in the end", async () => {
  const deps = world();
  for (const object of probe) await deps.client.apply(object);
  const before = deps.client.writes().length;
  await awaitAdmission({ unit: planOf([other]), manifests: [...probe, other] }, deps);
  expect(
    deps.client
      .writes()
      .slice(before)
      .map(({ kind }) => kind),
  ).toEqual([
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]);
  for (const object of probe)
    expect(deps.client.object(refOf(object))?.["spec"]).toEqual(object["spec" as keyof Manifest]);
});

test("a unit that writes no policy does not wait for any", () => {
  expect(writesPolicies(planOf(probe))).toBe(true);
  expect(writesPolicies({ ...planOf([]), changes: [] })).toBe(false);
});

test("before the first tenant of a run it asks once, of the policies that stand in the cluster", async () => {
  const deps = world();
  for (const object of probe) await deps.client.apply(object);
  const before = deps.client.requests.length;
  const proof = createAdmissionProof(deps);
  // the platform unit was as it should be, whoever wrote it
  await proof.afterUnit({ ...planOf([]), changes: [] }, probe);
  await Promise.all([proof.beforeUnit(workspace), proof.beforeUnit(workspace)]);
  const asked = deps.client.requests.slice(before);
  expect(asked.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
    "get ValidatingAdmissionPolicy",
    "get ValidatingAdmissionPolicyBinding",
    "create ConfigMap",
  ]);
  expect(deps.client.objects("ConfigMap")).toEqual([]);
});

test("policies that stand there and that the API server does not act on: no tenant is made", async () => {
  const deps = world();
  for (const object of probe) await deps.client.apply(object);
  deps.client.beforeRequest(({ kind, verb }) => {
    // the refusal of another digest
    if (kind === "ConfigMap" && verb === "create")
      throw new OperationError("forbidden", `${other.metadata.name}, ${admissionProbeName}`);
  });
  const waiting = createAdmissionProof(deps).beforeUnit(workspace);
  await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
  expect(deps.elapsed()).toBeGreaterThanOrEqual(30_000);
});

test("without policies in the cluster no tenant is made, and it says so", async () => {
  const waiting = createAdmissionProof(world()).beforeUnit(workspace);
  await expect(waiting).rejects.toMatchObject({ code: "refused" });
});

test("a run that wrote and proved policies does not ask again, and an ordinary change never asks", async () => {
  const deps = world();
  for (const object of probe) await deps.client.apply(object);
  const proof = createAdmissionProof(deps);
  await proof.afterUnit(planOf(probe), probe);
  const before = deps.client.requests.length;
  await proof.beforeUnit(workspace);
  const ordinary = workspace.changes.map((change) => ({ ...change, action: "update" }) as Change);
  await createAdmissionProof(deps).beforeUnit({ ...workspace, changes: ordinary });
  expect(deps.client.requests.length).toBe(before);
});

import { expect, test } from "vitest";
import { awaitAdmission, writesPolicies } from "../../src/apply/await-admission.ts";
import { admissionProbeName } from "../../src/constructs/admission/admission-probe.ts";
import { refOf } from "../../src/cluster/object-ref.ts";
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

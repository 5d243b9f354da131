import { expect, test } from "vitest";
import { refOf } from "../../../src/cluster/object-ref.ts";
import { admissionProbeName } from "../../../src/constructs/admission/admission-probe.ts";
import { OperationError } from "../../../src/errors.ts";
import { applyPlatform } from "../../../src/operations/cluster/apply.ts";
import { everything } from "../../../src/operations/select-units.ts";
import { noDecisions } from "../../../src/plan/plan-decisions.ts";
import type { Revision } from "../../../src/record/revision.ts";
import { samplePlatform } from "../../support/builders.ts";
import { createFakeCluster } from "../../support/fake-cluster.ts";
import type { FakeCluster, FakeRequest } from "../../support/fake-cluster.ts";
import { careDeps } from "./care-world.ts";

async function apply(cluster: FakeCluster, files: Readonly<Record<string, string>>): Promise<void> {
  const deps = careDeps(cluster, {
    files,
    readGit: async () => ({ commit: undefined, changedFiles: [], absentFiles: [] }),
    memory: { recall: () => undefined, remember: () => undefined },
    openRevisions: () => ({
      kind: "local",
      begin: async (drafts) => drafts.map((draft): Revision => ({ ...draft, number: 1, end: undefined })),
      finish: async () => undefined,
      list: async () => [],
    }),
  });
  const run = applyPlatform(deps, {
    selection: everything,
    cluster: undefined,
    decisions: noDecisions,
    command: "apply",
    removal: { mode: "keep-data" },
    wait: undefined,
    lock: { waitMs: 0, termMs: 15_000 },
    confirm: async () => "unseen",
  });
  for await (const _event of run);
}

const isProbe = ({ verb, kind, name }: FakeRequest) =>
  verb === "create" && kind === "ConfigMap" && name === admissionProbeName;
const isTenant = ({ verb, kind, name, dryRun }: FakeRequest) =>
  verb === "apply" && kind === "Namespace" && !dryRun && name?.startsWith("paas-ws-") === true;

test("a run that died between writing the policies and their proof: the next proves them before it makes a tenant", async () => {
  const cluster = createFakeCluster();
  let isDead = false;
  cluster.beforeRequest((request) => {
    isDead ||= isProbe(request);
    if (isDead) throw new OperationError("unreachable", "the process is dead");
  });
  await apply(cluster, samplePlatform()).catch(() => undefined);
  cluster.beforeRequest(undefined);
  expect(cluster.objects("ValidatingAdmissionPolicyBinding").map(({ metadata }) => metadata.name)).toContain(
    admissionProbeName,
  );
  expect(cluster.writes().some(isTenant)).toBe(false);
  // a dead process gives nothing back
  for (const lease of cluster.objects("Lease")) cluster.remove(refOf(lease));

  const mark = cluster.requests.length;
  await apply(cluster, samplePlatform());
  const requests = cluster.requests.slice(mark);
  const written = requests.filter(
    ({ kind, verb, dryRun }) => !dryRun && kind?.startsWith("ValidatingAdmission") && verb === "apply",
  );
  expect(written).toEqual([]);
  expect(requests.filter(isProbe)).toHaveLength(1);
  expect(requests.findIndex(isProbe)).toBeLessThan(requests.findIndex(isTenant));
  expect(requests.some(isTenant)).toBe(true);

  const settled = cluster.requests.length;
  await apply(cluster, samplePlatform());
  expect(cluster.requests.slice(settled).filter(isProbe)).toEqual([]);
});

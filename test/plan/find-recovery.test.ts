import { describe, expect, test } from "vitest";
import type { LiveObject } from "../../src/cluster/live-object.ts";
import { findRecovery } from "../../src/plan/service/find-recovery.ts";

const hash = "a".repeat(63);

function live(kind: string, name: string, rest: object = {}): LiveObject {
  return {
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: "ns", uid: name, resourceVersion: "1" },
    ...rest,
  };
}

function job(condition?: "Complete" | "Failed", { suspended = false } = {}): LiveObject {
  return live("Job", "helm-install-x", {
    spec: {
      suspend: suspended,
      template: {
        metadata: { annotations: { "helmcharts.helm.cattle.io/configHash": `SHA256=${hash}bbbb` } },
      },
    },
    status: { conditions: condition === undefined ? [] : [{ type: condition, status: "True" }] },
  });
}

function release(version: string, status: string, configHash: string | undefined = hash): LiveObject {
  const object = live("Secret", `sh.helm.release.v1.x.v${version}`);
  const labels = {
    owner: "helm",
    name: "x",
    status,
    version,
    ...(configHash === undefined ? {} : { "helmcharts.helm.cattle.io/configHash": configHash }),
  };
  return { ...object, metadata: { ...object.metadata, labels } };
}

function recover(jobs: readonly LiveObject[], releases: readonly LiveObject[]): string {
  const found = findRecovery({
    releaseName: "x",
    namespace: "ns",
    chart: live("HelmChart", "x"),
    jobs,
    releases,
  });
  if (found?.type !== "drop-release-record") return found?.type ?? "nothing";
  return `drop ${found.release.metadata.name}`;
}

describe("what keeps a release from going on", () => {
  test.each([
    ["running well", [job("Complete")], [release("1", "deployed")], "nothing"],
    ["not begun", [], [], "nothing"],
    ["installing", [job()], [], "nothing"],
    [
      "waiting to be resumed",
      [job(undefined, { suspended: true })],
      [release("1", "deployed", "other")],
      "nothing",
    ],
    ["upgrading", [job()], [release("1", "deployed"), release("2", "pending-upgrade")], "nothing"],
    ["a chart that cannot be fetched", [job("Failed")], [release("1", "deployed")], "rerun-job"],
    ["never installed", [job("Failed")], [], "rerun-job"],
    ["a failed first install", [job("Failed")], [release("1", "failed")], "drop sh.helm.release.v1.x.v1"],
    [
      "a failed upgrade",
      [job("Failed")],
      [release("9", "deployed"), release("10", "failed")],
      "drop sh.helm.release.v1.x.v10",
    ],
    [
      "a failed upgrade, its job still trying in vain",
      [job()],
      [release("1", "deployed"), release("2", "failed")],
      "drop sh.helm.release.v1.x.v2",
    ],
    [
      "an old failure, made good since",
      [job("Complete")],
      [release("1", "failed"), release("2", "deployed")],
      "nothing",
    ],
    [
      "Helm killed while it installed",
      [job("Failed")],
      [release("1", "pending-install")],
      "drop sh.helm.release.v1.x.v1",
    ],
    [
      "Helm killed while it upgraded",
      [job("Complete")],
      [release("1", "deployed"), release("2", "pending-upgrade")],
      "rerun-job",
    ],
    [
      "the one try after that in vain",
      [job("Failed")],
      [release("2", "pending-upgrade")],
      "drop sh.helm.release.v1.x.v2",
    ],
    ["the release gone", [job("Complete")], [], "rerun-job"],
    ["a rollback by hand", [job("Complete")], [release("3", "deployed", "other")], "rerun-job"],
    [
      "a controller that notes no hash",
      [job("Complete")],
      [release("1", "deployed", undefined as never)],
      "nothing",
    ],
    [
      "another's job and release",
      [live("Job", "helm-install-y")],
      [{ ...release("1", "failed"), metadata: { ...release("1", "failed").metadata, namespace: "other" } }],
      "nothing",
    ],
  ])("%s", (...[, jobs, releases, expected]) => {
    expect(recover(jobs, releases)).toBe(expected);
  });

  test("an installation that this run's own change interrupts is begun anew", () => {
    const input = {
      releaseName: "x",
      namespace: "ns",
      chart: live("HelmChart", "x"),
      jobs: [job()],
      releases: [release("1", "pending-install")],
    };
    expect(findRecovery(input)).toBeUndefined();
    expect(findRecovery({ ...input, willChange: true })?.type).toBe("drop-release-record");
  });

  test("a job that a killed run has stopped is run again; one that K3s just made is not touched", () => {
    const suspended = (generation: number) => {
      const one = job();
      return {
        ...one,
        metadata: { ...one.metadata, generation },
        spec: { ...(one["spec"] as object), suspend: true },
      };
    };
    const input = { releaseName: "x", namespace: "ns", chart: live("HelmChart", "x"), releases: [] };
    expect(findRecovery({ ...input, jobs: [suspended(1)] })).toBeUndefined();
    expect(findRecovery({ ...input, jobs: [suspended(3)] })?.type).toBe("rerun-job");
  });

  test("nothing is recovered of what is going, or not there", () => {
    const chart = live("HelmChart", "x");
    const going = { ...chart, metadata: { ...chart.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const input = {
      releaseName: "x",
      namespace: "ns",
      jobs: [job("Failed")],
      releases: [release("1", "failed")],
    };
    expect(findRecovery({ ...input, chart: going })).toBeUndefined();
    expect(findRecovery({ ...input, chart: undefined })).toBeUndefined();
    expect(findRecovery({ ...input, chart })).toMatchObject({
      type: "drop-release-record",
      job: { kind: "Job" },
    });
  });
});

test("what somebody deleted of a release is made again by its job, once no job is at work", () => {
  const missing = [{ apiVersion: "apps/v1", kind: "StatefulSet", namespace: "ns", name: "x" }];
  const find = (jobs: readonly LiveObject[], status = "deployed") =>
    findRecovery({
      releaseName: "x",
      namespace: "ns",
      chart: live("HelmChart", "x"),
      jobs,
      releases: [release("1", status)],
      missing,
    });
  const found = find([job("Complete")]);
  expect(found?.type).toBe("rerun-job");
  expect(found?.why).toContain("StatefulSet ns/x");
  expect(find([job()])).toBeUndefined();
  expect(find([])).toBeUndefined();
  expect(find([job("Failed")], "failed")?.type).toBe("drop-release-record");
});

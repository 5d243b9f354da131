import { describe, expect, test } from "vitest";
import type { RemovalMode, RemovalResult } from "../../src/apply/remove/removal.ts";
import { removeService } from "../../src/apply/remove/remove-service.ts";
import type { FakeRequest } from "../support/fake-cluster.ts";
import { boundClaim, drain, makeRemovalWorld, ofRelease, release } from "./removal-world.ts";
import type { RemovalWorld } from "./removal-world.ts";

async function remove(world: RemovalWorld, mode: RemovalMode): Promise<RemovalResult> {
  const { service, deps, objects } = world;
  const { result } = await drain(removeService({ ...service, mode, objects: objects() }, deps));
  return result;
}

const volume = (world: RemovalWorld, name: string) =>
  world.cluster.object({ apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name });

const policyOf = (world: RemovalWorld, name: string) =>
  (volume(world, name) as unknown as { spec: { persistentVolumeReclaimPolicy: string } } | undefined)?.spec
    .persistentVolumeReclaimPolicy;

const left = (world: RemovalWorld) =>
  world.cluster.names().filter((name) => !name.startsWith("PersistentVolume") && !name.includes("-2"));

const chartRef = {
  apiVersion: "helm.cattle.io/v1",
  kind: "HelmChart",
  namespace: "paas-charts",
  name: release,
};

const everything = ["HelmChart", "Secret", "Ingress", "StatefulSet", "Job"];
const remains = (world: RemovalWorld) =>
  left(world).filter((name) => everything.includes(name.split(" ")[0] ?? ""));

describe("keep-data", () => {
  test("keeps every volume of the service, and touches no other's", async () => {
    const world = makeRemovalWorld();
    const result = await remove(world, "keep-data");
    expect(result.outcome).toBe("removed");
    expect(result.kept.map(({ name }) => name).sort()).toEqual(["pv-chart", "pv-set"]);
    expect(remains(world)).toEqual([]);
    expect([...world.data].sort()).toEqual(["pv-chart", "pv-neighbour", "pv-set"]);
    expect(volume(world, "pv-set")?.metadata).toMatchObject({
      labels: { "paas.woowtech.com/unit": "a.db", "paas.woowtech.com/platform": "p" },
      annotations: { "paas.woowtech.com/kept-since": "2026-01-01T00:00:00Z" },
    });
    expect(policyOf(world, "pv-neighbour")).toBe("Delete");
    expect(volume(world, "pv-neighbour")?.metadata.labels).toBeUndefined();
  });

  test("every volume is Retain before the HelmChart is deleted", async () => {
    const world = makeRemovalWorld();
    const policies: (string | undefined)[] = [];
    world.cluster.beforeRequest(({ verb, kind }) => {
      if (verb === "delete" && kind === "HelmChart")
        policies.push(policyOf(world, "pv-chart"), policyOf(world, "pv-set"));
    });
    await remove(world, "keep-data");
    expect(policies).toEqual(["Retain", "Retain"]);
  });

  test("nothing is deleted when a volume does not stay Retain", async () => {
    const world = makeRemovalWorld();
    world.cluster.afterRequest(({ verb, name }) => {
      if (verb !== "patch" || name !== "pv-set") return;
      world.cluster.edit(
        { apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name },
        (object) => {
          (object["spec"] as { persistentVolumeReclaimPolicy: string }).persistentVolumeReclaimPolicy =
            "Delete";
        },
      );
    });
    await expect(remove(world, "keep-data")).rejects.toMatchObject({ code: "refused", subject: "a/db" });
    expect(world.cluster.writes().filter(({ verb }) => verb === "delete")).toEqual([]);
  });

  test("a claim that nothing proves to be another's is kept, and not called the service's", async () => {
    const world = makeRemovalWorld();
    world.cluster.edit(
      { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "paas-ws-a", name: "files" },
      (one) => {
        delete one.metadata["annotations"];
      },
    );
    await remove(world, "keep-data");
    expect(policyOf(world, "pv-chart")).toBe("Retain");
    expect(volume(world, "pv-chart")?.metadata.labels).toEqual({
      "paas.woowtech.com/platform": "p",
      "paas.woowtech.com/workspace": "a",
    });
    expect(volume(world, "pv-chart")?.metadata.annotations).toMatchObject({
      "paas.woowtech.com/perhaps-of": "a/db",
    });
  });
});

describe("delete-data", () => {
  test("leaves nothing of the service, and all of its neighbour", async () => {
    const world = makeRemovalWorld();
    const result = await remove(world, "delete-data");
    expect(result).toMatchObject({ outcome: "removed", kept: [] });
    expect([...world.data]).toEqual(["pv-neighbour"]);
    expect(remains(world)).toEqual([]);
    expect(world.cluster.names().filter((name) => name.includes("data-") || name.includes("files"))).toEqual([
      `PersistentVolumeClaim paas-ws-a/data-${release}-2-0`,
    ]);
  });

  test("what was kept before goes too, also when it is reserved", async () => {
    const world = makeRemovalWorld();
    await remove(world, "keep-data");
    world.cluster.edit(
      { apiVersion: "v1", kind: "PersistentVolume", namespace: undefined, name: "pv-chart" },
      (one) => {
        const { claimRef } = one["spec"] as { claimRef: { uid?: string } };
        delete claimRef.uid;
      },
    );
    world.tick();
    const result = await remove(world, "delete-data");
    expect(result.outcome).toBe("removed");
    expect([...world.data]).toEqual(["pv-neighbour"]);
  });

  test("a claim that may be another's is left alone and named", async () => {
    const world = makeRemovalWorld();
    world.cluster.edit(
      { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "paas-ws-a", name: "files" },
      (one) => {
        delete one.metadata["annotations"];
      },
    );
    const result = await remove(world, "delete-data");
    expect(world.data).toContain("pv-chart");
    expect(result.message).toContain("files");
  });
});

test("data that a pod still mounts is not deleted, and the run after its end goes on", async () => {
  const world = makeRemovalWorld();
  const pod = { apiVersion: "v1", kind: "Pod", namespace: "paas-ws-a", name: "backup" };
  world.cluster.put({
    ...pod,
    metadata: { name: pod.name, namespace: pod.namespace },
    spec: { volumes: [{ persistentVolumeClaim: { claimName: `data-${release}-0` } }] },
    status: { phase: "Running" },
  });
  const result = await remove(world, "delete-data");
  expect(result).toMatchObject({ outcome: "failed" });
  expect(result.message).toContain("backup");
  expect(world.data).toContain("pv-set");
  expect(
    world.cluster.writes().filter(({ verb, kind }) => verb === "delete" && kind === "PersistentVolumeClaim"),
  ).toEqual([]);
  world.cluster.remove(pod);
  expect(await remove(world, "delete-data")).toMatchObject({ outcome: "removed" });
  expect([...world.data]).toEqual(["pv-neighbour"]);
});

describe("a release that survives its HelmChart", () => {
  test("is uninstalled again, and nothing is ever installed", async () => {
    const world = makeRemovalWorld();
    world.faults.uninstall = "skipped";
    const result = await remove(world, "keep-data");
    expect(result.outcome).toBe("removed");
    expect(remains(world)).toEqual([]);
    expect(world.installs.count).toBe(0);
  });

  test("is an error that names it when it does not go; the rest of the service stays known", async () => {
    const world = makeRemovalWorld();
    world.faults.uninstall = "fails";
    const result = await remove(world, "keep-data");
    expect(result).toMatchObject({ outcome: "failed" });
    expect(result.message).toContain(`sh.helm.release.v1.${release}.v1`);
    expect(remains(world)).toContain(`Secret paas-charts/${release}-values`);
    expect(policyOf(world, "pv-set")).toBe("Retain");
  });
});

test("a controller that does not run is named within 30 s, and the run after it works goes on", async () => {
  const world = makeRemovalWorld();
  world.faults.controller = "stopped";
  const { service, deps, objects } = world;
  const started = deps.clock.monotonicMs();
  const told: number[] = [];
  const steps = removeService({ ...service, mode: "keep-data", objects: objects() }, deps);
  for (;;) {
    const next = await steps.next();
    if (next.done === true) {
      expect(next.value).toMatchObject({ outcome: "failed" });
      expect(next.value.message).toContain("helm-controller");
      break;
    }
    if (next.value.type === "step" && next.value.message.includes("does not seem to run"))
      told.push(deps.clock.monotonicMs() - started);
  }
  expect(told).toHaveLength(1);
  expect(told[0]).toBeLessThanOrEqual(30_000);
  world.faults.controller = "runs";
  expect(await remove(world, "keep-data")).toMatchObject({ outcome: "removed" });
});

test("a HelmChart that somebody made anew, or changed, is not deleted", async () => {
  const world = makeRemovalWorld();
  const { service, deps } = world;
  const planned = world.objects();
  const ref = { apiVersion: "helm.cattle.io/v1", kind: "HelmChart", namespace: "paas-charts", name: release };
  world.cluster.edit(ref, (one) => {
    one["spec"] = { chart: "other", targetNamespace: "paas-ws-a" };
  });
  const removal = { ...service, mode: "keep-data" as const, objects: planned };
  await expect(drain(removeService(removal, deps))).rejects.toMatchObject({ code: "changed-meanwhile" });
  world.cluster.remove(ref);
  world.cluster.put({ ...ref, metadata: { name: release, namespace: "paas-charts" }, spec: { chart: "db" } });
  await expect(drain(removeService(removal, deps))).rejects.toMatchObject({ code: "changed-meanwhile" });
  expect(world.cluster.object(ref)).toBeDefined();
});

const installJob = {
  apiVersion: "batch/v1",
  kind: "Job",
  namespace: "paas-charts",
  name: `helm-install-${release}`,
};

/** An installation at work, whose claims come to be while it is waited for. */
function startInstall(world: RemovalWorld): void {
  world.cluster.put({
    ...installJob,
    metadata: { name: installJob.name, namespace: installJob.namespace, uid: "job-1" },
    spec: { suspend: false },
    status: { active: 1 },
  });
  let polls = 0;
  world.cluster.beforeRequest(({ verb, kind }) => {
    if (verb !== "get" || kind !== "Job" || ++polls !== 3) return;
    for (const seed of boundClaim("late", "pv-late", ofRelease(release))) world.cluster.put(seed);
    world.data.add("pv-late");
    world.cluster.edit(installJob, (job) => {
      job["status"] = { conditions: [{ type: "Complete", status: "True" }] };
    });
  });
}

describe("beside a running installation", () => {
  test("a volume that it makes at the last moment is kept", async () => {
    const world = makeRemovalWorld();
    startInstall(world);
    const result = await remove(world, "keep-data");
    expect(result.outcome).toBe("removed");
    expect(result.kept.map(({ name }) => name).sort()).toEqual(["pv-chart", "pv-late", "pv-set"]);
    expect(world.data).toContain("pv-late");
    expect(policyOf(world, "pv-late")).toBe("Retain");
  });

  test("with delete-data it goes like the others", async () => {
    const world = makeRemovalWorld();
    startInstall(world);
    const result = await remove(world, "delete-data");
    expect(result).toMatchObject({ outcome: "removed", message: undefined });
    expect([...world.data]).toEqual(["pv-neighbour"]);
  });

  test("a job that starts anew while volumes are looked at is waited for again", async () => {
    const world = makeRemovalWorld();
    let isStarted = false;
    world.cluster.beforeRequest(({ verb, kind }) => {
      if (verb !== "list" || kind !== "PersistentVolume" || isStarted) return;
      isStarted = true;
      startInstall(world);
    });
    const result = await remove(world, "keep-data");
    expect(result.kept.map(({ name }) => name)).toContain("pv-late");
    expect(world.data).toContain("pv-late");
  });

  test("a claim that gets its volume while the release goes is kept", async () => {
    const world = makeRemovalWorld();
    const [claim, late] = boundClaim("late", "pv-late", ofRelease(release));
    if (claim === undefined || late === undefined) throw new Error("no claim");
    world.cluster.put({ ...claim, spec: {}, status: { phase: "Pending" } });
    let looks = 0;
    world.cluster.beforeRequest(({ verb, kind }) => {
      const chart = world.cluster.object(chartRef);
      if (verb !== "get" || kind !== "HelmChart" || chart?.metadata.deletionTimestamp === undefined) return;
      if (++looks !== 1) return;
      world.cluster.edit(
        { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "paas-ws-a", name: "late" },
        (one) => {
          one["spec"] = { volumeName: "pv-late" };
          one["status"] = { phase: "Bound" };
        },
      );
      world.cluster.put(late);
      world.data.add("pv-late");
    });
    const result = await remove(world, "keep-data");
    expect(world.data).toContain("pv-late");
    expect(result.kept.map(({ name }) => name)).toContain("pv-late");
  });
});

const killed = new Error("killed");

/** Runs until the n-th request, dies before or after it, and runs again as a new process would. */
async function dieAt(
  world: RemovalWorld,
  { mode, number, side }: { mode: RemovalMode; number: number; side: "before" | "after" },
): Promise<{ died: boolean; result: RemovalResult }> {
  const hook = (_: FakeRequest, n: number) => {
    if (n >= number) throw killed;
  };
  if (side === "before") world.cluster.beforeRequest(hook);
  else world.cluster.afterRequest(hook);
  try {
    return { died: false, result: await remove(world, mode) };
  } catch (error) {
    if (error !== killed) throw error;
  } finally {
    world.cluster.beforeRequest(undefined);
    world.cluster.afterRequest(undefined);
  }
  for (let ticks = 0; ticks < number % 4; ticks++) world.tick();
  return { died: true, result: await remove(world, mode) };
}

describe.each(["keep-data", "delete-data"] as const)("killed at any request of %s", (mode) => {
  test.each(["works", "skipped"] as const)(
    "an uninstall that %s: the next run converges",
    async (uninstall) => {
      for (const side of ["before", "after"] as const) {
        for (let number = 1, died = true; died; number++) {
          const world = makeRemovalWorld();
          world.faults.uninstall = uninstall;
          const run = await dieAt(world, { mode, number, side });
          ({ died } = run);
          const place = `${side} request ${number}`;
          expect(run.result.outcome, place).toBe("removed");
          expect(remains(world), place).toEqual([]);
          expect(world.installs.count, place).toBe(0);
          const data = mode === "keep-data" ? ["pv-chart", "pv-neighbour", "pv-set"] : ["pv-neighbour"];
          expect([...world.data].sort(), place).toEqual(data);
          expect(number).toBeLessThan(500);
        }
      }
    },
  );
});

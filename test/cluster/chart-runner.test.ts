import { beforeAll, describe, expect, test } from "vitest";
import { decodeRelease, encodeRelease } from "./helm-release.ts";
import { applyChart, collections, createNamespace, list, mustRequest, newestRelease } from "./on-cluster.ts";
import type { ChartRun } from "./test-cluster.ts";
import { useCluster } from "./use-cluster.ts";
import { waitUntil } from "./wait-until.ts";

const cluster = useCluster();
const namespace = "paas-charts";
const target = "tenant";

beforeAll(async () => {
  await createNamespace(cluster(), namespace);
  await createNamespace(cluster(), target);
});

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state: Record<string, { readonly reason?: string; readonly message?: string } | undefined>;
      readonly lastState: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
    }[];
  };
}

interface Job {
  readonly status: {
    readonly active?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const release = (name: string) => newestRelease(cluster(), { namespace: target, name });
const runsOf = (chart: string): ChartRun[] => cluster().runner.runs.filter((run) => run.chart === chart);
/**
 * Waits until one of the chart's runs has said it: the last one may have been ended with its pod before it said
 * anything, and a release is stored a moment before its run ends.
 */
const untilSaid = async (chart: string, words: RegExp): Promise<unknown> =>
  waitUntil(`${chart} says ${words}`, () =>
    Promise.resolve(runsOf(chart).some(({ log }) => words.test(log))),
  );

async function apply(name: string, more: Partial<Parameters<typeof applyChart>[1]> = {}): Promise<void> {
  await applyChart(cluster(), { name, namespace, target, ...more });
}

async function untilRelease(name: string, wanted: { version: number; status: string }): Promise<void> {
  await waitUntil(`${name} ${wanted.version} ${wanted.status}`, async () => {
    const newest = await release(name);
    return newest?.version === wanted.version && newest.status === wanted.status;
  });
}

async function jobHas(name: string, condition: string): Promise<boolean> {
  const path = `${collections.jobs(namespace)}/${name}`;
  const { status, body } = await cluster().request({ method: "GET", path });
  const conditions = status === 200 ? ((body as Job).status.conditions ?? []) : [];
  return conditions.some((one) => one.type === condition && one.status === "True");
}

const untilJob = (name: string, condition: string) =>
  waitUntil(`${name} is ${condition}`, () => jobHas(name, condition));

async function untilRuns(chart: string, count: number): Promise<void> {
  await waitUntil(`${count} runs of ${chart}`, () => Promise.resolve(runsOf(chart).length >= count));
}

async function chartPod(chart: string): Promise<Pod | undefined> {
  const selector = encodeURIComponent(`helmcharts.helm.cattle.io/chart=${chart}`);
  return (await list<Pod>(cluster(), `${collections.pods(namespace)}?labelSelector=${selector}`))[0];
}

async function podOf(app: string): Promise<Pod | undefined> {
  const selector = encodeURIComponent(`app=${app}`);
  return (await list<Pod>(cluster(), `${collections.pods(target)}?labelSelector=${selector}`))[0];
}

async function readyEndpoints(service: string): Promise<number> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const slices = await list<{ endpoints?: { conditions: { ready?: boolean } }[] | null }>(
    cluster(),
    `${collections.slices(target)}?labelSelector=${selector}`,
  );
  return slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions.ready)
    .length;
}

async function deleteChart(name: string): Promise<void> {
  await mustRequest(cluster(), { method: "DELETE", path: `${collections.charts(namespace)}/${name}` });
}

async function chartIsGone(name: string): Promise<boolean> {
  const path = `${collections.charts(namespace)}/${name}`;
  return (await cluster().request({ method: "GET", path })).status === 404;
}

describe("a chart", () => {
  test("becomes a release with the hash of its spec, pods and endpoints; an upgrade a second one; then it goes", async () => {
    await apply("shop", { values: "{message: made-up-words, password: made-up-password-1}" });
    await untilJob("helm-install-shop", "Complete");
    const job = await mustRequest<{
      spec: { template: { metadata: { annotations: Record<string, string> } } };
    }>(cluster(), { method: "GET", path: `${collections.jobs(namespace)}/helm-install-shop` });
    const hash = job.spec.template.metadata.annotations["helmcharts.helm.cattle.io/configHash"] ?? "";
    expect(hash).toMatch(/^SHA256=[0-9A-F]{64}$/);
    expect(await release("shop")).toEqual({
      version: 1,
      status: "deployed",
      configHash: hash.slice("SHA256=".length).slice(0, 63),
    });
    await waitUntil("endpoints", async () => (await readyEndpoints("shop")) === 1);

    await apply("shop", { version: "1.1.0", values: "{message: other-words}" });
    await untilRelease("shop", { version: 2, status: "deployed" });
    await untilRuns("shop", 2);
    expect(runsOf("shop").map(({ action, exitCode }) => ({ action, exitCode }))).toEqual([
      { action: "install", exitCode: 0 },
      { action: "install", exitCode: 0 },
    ]);
    await untilSaid("shop", /^\+ helm upgrade .*shop\/web/m);
    expect(
      runsOf("shop")
        .map(({ log }) => log)
        .join(""),
    ).not.toMatch(/made-up/);

    await deleteChart("shop");
    await waitUntil("the HelmChart has gone", () => chartIsGone("shop"));
    expect(await release("shop")).toBeUndefined();
    expect(runsOf("shop").at(-1)).toMatchObject({ action: "delete", exitCode: 0 });
  });

  test("is installed by the ServiceAccount of its job", async () => {
    const mark = await cluster().auditMark();
    await apply("who");
    await untilRelease("who", { version: 1, status: "deployed" });
    const user = "system:serviceaccount:paas-charts:helm-who";
    const events = await cluster().auditSince(mark, { user });
    expect(events.filter(({ resource, verb }) => resource === "secrets" && verb === "create")).toHaveLength(
      1,
    );
    expect(events.some(({ resource }) => resource === "deployments")).toBe(true);
  });

  test("takes its values from a Secret, waits for one that is missing, and says so", async () => {
    const secret = { name: "late-values", keys: ["values.yaml"] };
    await apply("late", { spec: { valuesSecrets: [secret] } });
    await waitUntil("the event", async () => {
      const events = await list<{ reason: string; message: string }>(
        cluster(),
        collections.events(namespace),
      );
      return events.find(
        ({ reason, message }) => reason === "FailedMount" && message.includes("late-values"),
      );
    });
    expect((await chartPod("late"))?.status.phase).toBe("Pending");
    await mustRequest(cluster(), {
      method: "POST",
      path: collections.secrets(namespace),
      body: { metadata: { name: "late-values" }, stringData: { "values.yaml": "replicas: 3" } },
    });
    await untilRelease("late", { version: 1, status: "deployed" });
    await waitUntil("three endpoints", async () => (await readyEndpoints("late")) === 3);
  });
});

describe("when the job cannot do its work", () => {
  test("a version that is not there: it restarts until the Job has failed, no release, the reason in its log", async () => {
    await apply("lost", { version: "9.9.9" });
    await waitUntil(
      "a restart",
      async () => ((await chartPod("lost"))?.status.containerStatuses?.[0]?.restartCount ?? 0) > 0,
    );
    const pod = await chartPod("lost");
    const path = `${collections.pods(namespace)}/${pod?.metadata.name}/log?previous=true`;
    const previous = await cluster().request({ method: "GET", path });
    if (previous.status === 200) expect(previous.body).toMatch(/chart "web" matching 9\.9\.9 not found/);
    await untilJob("helm-install-lost", "Failed");
    await untilSaid("lost", /chart "web" matching 9\.9\.9 not found/);
    expect(await release("lost")).toBeUndefined();
    expect(runsOf("lost").length).toBeGreaterThan(1);
    const chart = await mustRequest<{ status: { conditions: { type: string; status: string }[] } }>(
      cluster(),
      {
        method: "GET",
        path: `${collections.charts(namespace)}/lost`,
      },
    );
    await waitUntil("the condition", () =>
      Promise.resolve(chart.status.conditions.some(({ type }) => type === "Failed")),
    );
  });

  test("values the chart's schema refuses: no release is recorded", async () => {
    await apply("wrong", { values: "{replicas: many}" });
    await untilJob("helm-install-wrong", "Failed");
    await untilSaid("wrong", /values don't meet the specifications/);
    expect(await release("wrong")).toBeUndefined();
  });

  test("the repository is down, and up again", async () => {
    await cluster().runner.chartsDown();
    await apply("offline", { spec: { backOffLimit: 20 } });
    await untilRuns("offline", 2);
    await untilSaid("offline", /connection refused/);
    await cluster().runner.chartsUp();
    await untilRelease("offline", { version: 1, status: "deployed" });
  });

  test("it fails as often as told, with those words, and then does its work", async () => {
    cluster().runner.failNext("shaky", { times: 2, words: "the disk was full" });
    await apply("shaky", { spec: { backOffLimit: 5 } });
    await untilRelease("shaky", { version: 1, status: "deployed" });
    await untilRuns("shaky", 3);
    expect(runsOf("shaky").map(({ exitCode }) => exitCode)).toEqual([1, 1, 0]);
    expect(runsOf("shaky")[0]?.log).toBe("the disk was full\n");
  });

  test("it stalls, and goes on", async () => {
    cluster().runner.stall("slow");
    await apply("slow");
    await waitUntil("the pod runs", async () => (await chartPod("slow"))?.status.phase === "Running");
    // one that came later is done meanwhile
    await apply("overtaking");
    await untilRelease("overtaking", { version: 1, status: "deployed" });
    expect(runsOf("slow")).toEqual([]);
    expect(await release("slow")).toBeUndefined();
    cluster().runner.unstall("slow");
    await untilRelease("slow", { version: 1, status: "deployed" });
  });

  test("a stalled job goes when its HelmChart does", async () => {
    cluster().runner.stall("held");
    await apply("held");
    await waitUntil("the pod runs", async () => (await chartPod("held"))?.status.phase === "Running");
    await deleteChart("held");
    cluster().runner.unstall("held");
    await waitUntil("the HelmChart has gone", () => chartIsGone("held"));
  });
});

describe("failed releases", () => {
  test("a hook that fails fails the release; under abort nothing mends it, whatever the spec", async () => {
    await apply("hooked", { values: "{hooks: {preInstall: fail}}" });
    await untilJob("helm-install-hooked", "Failed");
    expect(await release("hooked")).toMatchObject({ version: 1, status: "failed" });
    expect(runsOf("hooked")[0]?.log).toMatch(/hook|Job.*[Ff]ailed/);
    await untilSaid("hooked", /waiting for operator intervention/);
    await apply("hooked", { values: "{hooks: {preInstall: ok}}" });
    const before = runsOf("hooked").length;
    await untilRuns("hooked", before + 1);
    await untilJob("helm-install-hooked", "Failed");
    expect(await release("hooked")).toMatchObject({ version: 1, status: "failed" });
  });

  test("a field that cannot change fails the upgrade and leaves the old pods", async () => {
    await apply("fixed");
    await untilRelease("fixed", { version: 1, status: "deployed" });
    await waitUntil("endpoints", async () => (await readyEndpoints("fixed")) === 1);
    await apply("fixed", { version: "2.0.0" });
    await untilJob("helm-install-fixed", "Failed");
    expect(await release("fixed")).toMatchObject({ version: 2, status: "failed" });
    expect(
      runsOf("fixed")
        .map(({ log }) => log)
        .join(""),
    ).toMatch(/field is immutable/);
    expect(await readyEndpoints("fixed")).toBe(1);
  });

  test("without the failed record Helm sees the last good one, and the next upgrade works", async () => {
    await mustRequest(cluster(), {
      method: "DELETE",
      path: `${collections.secrets(target)}/sh.helm.release.v1.fixed.v2`,
    });
    await apply("fixed", { version: "1.1.0" });
    await untilRelease("fixed", { version: 2, status: "deployed" });
  });

  test("reinstall uninstalls and installs", async () => {
    await apply("again", {
      values: "{hooks: {preInstall: fail}}",
      spec: { failurePolicy: "reinstall", backOffLimit: 1 },
    });
    await untilRelease("again", { version: 1, status: "failed" });
    await apply("again", { spec: { failurePolicy: "reinstall", backOffLimit: 3 } });
    await untilRelease("again", { version: 1, status: "deployed" });
    await untilSaid("again", /^\+ helm uninstall/m);
  });

  test("an upgrade killed in the middle leaves pending-upgrade, and the next run mends it", async () => {
    await apply("cut");
    await untilRelease("cut", { version: 1, status: "deployed" });
    cluster().runner.interruptNext("cut", { thenStall: true });
    await apply("cut", { version: "1.1.0" });
    await untilRelease("cut", { version: 2, status: "pending-upgrade" });
    await untilRuns("cut", 2);
    expect(runsOf("cut").at(-1)).toMatchObject({ exitCode: 137 });
    cluster().runner.unstall("cut");
    await waitUntil("mended", async () => {
      const newest = await release("cut");
      return newest !== undefined && newest.version > 2 && newest.status === "deployed";
    });
  });

  test("an installation killed in the middle leaves pending-install, which abort does not mend", async () => {
    cluster().runner.interruptNext("torn");
    await apply("torn");
    await untilJob("helm-install-torn", "Failed");
    expect(await release("torn")).toMatchObject({ version: 1, status: "failed" });
    expect(runsOf("torn")[0]?.exitCode).toBe(137);
    await untilSaid("torn", /waiting for operator intervention/);
    const secret = await mustRequest<{ data: { release: string } }>(cluster(), {
      method: "GET",
      path: `${collections.secrets(target)}/sh.helm.release.v1.torn.v1`,
    });
    expect(decodeRelease(secret.data.release)).toMatchObject({ name: "torn", info: { status: "failed" } });
  });

  test("an uninstall that fails is swallowed: the HelmChart goes, the release stays", async () => {
    await apply("sticky");
    await untilRelease("sticky", { version: 1, status: "deployed" });
    cluster().runner.failUninstall("sticky");
    await deleteChart("sticky");
    await waitUntil("the HelmChart has gone", () => chartIsGone("sticky"));
    expect(await release("sticky")).toMatchObject({ status: "deployed" });
    expect(runsOf("sticky").at(-1)).toMatchObject({ action: "delete", exitCode: 0 });
    cluster().runner.allowUninstall("sticky");
  });

  test("a revision that is not the expected one: the job succeeds and does nothing", async () => {
    await apply("moved");
    await untilRelease("moved", { version: 1, status: "deployed" });
    cluster().runner.stall("moved");
    await apply("moved", { version: "1.1.0" });
    await waitUntil("the pod runs", async () => {
      const pods = await list<Pod & { spec: { containers: { env: { name: string; value?: string }[] }[] } }>(
        cluster(),
        `${collections.pods(namespace)}?labelSelector=${encodeURIComponent("helmcharts.helm.cattle.io/chart=moved")}`,
      );
      return pods.some(
        ({ status, spec }) =>
          status.phase === "Running" &&
          spec.containers[0]?.env.some(({ name, value }) => name === "VERSION" && value === "1.1.0"),
      );
    });
    // somebody else makes revision 2 meanwhile
    const path = collections.secrets(target);
    const first = await mustRequest<{
      metadata: { labels: object };
      type: string;
      data: { release: string };
    }>(cluster(), {
      method: "GET",
      path: `${path}/sh.helm.release.v1.moved.v1`,
    });
    const record = decodeRelease(first.data.release) as { version: number };
    record.version = 2;
    await mustRequest(cluster(), {
      method: "POST",
      path,
      body: {
        metadata: { name: "sh.helm.release.v1.moved.v2", labels: { ...first.metadata.labels, version: "2" } },
        type: first.type,
        data: { release: encodeRelease(record) },
      },
    });
    cluster().runner.unstall("moved");
    await untilRuns("moved", 2);
    expect(runsOf("moved")[1]).toMatchObject({ exitCode: 0 });
    expect(runsOf("moved")[1]?.log).toMatch(/revision 2 does not match expected revision 1/);
  });

  test("an older controller's release has no hash", async () => {
    cluster().runner.labelHashes(false);
    await apply("old");
    await untilRelease("old", { version: 1, status: "deployed" });
    await cluster().pause("helm-controller");
    cluster().runner.labelHashes(true);
    expect((await release("old"))?.configHash).toBe("");
    await cluster().resume("helm-controller");
    // this one's controller wants a hash and runs the job again
    await waitUntil("a release with a hash", async () => (await release("old"))?.configHash !== "");
  });
});

describe("pods of a release", () => {
  const untilPod = (app: string, is: (pod: Pod) => boolean) =>
    waitUntil(`the pod of ${app}`, async () => {
      const pod = await podOf(app);
      return pod !== undefined && is(pod) ? pod : undefined;
    });

  test("crash, with exit code, last words and a log", async () => {
    await apply("crashing", { values: "{pod: crash, podMessage: no database}" });
    const pod = await untilPod("crashing", ({ status }) => (status.containerStatuses?.length ?? 0) > 0);
    expect(pod.status.containerStatuses).toMatchObject([
      {
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 1, message: "no database" } },
      },
    ]);
    const path = `${collections.pods(target)}/${pod.metadata.name}/log?previous=true`;
    expect(await cluster().request({ method: "GET", path })).toEqual({ status: 200, body: "no database\n" });
    expect(await readyEndpoints("crashing")).toBe(0);
  });

  test("wait for an image that is not there", async () => {
    await apply("imageless", { values: "{pod: image-pull, image: registry.example.com/none:1}" });
    const pod = await untilPod("imageless", ({ status }) => (status.containerStatuses?.length ?? 0) > 0);
    expect(pod.status).toMatchObject({
      phase: "Pending",
      containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: /none:1/ } } }].map(
        (one) => ({
          state: {
            waiting: {
              ...one.state.waiting,
              message: expect.stringMatching(one.state.waiting.message) as string,
            },
          },
        }),
      ),
    });
  });

  test("run and never get ready", async () => {
    await apply("unready", { values: "{pod: never-ready}" });
    const pod = await untilPod("unready", ({ status }) => status.phase === "Running");
    expect(pod.status.containerStatuses).toMatchObject([{ ready: false, state: { running: {} } }]);
    expect(pod.status.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "False" });
    expect(await readyEndpoints("unready")).toBe(0);
  });

  test("find no node", async () => {
    await apply("homeless", { values: "{nodeSelector: {disk: fast}}" });
    const pod = await untilPod("homeless", ({ status }) =>
      (status.conditions ?? []).some(({ type, status: now }) => type === "PodScheduled" && now === "False"),
    );
    expect(pod.status.conditions?.[0]?.message).toMatch(/didn't match Pod's node affinity\/selector/);
  });

  test("are ready behind a Service that selects nobody", async () => {
    await apply("unreachable", { values: "{reachable: false}" });
    await untilPod("unreachable", ({ status }) => status.containerStatuses?.[0]?.ready === true);
    expect(await readyEndpoints("unreachable")).toBe(0);
  });

  test("stay when they are deleted", async () => {
    await apply("clinging", { values: "{pod: hang-termination}" });
    const pod = await untilPod("clinging", ({ status }) => status.phase === "Running");
    const path = `${collections.pods(target)}/${pod.metadata.name}`;
    await mustRequest(cluster(), { method: "DELETE", path });
    await waitUntil("another pod", async () => {
      const pods = await list<Pod>(cluster(), `${collections.pods(target)}?labelSelector=app%3Dclinging`);
      return pods.length === 2 && pods.every(({ status }) => status.phase === "Running");
    });
    expect(
      (await mustRequest<Pod>(cluster(), { method: "GET", path })).metadata.deletionTimestamp,
    ).toBeDefined();
  });
});

import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { goTool, skipUnlessCi } from "../support/go-tool.ts";
import { ApiClient, type ApiAnswer, type ApiRequest } from "./api-client.ts";
import { markAuditLog, readAuditLog, type AuditEvent } from "./audit-log.ts";
import { startChartRunner, type ChartRunner } from "./chart-runner.ts";
import { packageCharts, startChartServer } from "./chart-server.ts";
import type { Component } from "./component.ts";
import { makeComponent, writeComponentFiles, type ComponentName } from "./components.ts";
import { readCrds, type CustomResourceDefinition } from "./crd-files.ts";
import { users, writeKubeconfig, writeTokenFile, type ExtraUser } from "./credentials.ts";
import { Janitor } from "./janitor.ts";
import { k3sObjects, nodeName, nodeObject, rightsOfComponents, type InitialObject } from "./k3s-objects.ts";
import { startKubelet } from "./kubelet.ts";
import { startLocalPath } from "./local-path.ts";
import { PodLogs } from "./pod-logs.ts";
import { freePorts } from "./ports.ts";

export type { AuditEvent } from "./audit-log.ts";
export type { ChartRun, ChartRunner } from "./chart-runner.ts";
export type { ComponentName } from "./components.ts";

/** A Kubernetes API server that is ours alone, and what belongs to it. */
export interface TestCluster {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** `http://127.0.0.1:PORT` of etcd's clients, behind the API server's back. */
  readonly etcdServer: string;
  /** A chart repository with every version of the charts under `test/charts` that name versions; "" without one. */
  readonly chartsUrl: string;
  /** What a test can do to chart jobs; throws in a cluster that runs none. */
  readonly runner: ChartRunner;
  /** A folder with one folder per volume: as long as it is there, the volume's data is. */
  readonly volumesDir: string;
  /** Of the admin; its context is called `test`. */
  readonly kubeconfigPath: string;
  /** The folder with everything the cluster writes; removed by `stop` unless it was given. */
  readonly dir: string;
  readonly auditLogPath: string;
  readonly nodeName: string;
  /** The path of a kubeconfig of a user every cluster has, or of one given at the start. */
  kubeconfigFor(user: string): Promise<string>;
  /** The path of a kubeconfig with a token of a ServiceAccount that exists. */
  kubeconfigForServiceAccount(ref: { readonly namespace: string; readonly name: string }): Promise<string>;
  /** A request as the admin, or as the user it names; any status is an answer. */
  request(options: ApiRequest): Promise<ApiAnswer>;
  /** A place in the audit log: after every request that has been answered. */
  auditMark(): Promise<number>;
  /** What was asked since a mark. */
  auditSince(mark: number, filter?: { readonly user?: string }): Promise<AuditEvent[]>;
  /** Ends a component in order; its port and data stay for `resume`. */
  pause(component: ComponentName): Promise<void>;
  resume(component: ComponentName): Promise<void>;
  restart(component: ComponentName): Promise<void>;
  /** The process ids of what runs now. */
  pids(): readonly number[];
  /** Ends every process and removes the folder. */
  stop(): Promise<void>;
}

/** Which processes: `api` has the API server only; `controllers` adds Kubernetes' own; `all` is the whole cluster. */
export type ComponentSet = "api" | "controllers" | "all";

export interface TestClusterOptions {
  readonly components?: ComponentSet;
  /** False: no audit log, which is a little faster. */
  readonly audit?: boolean;
  /** The port of the chart repository; a free one unless given. */
  readonly chartsPort?: number;
  /** Where to write; kept when the cluster stops. */
  readonly dir?: string;
  readonly users?: readonly ExtraUser[];
  /** The API server's AuthenticationConfiguration as YAML, in `authentication.yaml`: read again when it changes. */
  readonly authentication?: string;
}

const componentSets: Readonly<Record<ComponentSet, readonly ComponentName[]>> = {
  api: ["etcd", "kube-apiserver"],
  controllers: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
  all: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "helm-controller"],
};

const readyTimeoutMs = 120_000;
const pollMs = 50;

/** The way to a cluster, or the reason why there is none here; on a build server (`CI=true`) it throws instead. */
export async function clusterOrSkip(): Promise<
  { readonly skip: string } | { readonly start: typeof startTestCluster }
> {
  for (const name of ["control-plane", "kwok", "helm"] as const) {
    const tool = await goTool(name);
    if ("skip" in tool) return tool;
  }
  try {
    await readCrds();
  } catch (error) {
    return skipUnlessCi(`CRDs: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { start: startTestCluster };
}

/** Starts a cluster on free ports; it is ready for use when this returns. Call its `stop` in the end. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { components: set = "all", audit = true } = options;
  const [controlPlane, kwok] = await Promise.all([toolPath("control-plane"), toolPath("kwok")]);
  const crds = await readCrds();
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "woow-cluster-")));
  if (options.dir !== undefined) await mkdir(dir, { recursive: true });
  const janitor = await Janitor.start(controlPlane, options.dir === undefined ? [dir] : []);
  const components = new Map<ComponentName, Component>();
  try {
    const [etcd = 0, etcdPeer = 0, apiServer = 0, kubelet = 0, charts = 0] = await freePorts(5);
    const kubeconfigOf = (user: string) => join(dir, `${user}.kubeconfig`);
    const setting = {
      dir,
      controlPlane,
      kwok,
      janitor,
      audit,
      authentication: options.authentication,
      ports: { etcd, etcdPeer, apiServer, kubelet },
      kubeconfigOf,
    };
    await writeComponentFiles(setting);
    const tokens = await writeTokenFile(join(dir, "tokens.csv"), options.users ?? []);
    for (const name of componentSets[set]) components.set(name, makeComponent(name, setting));
    const startAll = (names: readonly ComponentName[]) =>
      Promise.all(names.map(async (name) => components.get(name)?.start()));

    await startAll(componentSets.api);
    const server = `https://127.0.0.1:${apiServer}`;
    const ca = await waitFor("the API server's certificate", {
      components,
      check: () => readFile(join(dir, "certs", "apiserver.crt"), "utf8").catch(() => undefined),
    });
    const client = new ApiClient({ server, ca, tokens });
    await Promise.all(
      [...tokens].map(([user, token]) => writeKubeconfig({ dir, name: user, server, ca, token })),
    );
    await waitFor("the API server", { components, check: () => isReady(client) });
    // rights first: kwok ends when it may not list nodes for a while
    await create(client, rightsOfComponents());
    // it writes its CRDs once and ends when somebody writes them at the same time
    const isLate = (name: ComponentName) => name === "helm-controller";
    const others = componentSets[set].filter((name) => !componentSets.api.includes(name));
    await Promise.all([
      startAll(others.filter((name) => !isLate(name))),
      prepare(client, { crds, node: set === "all" }),
    ]);
    await waitFor("the cluster", {
      components,
      check: () => isPrepared(client, { crds, node: set === "all" }),
    });
    await startAll(others.filter(isLate));

    const node =
      set === "all"
        ? await startNode({ dir, client, janitor, ports: { kubelet, charts: options.chartsPort ?? charts } })
        : undefined;
    return makeCluster({ dir, client, components, janitor, ca, node, etcd });
  } catch (error) {
    await stopAll(components, janitor);
    throw error;
  }
}

interface SimulatedNode {
  readonly chartsUrl: string;
  readonly runner: ChartRunner;
  stop(): Promise<void>;
}

/** What a node does beside what kwok plays: chart jobs, logs, volumes; and the chart repository. */
async function startNode(options: {
  readonly dir: string;
  readonly client: ApiClient;
  readonly janitor: Janitor;
  readonly ports: { readonly kubelet: number; readonly charts: number };
}): Promise<SimulatedNode> {
  const { dir, client, janitor, ports } = options;
  const helm = await toolPath("helm");
  const logs = new PodLogs();
  const charts = await startChartServer({ port: ports.charts, packages: await packageCharts(helm) });
  const certificate = await readFile(join(dir, "certs", "apiserver.crt"), "utf8");
  const key = await readFile(join(dir, "certs", "apiserver.key"), "utf8");
  const kubelet = await startKubelet({ port: ports.kubelet, certificate, key, client, logs });
  const runner = startChartRunner({ client, charts, helm, dir, janitor, logs });
  const volumes = startLocalPath({ client, dir: join(dir, "pv-data") });
  return {
    chartsUrl: charts.url,
    runner,
    async stop() {
      await Promise.all([runner.stop(), volumes.stop(), kubelet.stop(), charts.stop()]);
    },
  };
}

function makeCluster(parts: {
  readonly node: SimulatedNode | undefined;
  readonly etcd: number;
  readonly dir: string;
  readonly client: ApiClient;
  readonly components: ReadonlyMap<ComponentName, Component>;
  readonly janitor: Janitor;
  readonly ca: string;
}): TestCluster {
  const { dir, client, components, janitor, ca, node } = parts;
  const { server } = client;
  const auditLogPath = join(dir, "audit.log");
  const component = (name: ComponentName): Component => {
    const found = components.get(name);
    if (found === undefined) throw new Error(`this cluster has no ${name}`);
    return found;
  };
  const resume = async (name: ComponentName) => {
    await component(name).start();
    if (name === "kube-apiserver" || name === "etcd") {
      await waitFor(name, { components, check: () => isReady(client) });
    }
  };
  return {
    server,
    etcdServer: `http://127.0.0.1:${parts.etcd}`,
    kubeconfigPath: join(dir, "admin.kubeconfig"),
    dir,
    auditLogPath,
    nodeName,
    chartsUrl: node?.chartsUrl ?? "",
    volumesDir: join(dir, "pv-data"),
    get runner() {
      if (node === undefined) throw new Error('only a cluster with components: "all" runs charts');
      return node.runner;
    },
    async kubeconfigFor(user) {
      const path = join(dir, `${user}.kubeconfig`);
      await readFile(path).catch(() => {
        throw new Error(`the cluster has no user ${user}; it has ${Object.keys(users).join(", ")}`);
      });
      return path;
    },
    async kubeconfigForServiceAccount({ namespace, name }) {
      const { status } = await client.ask<{ status: { token: string } }>({
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
        body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } },
      });
      return writeKubeconfig({ dir, name: `sa-${namespace}-${name}`, server, ca, token: status.token });
    },
    request: (options) => client.request(options),
    auditMark: () => markAuditLog(auditLogPath, client),
    auditSince: (mark, filter = {}) => readAuditLog({ path: auditLogPath, client, mark, ...filter }),
    async pause(name) {
      await component(name).stop();
    },
    resume,
    async restart(name) {
      await component(name).stop();
      await resume(name);
    },
    pids: () =>
      [janitor.pid, ...[...components.values()].map((one) => one.pid)].filter((pid) => pid !== undefined),
    async stop() {
      await node?.stop();
      client.close();
      await stopAll(components, janitor);
    },
  };
}

async function stopAll(components: ReadonlyMap<ComponentName, Component>, janitor: Janitor): Promise<void> {
  // nothing they hold is worth a farewell
  await Promise.all([...components.values()].map((one) => one.stop({ orderly: false })));
  await janitor.finish();
}

async function prepare(
  client: ApiClient,
  { crds, node }: { readonly crds: readonly CustomResourceDefinition[]; readonly node: boolean },
): Promise<void> {
  const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await create(client, [
    ...k3sObjects(),
    ...(node ? [nodeObject()] : []),
    ...crds.map((object) => ({ collection, object })),
  ]);
}

async function create(client: ApiClient, objects: readonly InitialObject[]): Promise<void> {
  await Promise.all(
    objects.map(async ({ collection, object }) => {
      const post = () => client.request({ method: "POST", path: collection, body: object });
      let { status, body } = await post();
      // the API server is ready a moment before kube-system is there
      for (let tries = 0; status === 404 && tries < 100; tries += 1) {
        await sleep(pollMs);
        ({ status, body } = await post());
      }
      // the helm-controller makes its own CRDs and may have been first
      if (status >= 300 && status !== 409) throw new Error(`POST ${collection}: ${JSON.stringify(body)}`);
    }),
  );
}

async function isReady(client: ApiClient): Promise<true | undefined> {
  const answer = await client.request({ method: "GET", path: "/readyz" }).catch(() => undefined);
  return answer?.status === 200 ? true : undefined;
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function isPrepared(
  client: ApiClient,
  { crds, node }: { readonly crds: readonly CustomResourceDefinition[]; readonly node: boolean },
): Promise<true | undefined> {
  const holds = (object: Conditions, type: string) =>
    object.status?.conditions?.some((one) => one.type === type && one.status === "True") === true;
  const definitions = await client.ask<{ items: (CustomResourceDefinition & Conditions)[] }>({
    method: "GET",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  });
  const established = new Set(
    definitions.items.filter((one) => holds(one, "Established")).map((one) => one.metadata.name),
  );
  if (!crds.every((crd) => established.has(crd.metadata.name))) return undefined;
  // for a moment after that the server answers 429, storage is initializing
  const answers = await Promise.all(
    crds.map(({ spec: { group, versions, names } }) => {
      const version = versions.find(({ served }) => served)?.name;
      return client.request({ method: "GET", path: `/apis/${group}/${version}/${names.plural}?limit=1` });
    }),
  );
  if (answers.some(({ status }) => status !== 200)) return undefined;
  const system = await client.request({ method: "GET", path: "/api/v1/namespaces/kube-system" });
  if (system.status !== 200) return undefined;
  if (!node) return true;
  const { body } = await client.request({ method: "GET", path: `/api/v1/nodes/${nodeName}` });
  const live = body as Conditions & { readonly spec?: { readonly taints?: readonly unknown[] } };
  return holds(live, "Ready") && (live.spec?.taints ?? []).length === 0 ? true : undefined;
}

/** Polls until a value is there; a component that ended meanwhile is the reason to give up at once. */
async function waitFor<T>(
  what: string,
  options: {
    readonly components: ReadonlyMap<ComponentName, Component>;
    readonly check: () => Promise<T | undefined>;
  },
): Promise<T> {
  for (let waited = 0; ; waited += pollMs) {
    const value = await options.check();
    if (value !== undefined) return value;
    for (const one of options.components.values()) {
      const ended = one.ended;
      if (ended) throw new Error(`${what} did not start: ${one.name} ended: ${await one.lastWords()}`);
      if (waited > readyTimeoutMs) {
        throw new Error(`${what} is not ready in ${readyTimeoutMs / 1000} s: ${await one.lastWords()}`);
      }
    }
    await sleep(pollMs);
  }
}

async function toolPath(name: "control-plane" | "kwok" | "helm"): Promise<string> {
  const tool = await goTool(name);
  if ("skip" in tool) throw new Error(tool.skip);
  return tool.path;
}

import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, Watch } from "./api-client.ts";
import { runChartJob } from "./chart-job.ts";
import { MountError, mountVolumes, type ChartPod } from "./chart-pod.ts";
import type { ChartServer } from "./chart-server.ts";
import { HelmProcess } from "./helm-process.ts";
import { setReleaseStatus } from "./helm-release.ts";
import type { Janitor } from "./janitor.ts";
import { chartLabel } from "./node-stages.ts";
import type { PodLogs } from "./pod-logs.ts";
import { PodWriter } from "./pod-writer.ts";

/** One container of a chart job that has ended. */
export interface ChartRun {
  /** The HelmChart's name. */
  readonly chart: string;
  readonly action: "install" | "delete";
  readonly exitCode: number;
  readonly log: string;
}

/** What a test can do to the jobs that run charts; a chart is named by its HelmChart's name. */
export interface ChartRunner {
  /** Every container that has ended, in order. */
  readonly runs: readonly ChartRun[];
  /** From now on this chart's jobs do nothing and do not end. */
  stall(chart: string): void;
  /** Undoes `stall`: jobs that wait go on. */
  unstall(chart: string): void;
  /** The next containers of this chart's jobs end with an error before they do anything. */
  failNext(chart: string, options?: { readonly times?: number; readonly words?: string }): void;
  /**
   * The next install or upgrade of this chart is killed as soon as helm has written its record, so that the release
   * stays pending; with `thenStall` nothing comes after to mend it.
   */
  interruptNext(chart: string, options?: { readonly thenStall?: boolean }): void;
  /** From now on uninstalling this chart fails; the job succeeds all the same, as K3s' does. */
  failUninstall(chart: string): void;
  /** Undoes `failUninstall`. */
  allowUninstall(chart: string): void;
  /** False: releases get no configHash label, as those of helm-controllers before 0.17. */
  labelHashes(on: boolean): void;
  /** The chart repository refuses connections until `chartsUp`. */
  chartsDown(): Promise<void>;
  chartsUp(): Promise<void>;
  /** Paths asked of the chart repository, in order. */
  readonly chartRequests: readonly string[];
}

/** What the chart runner needs. */
export interface ChartRunnerOptions {
  readonly client: ApiClient;
  readonly charts: ChartServer;
  readonly helm: string;
  readonly dir: string;
  readonly janitor: Janitor;
  readonly logs: PodLogs;
  /** The pause after a container's first failure; it doubles up to `longestBackOffMs`. */
  readonly backOffMs?: number;
  readonly longestBackOffMs?: number;
}

/** A chart runner that can be stopped. */
export interface RunningChartRunner extends ChartRunner {
  stop(): Promise<void>;
}

const atOnce = 2;
const pollMs = 50;
/** A kubelet gives 30 s; helm ignores the signal and goes on for that long. */
const graceMs = 5_000;

/** Plays the kubelet and the image of the pods that run charts, until stopped. */
export function startChartRunner(options: ChartRunnerOptions): RunningChartRunner {
  return new Runner(options);
}

interface Job {
  pod: ChartPod;
  gone: boolean;
  readonly stopped: AbortController;
}

class Runner implements RunningChartRunner {
  readonly runs: ChartRun[] = [];
  readonly #options: ChartRunnerOptions;
  readonly #writer: PodWriter;
  readonly #watch: Watch;
  readonly #jobs = new Map<string, Job>();
  readonly #work = new Set<Promise<void>>();
  readonly #stalled = new Set<string>();
  readonly #failing = new Map<string, { times: number; words: string }>();
  readonly #interrupting = new Map<string, { thenStall: boolean }>();
  readonly #stuck = new Set<string>();
  #labelsHash = true;
  #stopping = false;
  #busy = 0;

  constructor(options: ChartRunnerOptions) {
    this.#options = options;
    this.#writer = new PodWriter(options.client);
    this.#watch = options.client.follow<ChartPod>({
      path: `/api/v1/pods?labelSelector=${encodeURIComponent(chartLabel)}`,
      user: "runner",
      onObject: (pod) => this.#see(pod),
      onGone: (pod) => this.#lose(pod),
    });
  }

  get chartRequests(): readonly string[] {
    return this.#options.charts.requests;
  }

  stall(chart: string): void {
    this.#stalled.add(chart);
  }

  unstall(chart: string): void {
    this.#stalled.delete(chart);
  }

  failNext(
    chart: string,
    { times = 1, words = "the node failed" }: { readonly times?: number; readonly words?: string } = {},
  ): void {
    this.#failing.set(chart, { times, words });
  }

  interruptNext(chart: string, { thenStall = false }: { readonly thenStall?: boolean } = {}): void {
    this.#interrupting.set(chart, { thenStall });
  }

  failUninstall(chart: string): void {
    this.#stuck.add(chart);
  }

  allowUninstall(chart: string): void {
    this.#stuck.delete(chart);
  }

  labelHashes(on: boolean): void {
    this.#labelsHash = on;
  }

  chartsDown(): Promise<void> {
    return this.#options.charts.down();
  }

  chartsUp(): Promise<void> {
    return this.#options.charts.up();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#watch.stop();
    for (const job of this.#jobs.values()) job.stopped.abort();
    await Promise.all(this.#work);
  }

  #see(pod: ChartPod): void {
    const job = this.#jobs.get(pod.metadata.uid);
    if (job !== undefined) {
      job.pod = pod;
      return;
    }
    if (this.#stopping) return;
    if (pod.metadata.deletionTimestamp !== undefined) return void this.#writer.remove(pod);
    if (pod.spec.nodeName === undefined || pod.status?.phase !== "Pending") return;
    const started: Job = { pod, gone: false, stopped: new AbortController() };
    this.#jobs.set(pod.metadata.uid, started);
    const work = this.#run(started).catch((error: unknown) => {
      if (!this.#stopping && !started.gone) console.error(`chart runner: ${String(error)}`);
    });
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  #lose(pod: ChartPod): void {
    const job = this.#jobs.get(pod.metadata.uid);
    if (job === undefined) return;
    job.gone = true;
    job.stopped.abort();
    this.#jobs.delete(pod.metadata.uid);
  }

  /** The life of one pod. */
  async #run(job: Job): Promise<void> {
    const root = join(this.#options.dir, "chart-jobs", job.pod.metadata.uid);
    try {
      if (!(await this.#mount(job, root))) return;
      const { backOffMs = 200, longestBackOffMs = 1_000 } = this.#options;
      for (let restarts = 0; this.#wanted(job); restarts++) {
        const startedAt = new Date();
        await this.#writer.running(job.pod, { restarts, startedAt });
        const { exitCode, message } = await this.#runContainer(job, root);
        if (this.#stopping || job.gone) return;
        const ended = { restarts, startedAt, exitCode, message };
        if (exitCode === 0) return await this.#writer.succeeded(job.pod, ended);
        await this.#writer.failed(job.pod, ended);
        await this.#pause(job, Math.min(longestBackOffMs, backOffMs * 2 ** restarts));
      }
    } finally {
      await rm(root, { recursive: true, force: true });
      if (job.pod.metadata.deletionTimestamp !== undefined && !job.gone) await this.#writer.remove(job.pod);
    }
  }

  #wanted(job: Job): boolean {
    return !this.#stopping && !job.gone && job.pod.metadata.deletionTimestamp === undefined;
  }

  /** Mounts the volumes as soon as it can be done; false when the pod goes before. */
  async #mount(job: Job, root: string): Promise<boolean> {
    let said = "";
    while (this.#wanted(job)) {
      try {
        await mountVolumes(job.pod, { root, client: this.#options.client });
        await mkdir(join(root, "tmp"), { recursive: true });
        return true;
      } catch (error) {
        if (!(error instanceof MountError)) throw error;
        if (error.message !== said) await this.#writer.cannotMount(job.pod, error.message);
        said = error.message;
        await this.#pause(job, 500);
      }
    }
    return false;
  }

  async #runContainer(job: Job, root: string): Promise<{ exitCode: number; message: string }> {
    const { pod } = job;
    const container = pod.spec.containers[0];
    if (container === undefined) throw new Error("a chart job without a container");
    const chart = pod.metadata.labels?.[chartLabel] ?? "";
    const args = container.args ?? [];
    const action = args[0] === "delete" ? "delete" : "install";
    const log = this.#options.logs.open(pod);
    const notes: string[] = [];
    const done = (exitCode: number) => {
      log.close();
      this.runs.push({ chart, action, exitCode, log: log.text() });
      return { exitCode, message: notes.map((line) => `${line}\n`).join("") };
    };

    while (this.#stalled.has(chart) && this.#wanted(job)) await this.#pause(job, pollMs);
    while (this.#busy >= atOnce && this.#wanted(job)) await this.#pause(job, pollMs);
    if (!this.#wanted(job)) return done(143);
    const failing = this.#failing.get(chart);
    if (failing !== undefined && failing.times > 0) {
      failing.times--;
      log.line(failing.words);
      return done(1);
    }

    this.#busy++;
    const env = Object.fromEntries((container.env ?? []).map(({ name, value = "" }) => [name, value]));
    const { client, helm, janitor, dir } = this.#options;
    const token = await this.#writer.tokenOf(pod);
    const process = await HelmProcess.prepare({
      helm,
      root,
      server: client.server,
      certificate: readFileSync(join(dir, "certs", "apiserver.crt"), "utf8"),
      key: readFileSync(join(dir, "certs", "apiserver.key"), "utf8"),
      token,
      driver: env["HELM_DRIVER"] ?? "secret",
      janitor,
      say: (line) => log.line(line),
    });
    const killed = setInterval(() => {
      const since = job.pod.metadata.deletionTimestamp;
      if (job.gone || this.#stopping || (since !== undefined && Date.now() - Date.parse(since) > graceMs)) {
        process.kill();
      }
    }, pollMs);
    try {
      if (action === "install") this.#armInterruption(chart, process);
      const exitCode = await runChartJob({
        args,
        env,
        root,
        labelsHash: this.#labelsHash,
        say: (line) => log.line(line),
        note: (line) => notes.push(line),
        helm: async (words, more) => {
          if (words[0] !== "uninstall" || !this.#stuck.has(chart)) return process.run(words, more);
          log.line(`Error: failed to delete release: ${chart}`);
          return { exitCode: 1, stdout: "" };
        },
        setStatus: (status) =>
          setReleaseStatus(client, {
            namespace: env["TARGET_NAMESPACE"] ?? "",
            name: env["NAME"] ?? "",
            status,
            token,
          }),
      });
      return done(process.killed ? 137 : exitCode);
    } finally {
      this.#busy--;
      clearInterval(killed);
    }
  }

  #armInterruption(chart: string, process: HelmProcess): void {
    const interruption = this.#interrupting.get(chart);
    if (interruption === undefined) return;
    process.onRecorded = () => {
      this.#interrupting.delete(chart);
      if (interruption.thenStall) this.#stalled.add(chart);
      process.kill();
    };
  }

  async #pause(job: Job, ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: job.stopped.signal }).catch(() => undefined);
  }
}

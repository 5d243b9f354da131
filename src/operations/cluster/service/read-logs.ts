import { chartJobRef, listJobPods } from "../../../apply/chart-job.ts";
import { emitEvents } from "../../../apply/emit-events.ts";
import type { ClusterClient, LogQuery } from "../../../cluster/cluster-client.ts";
import { resourceTypes } from "../../../cluster/resource-types.ts";
import { OperationError } from "../../../errors.ts";
import { podsOf } from "../../../status/assess-workloads.ts";
import { reducePod, reduceWorkload, releaseOf } from "../../../status/reduce-workload.ts";
import type { ServiceFacts } from "../../../status/service-facts.ts";
import type { PodFacts } from "../../../status/service-observation.ts";
import type { ClusterDeps } from "../cluster-deps.ts";
import { openService } from "./open-service.ts";
import type { ServiceQuery } from "./open-service.ts";

export interface LogOptions extends ServiceQuery {
  /** The chart job's log instead of the app's. */
  readonly job: boolean;
  readonly follow: boolean;
  /** Lines of each container; undefined: all. */
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  /** Undefined: every container but the ones that only prepare a pod. */
  readonly container: string | undefined;
  /** Of the container that ran before the last restart. */
  readonly previous: boolean;
}

/** One line of one container. */
export interface LogLine {
  readonly pod: string;
  readonly container: string;
  readonly text: string;
  /** True when lines of more than one container are shown. */
  readonly isOneOfSeveral: boolean;
}

interface Source {
  readonly pod: string;
  readonly container: string;
  readonly query: LogQuery;
}

const newPodsMs = 3000;

/**
 * The logs of a service's pods, or of the job that runs its chart, container by container; followed ones as they come,
 * with those of pods that come later. Ends when the signal aborts.
 * Errors: `not-found` when there is no pod or container of that name; those of openService and ClusterClient.
 */
export async function* readLogs(deps: ClusterDeps, options: LogOptions): AsyncGenerator<LogLine> {
  const { facts, client } = await openService(deps, options);
  const sources = await listSources(client, facts, options);
  if (sources.length === 0) throw nothingToRead(facts, options);
  if (options.follow) {
    yield* follow(deps, { client, facts, options, sources });
    return;
  }
  for (const { pod, container, query } of sources) {
    const text = (await client.readLog(query)) ?? "";
    for (const line of splitLines(text)) {
      yield { pod, container, text: line, isOneOfSeveral: sources.length > 1 };
    }
  }
}

async function* follow(
  { clock, signal }: ClusterDeps,
  {
    client,
    facts,
    options,
    sources,
  }: {
    readonly client: ClusterClient;
    readonly facts: ServiceFacts;
    readonly options: LogOptions;
    readonly sources: readonly Source[];
  },
): AsyncGenerator<LogLine> {
  const known = new Set<string>();
  yield* emitEvents<LogLine, void>(async (emit) => {
    const streams: Promise<void>[] = [];
    const start = (source: Source) => {
      const { pod, container, query } = source;
      known.add(`${pod}/${container}`);
      const tell = (text: string) => emit({ pod, container, text, isOneOfSeveral: known.size > 1 });
      streams.push(followOne(client, { query, signal, tell }));
    };
    sources.forEach(start);
    while (!signal.aborted) {
      await clock.sleep(newPodsMs, signal);
      const now = await listSources(client, facts, options).catch(() => []);
      now.filter(({ pod, container }) => !known.has(`${pod}/${container}`)).forEach(start);
    }
    await Promise.allSettled(streams);
  });
}

/** A stream that breaks (its pod went, its node does not answer) ends; the others go on. */
async function followOne(
  client: ClusterClient,
  {
    query,
    signal,
    tell,
  }: { readonly query: LogQuery; readonly signal: AbortSignal; readonly tell: (line: string) => void },
): Promise<void> {
  let rest = "";
  try {
    for await (const piece of client.followLog(query, signal)) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(tell);
    }
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    if (!signal.aborted) tell(`(the log cannot be followed any more: ${error.message})`);
  }
  if (rest !== "") tell(rest);
}

async function listSources(
  client: ClusterClient,
  facts: ServiceFacts,
  options: LogOptions,
): Promise<readonly Source[]> {
  const pods = options.job ? await jobPods(client, facts) : await servicePods(client, facts);
  const { tailLines, sinceSeconds, previous, container: wanted } = options;
  return [...pods].sort(byAge).flatMap((pod) =>
    pod.containers
      .filter(({ name, isInit }) => (wanted === undefined ? !isInit : name === wanted))
      .filter(({ lastTerminated }) => !previous || lastTerminated !== undefined)
      .map(({ name }) => ({
        pod: pod.ref.name,
        container: name,
        query: {
          namespace: pod.ref.namespace ?? "",
          pod: pod.ref.name,
          container: name,
          previous,
          ...(tailLines === undefined ? {} : { tailLines }),
          ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
        },
      })),
  );
}

async function jobPods(client: ClusterClient, { releaseName }: ServiceFacts): Promise<readonly PodFacts[]> {
  const jobs = [chartJobRef("install", releaseName), chartJobRef("delete", releaseName)];
  const pods = await Promise.all(jobs.map(async ({ name }) => listJobPods(client, name)));
  return pods.flat().map(reducePod);
}

async function servicePods(
  client: ClusterClient,
  { namespace, releaseName }: ServiceFacts,
): Promise<readonly PodFacts[]> {
  const { Pod, Deployment, StatefulSet, DaemonSet } = resourceTypes;
  const [pods, ...workloads] = await Promise.all(
    [Pod, Deployment, StatefulSet, DaemonSet].map(
      async (type) => (await client.list({ type, namespace })).items,
    ),
  );
  const key = `${namespace}/${releaseName}`;
  const details = { pods: new Map([[namespace, (pods ?? []).map(reducePod)]]) };
  const own = workloads.flat().filter((object) => releaseOf(object) === key);
  return own.flatMap((object) => podsOf(reduceWorkload(object), details));
}

function nothingToRead(facts: ServiceFacts, { job, container, previous }: LogOptions): OperationError {
  const whose = job ? `the chart job of ${facts.unit}` : facts.unit;
  const what =
    container !== undefined
      ? `${whose} has no container ${container}`
      : previous
        ? `no container of ${whose} was restarted`
        : `${whose} has no pod`;
  return new OperationError("not-found", what, {
    subject: facts.unit,
    hint: job
      ? "K3s keeps the job's pod only until its last attempt has failed; woow revisions shows what was noted"
      : `woow status -s ${facts.unit} says why; --job shows the log of the job that runs its chart`,
  });
}

function splitLines(text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function byAge(a: PodFacts, b: PodFacts): number {
  return a.createdMs - b.createdMs || (a.ref.name < b.ref.name ? -1 : 1);
}

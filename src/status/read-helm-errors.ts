import type { ClusterClient } from "../cluster/cluster-client.ts";
import { OperationError } from "../errors.ts";
import { podsOfJob } from "./assess-job.ts";
import { explainHelm } from "./explain-helm.ts";
import { textAt } from "./read-fields.ts";
import { decodeRelease } from "./release-content.ts";
import type { JobFacts, PodFacts, ReleaseFacts, ServiceDetails } from "./service-observation.ts";

/** Where Helm's words about one service may stand. */
export interface HelmTrouble {
  readonly release: string;
  /** The newest record, when it is failed. */
  readonly failed: ReleaseFacts | undefined;
  /** The install job, when it fails or failed. */
  readonly job: JobFacts | undefined;
}

/** Words already read, by the record or the attempt they belong to; those never change. */
export type HelmErrorCache = Map<string, string>;

/** At most so many services' words are read in one go: after that many failures their cause is a common one. */
const maxReads = 20;
const tailLines = 60;

/**
 * What Helm said of each service in trouble, by release: the failed record's description, else the chart job's last
 * words. May hold values: only explainHelm may look at it.
 */
export async function readHelmErrors(
  client: ClusterClient,
  troubles: readonly HelmTrouble[],
  { details, cache }: { readonly details: ServiceDetails; readonly cache: HelmErrorCache },
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  await Promise.all(
    troubles.slice(0, maxReads).map(async ({ release, failed, job }) => {
      const described =
        failed === undefined
          ? undefined
          : await cached(cache, failed.uid, async () => readDescription(client, failed));
      // under `abort` later attempts say only that there is a failed release
      const text =
        described ?? (job === undefined ? undefined : await readJob(client, job, { details, cache }));
      if (text !== undefined) found.set(release, text);
    }),
  );
  return found;
}

async function cached(
  cache: HelmErrorCache,
  key: string,
  read: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const text = await read();
  if (text !== undefined) cache.set(key, text);
  return text;
}

/** Helm keeps why it failed in the record: `Upgrade "x" failed: ...`. */
async function readDescription(client: ClusterClient, { ref }: ReleaseFacts): Promise<string | undefined> {
  const secret = await orUnreadable(client.get(ref));
  const data = textAt(secret, "data.release");
  return data === undefined ? undefined : textAt(decodeRelease(data), "info.description");
}

/** The newest words of a job. Its pod and their log go when it is tried no more, so what was read before still counts. */
async function readJob(
  client: ClusterClient,
  job: JobFacts,
  { details, cache }: { readonly details: ServiceDetails; readonly cache: HelmErrorCache },
): Promise<string | undefined> {
  const words = await readJobWords(client, podsOfJob(job, details), cache);
  const kept = cache.get(job.uid);
  if (words === undefined || (kept !== undefined && explainHelm(words, undefined) === undefined)) return kept;
  cache.set(job.uid, words);
  return words;
}

async function readJobWords(
  client: ClusterClient,
  pods: readonly PodFacts[],
  cache: HelmErrorCache,
): Promise<string | undefined> {
  const pod = [...pods].sort((a, b) => b.createdMs - a.createdMs)[0];
  const container = pod?.containers.find(({ isInit }) => !isInit);
  if (pod === undefined || container === undefined) return undefined;
  const { restarts, terminated, lastTerminated, name } = container;
  if (terminated === undefined && lastTerminated === undefined) return undefined;
  return cached(cache, `${pod.uid}/${restarts}/${terminated === undefined}`, async () => {
    const log = await orUnreadable(
      client.readLog({
        namespace: pod.ref.namespace ?? "",
        pod: pod.ref.name,
        container: name,
        tailLines,
        // what runs again has not failed yet
        previous: terminated === undefined,
      }),
    );
    return [terminated?.message ?? lastTerminated?.message, log]
      .filter((one) => one !== undefined)
      .join("\n");
  });
}

/** A cause we may not read, or whose node does not answer, is left out. */
async function orUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof OperationError && error.code !== "cancelled") return undefined;
    throw error;
  }
}

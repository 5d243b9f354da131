import type { LogQuery } from "../../cluster/cluster-client.ts";
import { withQuery } from "./api-path.ts";
import type { ClientParts } from "./kubernetes-client.ts";
import { textOf } from "./read-lines.ts";
import { isPassing } from "./retry.ts";
import type { Refuse } from "./watch.ts";

/** A quiet program is no broken connection. */
const idleTimeoutMs = 24 * 3600 * 1000;

/** Where the API server has a container's log. */
export function logPath(query: LogQuery, follow = false): string {
  const { namespace, pod, container, tailLines, previous, sinceSeconds, timestamps } = query;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  const flags = { follow: follow || undefined, previous: previous || undefined };
  return withQuery(path, {
    container,
    tailLines,
    sinceSeconds,
    timestamps: timestamps || undefined,
    ...flags,
  });
}

/** A running log until the container, the connection or the signal ends. Nothing when there is no log yet. */
export async function* followPodLog(
  { sender }: ClientParts,
  query: LogQuery,
  { signal, refuse }: { readonly signal: AbortSignal; readonly refuse: Refuse },
): AsyncGenerator<string> {
  const label = `the log of Pod ${query.namespace}/${query.pod}`;
  try {
    const request = { method: "GET" as const, path: logPath(query, true), accept: "*/*", signal };
    const response = await sender.open(request, idleTimeoutMs);
    if ("reason" in response) {
      if (response.status === 404 || response.status === 400) return;
      throw refuse(response, { doing: `read ${label}`, subject: label });
    }
    for await (const piece of textOf(response)) yield piece as string;
  } catch (error) {
    if (signal.aborted || isPassing(error)) return;
    throw error;
  }
}

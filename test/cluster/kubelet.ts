import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient, ApiObject } from "./api-client.ts";
import { podAnnotation } from "./node-stages.ts";
import type { ContainerLog, PodLogs } from "./pod-logs.ts";

/** The part of a kubelet that answers `kubectl logs`. */
export interface Kubelet {
  stop(): Promise<void>;
}

const pollMs = 100;
const logAnnotation = "test.woow/log";
const defaultWords = "the program gave up";

/**
 * Serves the logs of the node's pods: those of chart jobs as the chart runner wrote them, those of other pods as their
 * annotation `test.woow/log` says.
 */
export async function startKubelet(options: {
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly client: ApiClient;
  readonly logs: PodLogs;
}): Promise<Kubelet> {
  const { port, certificate, key } = options;
  const stopping = new AbortController();
  const server = createServer({ cert: certificate, key }, (request, response) => {
    answer(request, response, { ...options, signal: stopping.signal }).catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    async stop() {
      stopping.abort();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: { readonly client: ApiClient; readonly logs: PodLogs; readonly signal: AbortSignal },
): Promise<void> {
  const url = new URL(request.url ?? "/", "https://kubelet");
  const [, kind, namespace = "", name = "", container = ""] = url.pathname.split("/");
  if (kind !== "containerLogs") return void response.writeHead(404).end();
  const { status, body } = await options.client.request({
    method: "GET",
    path: `/api/v1/namespaces/${namespace}/pods/${name}`,
    user: "runner",
  });
  const previous = url.searchParams.get("previous") === "true";
  const pod = status === 200 ? (body as ApiObject) : undefined;
  const log = pod && (options.logs.find(pod.metadata.uid, { previous }) ?? simulatedLog(pod, previous));
  if (log === undefined) {
    const what = previous ? `previous terminated container "${container}"` : `container "${container}"`;
    return void response.writeHead(400).end(`${what} in pod "${name}" not found`);
  }
  response.writeHead(200, { "content-type": "text/plain" });
  const follow = url.searchParams.get("follow") === "true";
  await send(response, { log, follow, tail: url.searchParams.get("tailLines"), signal: options.signal });
}

async function send(
  response: ServerResponse,
  options: {
    readonly log: Pick<ContainerLog, "text" | "closed">;
    readonly follow: boolean;
    readonly tail: string | null;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { log, follow, tail, signal } = options;
  const all = log.text();
  let sent = all.length;
  response.write(tail === null ? all : lastLines(all, Number(tail)));
  while (follow && !log.closed && !signal.aborted && !response.destroyed) {
    await sleep(pollMs);
    const text = log.text();
    if (text.length > sent) response.write(text.slice(sent));
    sent = text.length;
  }
  response.end();
}

function lastLines(text: string, count: number): string {
  const lines = text.split(/(?<=\n)/);
  return lines.slice(Math.max(0, lines.length - count)).join("");
}

function simulatedLog(pod: ApiObject, previous: boolean): Pick<ContainerLog, "text" | "closed"> | undefined {
  const annotations = pod.metadata.annotations ?? {};
  const crashes = annotations[podAnnotation] === "crash";
  if (previous && !crashes) return undefined;
  const words = crashes ? (annotations["test.woow/message"] ?? defaultWords) : "started";
  const text = annotations[logAnnotation] ?? words;
  return { text: () => `${text}\n`, closed: crashes };
}

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { OperationError } from "../errors.ts";

/** What the server answers from. */
export interface ServerParts {
  /** Why it is not ready; empty when it is. */
  readonly whyNotReady: () => readonly string[];
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** Somebody asks for a pass now. */
  readonly trigger: () => void;
}

/** A server that answers probes and Prometheus. */
export interface ReconcileServer {
  /** `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Where `--listen` points. Errors: `usage`. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new OperationError("usage", `--listen ${text} is not an address and a port`, {
      subject: "--listen",
      hint: "write it as 127.0.0.1:9464",
    });
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

/**
 * Serves /healthz (the process lives), /readyz (it does its work), /metrics, and from this machine alone POST /trigger.
 * Errors: `usage` when the address cannot be listened on.
 */
export async function startReconcileServer(listen: string, parts: ServerParts): Promise<ReconcileServer> {
  const { host, port } = parseListen(listen);
  const server = createServer((request, response) => {
    request.resume();
    answer(request, parts).then(
      (done) => send(response, done),
      () => send(response, { status: 500, text: "internal error\n" }),
    );
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new OperationError("usage", `cannot listen on ${listen}: ${error.code ?? error.message}`, {
          subject: "--listen",
          hint: "another process may listen there; give another port",
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${shown}:${bound.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function answer(request: IncomingMessage, parts: ServerParts): Promise<Answer> {
  const path = (request.url ?? "").split("?", 1)[0];
  if (path === "/trigger") return answerTrigger(request, parts);
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, text: "use GET\n", headers: { allow: "GET, HEAD" } };
  switch (path) {
    case "/healthz":
      return { status: 200, text: "ok\n" };
    case "/readyz": {
      const why = parts.whyNotReady();
      return why.length === 0 ? { status: 200, text: "ok\n" } : { status: 503, text: `${why.join("\n")}\n` };
    }
    case "/metrics": {
      const { contentType } = parts.metrics;
      return { status: 200, text: await parts.metrics.render(), headers: { "content-type": contentType } };
    }
    default:
      return { status: 404, text: "there are /healthz, /readyz and /metrics\n" };
  }
}

function answerTrigger({ method, headers, socket }: IncomingMessage, { trigger }: ServerParts): Answer {
  if (method !== "POST") return { status: 405, text: "use POST\n", headers: { allow: "POST" } };
  // a page in a browser of this machine may post as well, but not without saying where it comes from
  if (!isLoopback(socket.remoteAddress) || headers.origin !== undefined)
    return { status: 403, text: "only from this machine\n" };
  trigger();
  return { status: 202, text: "a pass is made now\n" };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function send(response: ServerResponse, { status, text, headers = {} }: Answer): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });
  response.end(text);
}

function isLoopback(address: string | undefined): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address ?? "");
}

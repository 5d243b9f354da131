import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectCluster } from "../../../src/edges/kubernetes/connect.ts";
import type { ConnectOptions } from "../../../src/edges/kubernetes/connect.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the server does with a request: an answer, or one of the ways of not giving one. */
export type Step =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks before an answer. */
  | "reset"
  /** It breaks in the middle of one. */
  | "cut"
  /** Nothing ever comes. */
  | "hang"
  | ((response: ServerResponse) => void);

/** A server that follows a script. */
export interface ScriptedServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  stop(): Promise<void>;
}

/** `script` gives the step for the n-th request, from 0. */
export async function startScriptedServer(
  script: (request: SeenRequest, number: number) => Step,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://server");
      const { method = "", headers } = request;
      const one = { method, path: url.pathname, query: url.searchParams, headers, body };
      seen.push(one);
      const step = script(one, seen.length - 1);
      if (step === "reset") request.socket.destroy();
      else if (step === "cut") {
        response.writeHead(200, { "content-length": "1000" });
        response.write('{"half":');
        setImmediate(() => request.socket.destroy());
      } else if (typeof step === "function") step(response);
      else if (step !== "hang") {
        response.writeHead(step.status, step.headers);
        response.end(typeof step.body === "string" ? step.body : JSON.stringify(step.body ?? {}));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Writes a kubeconfig with one context, `test`, and gives its path. */
export function writeKubeconfig(
  folder: string,
  {
    server,
    user = { token: "made-up-token" },
    cluster = {},
  }: { server: string; user?: object; cluster?: object },
): string {
  const path = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "test", context: { cluster: "c", user: "u" } }],
    "current-context": "test",
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** A client of that kubeconfig whose waits take no time; they are written down. */
export async function connectTo(kubeconfig: string, rest: Partial<ConnectOptions> = {}) {
  const slept: number[] = [];
  let now = 0;
  const client = await connectCluster({
    kubeconfig,
    environment: {},
    signal: new AbortController().signal,
    random: () => 1,
    clock: {
      nowMs: () => now,
      monotonicMs: () => now,
      async sleep(ms) {
        slept.push(ms);
        now += ms;
      },
    },
    ...rest,
  });
  return { client, slept };
}

/** A Status object as the API server answers it. */
export function statusBody(
  code: number,
  reason: string,
  rest: { readonly message?: string; readonly causes?: readonly object[] } = {},
) {
  const { message = reason, causes = [] } = rest;
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details: { causes } },
  };
}
